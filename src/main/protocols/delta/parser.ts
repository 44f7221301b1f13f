import type { NewDigest } from '../../../shared/ota/digest.ts'
import { deltaCopy, deltaEnd, deltaError, type DeltaFault, deltaHeaderBytes, deltaInsert, deltaMagic, deltaVersion, maxCopyBytes, maxInsertBytes, maxVarintBytes } from './frame.ts'

/** A file that is read where it lies; fewer bytes than asked for only at its end. */
export interface ReadAt {
  read(offset: number, length: number): Promise<Uint8Array>
}
export const readBytesAt = (bytes: Uint8Array): ReadAt => ({ read: async (offset, length) => bytes.subarray(offset, offset + length) })

/** Unread bytes of the delta that may be held: a board has no room for more. */
export const deltaWindowBytes = 64
/** Pieces in which the old file is read. */
const copyPieceBytes = 512

export interface DeltaJob {
  readonly delta: ReadAt
  readonly older: ReadAt
  readonly sha256: string
  /** No more is given out; without it the sum at the end is the only limit. */
  readonly sizeBytes?: number
  readonly newDigest: NewDigest
  readonly signal: AbortSignal
  /** Told when something follows the end, which is ignored. */
  readonly onTrailing?: () => void
}

/**
 * The new file in small pieces, each to be used before the next is asked for. It holds `deltaWindowBytes` of the delta, one piece of the old file and a sum, however large the files are.
 * Throws at the end when the sum is wrong: what was given out until then counts for nothing.
 */
export async function* applyDelta(job: DeltaJob): AsyncGenerator<Uint8Array, void> {
  const hash = job.newDigest('sha256')
  const source = createWindow(job.delta)
  await readHeader(source)
  let madeBytes = 0
  const made = (piece: Uint8Array): Uint8Array => {
    job.signal.throwIfAborted()
    madeBytes += piece.length
    if (job.sizeBytes !== undefined && madeBytes > job.sizeBytes) throw source.fault('DELTA_OUTPUT_TOO_LARGE')
    hash.update(piece)
    return piece
  }
  for (let opcode = await source.byte(); opcode !== deltaEnd; opcode = await source.byte()) {
    if (opcode !== deltaCopy && opcode !== deltaInsert) throw source.fault('DELTA_UNKNOWN_OPCODE')
    const pieces = opcode === deltaCopy ? copied(source, job.older) : inserted(source)
    for await (const piece of pieces) yield made(piece)
  }
  if (job.onTrailing && await source.hasMore()) job.onTrailing()
  if (hash.hex() !== job.sha256.toLowerCase()) throw source.fault('DELTA_HASH_MISMATCH')
}

async function readHeader(source: DeltaWindow): Promise<void> {
  const header: number[] = []
  while (header.length < deltaHeaderBytes) {
    if (!await source.hasMore()) throw source.fault('DELTA_TOO_SHORT')
    header.push(await source.byte())
  }
  if (deltaMagic.some((byte, at) => header[at] !== byte)) throw source.fault('DELTA_BAD_MAGIC')
  if (header[deltaMagic.length] !== deltaVersion) throw source.fault('DELTA_BAD_VERSION')
}

async function* copied(source: DeltaWindow, older: ReadAt): AsyncGenerator<Uint8Array, void> {
  const from = await readVarint(source)
  const length = await readVarint(source)
  if (length > maxCopyBytes) throw source.fault('DELTA_COPY_TOO_LARGE')
  for (let done = 0; done < length;) {
    const piece = await older.read(from + done, Math.min(copyPieceBytes, length - done))
    if (piece.length === 0) throw source.fault('DELTA_OLD_EOF')
    done += piece.length
    yield piece
  }
}

async function* inserted(source: DeltaWindow): AsyncGenerator<Uint8Array, void> {
  const length = await readVarint(source)
  if (length > maxInsertBytes) throw source.fault('DELTA_INSERT_TOO_LARGE')
  for (let done = 0; done < length;) {
    const piece = await source.some(length - done)
    done += piece.length
    yield piece
  }
}

async function readVarint(source: DeltaWindow): Promise<number> {
  let value = 0
  for (let at = 0; at < maxVarintBytes; at += 1) {
    const byte = await source.byte()
    value += (byte & 0x7f) * 128 ** at
    if (byte < 0x80) {
      if (value > 0xffffffff) break
      return value
    }
  }
  throw source.fault('DELTA_VARINT_TOO_LARGE')
}

interface DeltaWindow {
  byte(): Promise<number>
  /** At least one byte, at most `length`, and never more than the window holds. */
  some(length: number): Promise<Uint8Array>
  hasMore(): Promise<boolean>
  fault(reason: DeltaFault): Error
}

function createWindow(delta: ReadAt): DeltaWindow {
  let held = new Uint8Array(0)
  let used = 0
  let readBytes = 0
  const hasMore = async (): Promise<boolean> => {
    if (used < held.length) return true
    // Only when nothing unread is left, so that it never holds more than one read.
    held = new Uint8Array(await delta.read(readBytes, deltaWindowBytes))
    used = 0
    readBytes += held.length
    return held.length > 0
  }
  const fault = (reason: DeltaFault): Error => deltaError(reason, readBytes - held.length + used)
  const some = async (length: number): Promise<Uint8Array> => {
    if (!await hasMore()) throw fault('DELTA_EOF')
    const piece = held.subarray(used, used + length)
    used += piece.length
    return piece
  }
  return { hasMore, fault, some, byte: async () => (await some(1))[0] ?? 0 }
}
