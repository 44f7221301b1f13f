import { holdsBytes, type IndexRecord } from '../../../protocols/captureLog/frame.ts'
import type { Part } from './partFile.ts'
import { openPartReader, type PartReader } from './partReader.ts'

/** A stretch of one direction at one time, or a mark. Offsets are of the session. */
export interface SessionPiece {
  readonly kind: Exclude<IndexRecord['kind'], 'end' | 'watts'>
  readonly offset: number
  readonly atMs: number
  readonly bytes: Uint8Array
  readonly droppedBytes: number
}

export interface ReadFrom {
  /** Of the session; earlier files may be gone. */
  readonly offset?: number
  readonly fromMs?: number
  /** Not that moment itself. */
  readonly untilMs?: number
}

const recordsAtOnce = 1024
const bytesAtOnce = 1024 * 1024
const pieceBytes = 64 * 1024

/** One session in order, a little at a time. Parts that are deleted meanwhile end it with `input/not-found`. */
export async function* readSession(parts: readonly Part[], from: ReadFrom, signal: AbortSignal): AsyncGenerator<SessionPiece, void, void> {
  const { offset = 0, fromMs, untilMs = Infinity } = from
  for (const part of parts) {
    const { startOffset } = part.header
    // A mark at the very end of a part stands where the next one begins, so only what ends before is passed over.
    if (startOffset + part.rawBytes < offset || (fromMs !== undefined && part.isClosed && part.lastAtMs < fromMs)) continue
    const reader = await openPartReader(part.base)
    try {
      const first = Math.max(fromMs === undefined ? 0 : await reader.atTime(fromMs), offset > startOffset ? await reader.atOffset(offset - startOffset) : 0)
      for await (const piece of readPart(reader, first, startOffset, signal)) {
        if (piece.atMs >= untilMs) return
        if (piece.offset + piece.bytes.length <= offset && piece.bytes.length > 0) continue
        const skip = Math.max(0, offset - piece.offset)
        yield skip === 0 || piece.bytes.length === 0 ? piece : { ...piece, offset, bytes: piece.bytes.subarray(skip) }
      }
    } finally {
      await reader.close()
    }
  }
}

async function* readPart(reader: PartReader, first: number, startOffset: number, signal: AbortSignal): AsyncGenerator<SessionPiece, void, void> {
  for (let at = first; at < reader.records;) {
    signal.throwIfAborted()
    const records = withinBytes(await reader.read(at, recordsAtOnce))
    const [head] = records
    const tail = records.at(-1)
    // A damaged record in the middle: what is behind it cannot be placed.
    if (!head || !tail) return
    at += records.length
    const bytes = await reader.bytes(head.offset, Math.min(bytesAtOnce, tail.offset - head.offset + (holdsBytes(tail.kind) ? tail.lengthBytes : 0)))
    for (const record of records) {
      const { kind, atMs } = record
      // What it drew is beside what it said, and no piece of it.
      if (kind === 'end' || kind === 'watts') continue
      if (!holdsBytes(kind)) {
        yield { kind, atMs, offset: startOffset + record.offset, bytes: new Uint8Array(0), droppedBytes: kind === 'dropped' ? record.lengthBytes : 0 }
        continue
      }
      for (let done = 0; done < record.lengthBytes; done += pieceBytes) {
        const place = record.offset + done
        const length = Math.min(pieceBytes, record.lengthBytes - done)
        const inside = place - head.offset
        const some = inside + length <= bytes.length ? bytes.subarray(inside, inside + length) : await reader.bytes(place, length)
        // Bytes that the index knows and the disk does not have; the next start cuts them.
        if (some.length === 0) return
        yield { kind, atMs, offset: startOffset + place, bytes: some, droppedBytes: 0 }
      }
    }
  }
}

/** As many as have about a megabyte together; always at least one. */
function withinBytes(records: readonly IndexRecord[]): IndexRecord[] {
  const [head] = records
  if (!head) return []
  const tooFar = records.findIndex((record, index) => index > 0 && record.offset + record.lengthBytes - head.offset > bytesAtOnce)
  return records.slice(0, tooFar < 0 ? undefined : tooFar)
}
