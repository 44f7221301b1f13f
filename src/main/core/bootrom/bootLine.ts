import type { Transport } from '../../../shared/devices/transport.ts'
import { Cancelled, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type ByteQueue, createByteQueue, joinBytes } from '../../../shared/lifecycle/byteQueue.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { bootByteMs } from '../../protocols/bootrom/frame.ts'

/** A line that took nothing for so long beyond its own time has a hung far end: a boot ROM that stopped reading looks like this. */
const writeGraceMs = 5_000
/** Nobody needs more of a camera that talks without end. */
const waitingLimitBytes = 64 * 1024
const keptLimitBytes = 64 * 1024
/** A read that does not heed its signal would hold the line for ever. */
const giveBackMs = 1_000

/** How long so many bytes are on the wire: a transport takes them at once, the UART does not. */
export const lineMs = (lengthBytes: number): number => lengthBytes * bootByteMs

/** A transport read byte by byte, with a way to drop input that takes no time: a reader runs all the while. */
export interface BootLine {
  readonly clock: Clock
  readonly waitingBytes: number
  /** `undefined`: nothing until then. `link/closed` when the line is gone. */
  next(untilMs: number, signal: AbortSignal): Promise<number | undefined>
  /** `link/timeout` when the far end stopped reading, `link/closed` when it is gone. */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>
  /** Drops what has arrived and says how many bytes that were. */
  discard(): number
  /** From here on everything that arrives is kept as well, dropped or not: the banner of what was loaded. */
  keep(): void
  kept(): Uint8Array
}

/** The line belongs to `work` until it ends; what nobody read stays in `kept`. */
export async function withBootLine<T>(transport: Transport, clock: Clock, parent: AbortSignal, work: (line: BootLine) => Promise<T>): Promise<T> {
  const over = new AbortController()
  const signal = AbortSignal.any([parent, over.signal])
  const queue = createByteQueue()
  const keeping: { bytes: Uint8Array | undefined } = { bytes: undefined }
  const pump = async (): Promise<void> => {
    for (;;) {
      const chunk = await transport.read(signal)
      if (!chunk) throw new WorkbenchError('link/closed', `The far end of ${transport.label} closed the line`)
      if (queue.waitingBytes + chunk.length > waitingLimitBytes) queue.discard()
      queue.push(chunk.subarray(-waitingLimitBytes))
      if (keeping.bytes) keeping.bytes = joinBytes([keeping.bytes, chunk]).slice(-keptLimitBytes)
    }
  }
  const pumping = pump().catch((error: unknown) => { queue.fail(error instanceof Error ? error : new Error('the line failed')) })
  try {
    return await work(createBootLine(transport, clock, queue, keeping))
  } finally {
    over.abort(new Cancelled('the boot ROM line is given back'))
    await withDeadline(clock, giveBackMs, `giving ${transport.label} back`, new AbortController().signal, async () => pumping)
  }
}

function createBootLine(transport: Transport, clock: Clock, queue: ByteQueue, keeping: { bytes: Uint8Array | undefined }): BootLine {
  let chunk: Uint8Array = new Uint8Array()
  let at = 0
  return {
    clock,
    get waitingBytes() { return chunk.length - at + queue.waitingBytes },
    next: async (untilMs, signal) => {
      signal.throwIfAborted()
      if (at >= chunk.length) {
        const waitMs = untilMs - clock.nowMs()
        if (waitMs <= 0 && queue.waitingBytes === 0) return undefined
        const found = await readWithin(queue, clock, waitMs, signal)
        if (!found) return undefined
        chunk = found
        at = 0
      }
      at += 1
      return chunk[at - 1]
    },
    write: async (bytes, signal) => withDeadline(clock, writeGraceMs + lineMs(bytes.length), `Writing to ${transport.label}`, signal, async (limited) => transport.write(bytes, limited)),
    discard: () => {
      const dropped = chunk.length - at + queue.discard()
      at = chunk.length
      return dropped
    },
    keep: () => { keeping.bytes ??= new Uint8Array() },
    kept: () => keeping.bytes ?? new Uint8Array(),
  }
}

/** The end of the wait is told apart from the end of the line, whatever error that is. */
async function readWithin(queue: ByteQueue, clock: Clock, waitMs: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const late = new Cancelled('nothing came')
  const timer = new AbortController()
  const both = AbortSignal.any([signal, timer.signal])
  const sleeping = clock.sleep(Math.max(0, waitMs), both).then(() => { timer.abort(late) }, () => undefined)
  try {
    return await queue.read(both)
  } catch (error) {
    if (error === late) return undefined
    throw error
  } finally {
    timer.abort(late)
    await sleeping
  }
}

/** Reads until nothing came for `quietMs`, never longer than `maxMs`: a camera without power cannot send, so silence is the only proof. */
export async function drainUntilSilent(line: BootLine, quietMs: number, maxMs: number, signal: AbortSignal): Promise<number> {
  const endMs = line.clock.nowMs() + maxMs
  let dropped = line.discard()
  for (let nowMs = line.clock.nowMs(); nowMs < endMs; nowMs = line.clock.nowMs()) {
    if (await line.next(Math.min(nowMs + quietMs, endMs), signal) === undefined) break
    dropped += 1 + line.discard()
  }
  return dropped
}

/** A bridge hands over what it kept while nobody listened. A chip without a program never falls silent, so the wait is short. */
export const dropStale = async (line: BootLine, signal: AbortSignal): Promise<number> => drainUntilSilent(line, 50, 500, signal)
