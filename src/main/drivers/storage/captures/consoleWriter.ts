import type { Arrival } from '../../../../shared/devices/transport.ts'
import type { NewRecord, PartWriter } from './partFile.ts'

/** What one console may have unwritten: more than a second of the fastest line, or of a disk that thinks. */
const maxPendingBytes = 16 * 1024 * 1024
/** More than this does not wait for the next round: a burst would fill the memory meanwhile. */
const hurryBytes = 1024 * 1024
const maxPendingRecords = 65_536
/** Of both; what is left is for the bytes that are on their way when the reader of the line is held back. */
const fullShare = 0.75
/** While nothing can be written the beginning is kept, to show how it began. */
const maxPausedBytes = 256 * 1024
/** What comes in the same direction within this time shares a record; nobody reads times finer than that. */
const sameRecordMs = 4
/** Smaller pieces are copied together: a million of one byte each would cost more than their bytes. */
const stageBytes = 8 * 1024

export interface ConsoleWriterDeps {
  readonly wallMs: () => number
  /** Opens the next part of this session; the first one is number 1. */
  readonly openPart: (part: number, startOffset: number, startedAtMs: number) => Promise<PartWriter>
  readonly isPaused: () => boolean
  /** So much waits that it should be written now; told when it comes to that much. */
  readonly onMuch?: () => void
  /** Asked each time: somebody may change it meanwhile. */
  readonly limits: () => { readonly partBytes: number; readonly partMs: number }
}

export interface ConsoleWriter {
  take(kind: 'rx' | 'tx', bytes: Uint8Array, arrivals?: readonly Arrival[]): void
  /** `field` is what its record holds in the place of a length. */
  mark(kind: Exclude<NewRecord['kind'], 'rx' | 'tx' | 'dropped' | 'cut' | 'end'>, field?: number): void
  /** Writes what waits; a failure leaves everything as it was, to be written by the next attempt. */
  flush(): Promise<void>
  /** After the last flush. */
  end(): Promise<void>
  readonly pendingBytes: number
  /** More would soon be dropped, and what waits is being written. */
  readonly isFull: boolean
  /** Bytes that nobody will ever see again. */
  readonly droppedBytes: number
}

interface Batch { records: NewRecord[]; chunks: Uint8Array[]; bytes: number }
const emptyBatch = (): Batch => ({ records: [], chunks: [], bytes: 0 })

/** One console on its way to disk. Takes bytes at once and writes them later, in large pieces, at most one write at a time. */
export function createConsoleWriter({ wallMs, openPart, isPaused, limits, onMuch }: ConsoleWriterDeps): ConsoleWriter {
  let pending = emptyBatch()
  let writing = emptyBatch()
  let stage = new Uint8Array(stageBytes)
  let staged = 0
  let sealed = 0
  let droppedNow = 0
  let droppedBytes = 0
  let current: PartWriter | undefined
  let parts = 0
  let written = 0
  let busy: Promise<void> | undefined

  const sealStage = (): void => {
    if (staged > sealed) pending.chunks.push(stage.subarray(sealed, staged))
    sealed = staged
  }
  const stow = (bytes: Uint8Array): void => {
    if (bytes.length > stageBytes / 2) { sealStage(); pending.chunks.push(bytes); return }
    if (staged + bytes.length > stageBytes) { sealStage(); stage = new Uint8Array(stageBytes); staged = 0; sealed = 0 }
    stage.set(bytes, staged)
    staged += bytes.length
  }
  const record = (kind: NewRecord['kind'], lengthBytes: number, atMs = wallMs()): void => {
    const last = pending.records.at(-1)
    if (last && last.kind === kind && (kind === 'rx' || kind === 'tx') && Math.abs(atMs - last.atMs) < sameRecordMs) {
      pending.records[pending.records.length - 1] = { ...last, lengthBytes: last.lengthBytes + lengthBytes }
    } else pending.records.push({ kind, atMs, lengthBytes })
  }
  const settleDropped = (): void => {
    if (droppedNow === 0) return
    pending.records.push({ kind: 'dropped', atMs: wallMs(), lengthBytes: Math.min(droppedNow, 0xffff_ffff) })
    droppedNow = 0
  }
  const closePart = async (): Promise<void> => {
    const old = current
    current = undefined
    await old?.end(wallMs())
  }
  const write = async (): Promise<void> => {
    const { partBytes, partMs } = limits()
    if (current && (current.part.rawBytes >= partBytes || wallMs() - current.part.header.startedAtMs >= partMs)) await closePart()
    if (writing.records.length === 0) {
      sealStage()
      settleDropped()
      if (pending.records.length === 0) return
      writing = pending
      pending = emptyBatch()
    }
    if (!current) {
      // It begins with what is in it, which was heard up to a second before there is a file.
      current = await openPart(parts + 1, written, writing.records[0]?.atMs ?? wallMs())
      parts += 1
    }
    await current.append(writing.records, writing.chunks)
    written += writing.bytes
    writing = emptyBatch()
  }
  const flush = async (): Promise<void> => {
    // Twice: what came while the first write was under way counts as told before this call.
    while (busy) await busy.catch(() => undefined)
    busy = (async () => { await write(); if (pending.records.length > 0 || droppedNow > 0) await write() })().finally(() => { busy = undefined })
    return busy
  }
  return {
    take: (kind, bytes, arrivals) => {
      if (bytes.length === 0) return
      const limit = isPaused() ? maxPausedBytes : maxPendingBytes
      // After the first loss everything is lost until the next write, so that the mark stands where the hole is.
      if (droppedNow > 0 || pending.bytes + writing.bytes + bytes.length > limit || pending.records.length > maxPendingRecords) {
        droppedNow += bytes.length
        droppedBytes += bytes.length
        return
      }
      stow(bytes)
      pending.bytes += bytes.length
      if (arrivals) for (const { lengthBytes, atMs } of arrivals) record(kind, lengthBytes, atMs)
      else record(kind, bytes.length)
      // Last: a write that starts here takes what waits, and bytes without their record would be nobody's.
      if (pending.bytes >= hurryBytes && pending.bytes - bytes.length < hurryBytes) onMuch?.()
    },
    mark: (kind, field = 0) => { if (pending.records.length <= maxPendingRecords) record(kind, field) },
    flush,
    end: async () => { while (busy) await busy.catch(() => undefined); await closePart() },
    get pendingBytes() { return pending.bytes + writing.bytes },
    get isFull() { return !isPaused() && (pending.bytes + writing.bytes > fullShare * maxPendingBytes || pending.records.length > fullShare * maxPendingRecords) },
    get droppedBytes() { return droppedBytes },
  }
}
