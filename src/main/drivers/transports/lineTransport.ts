import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type ByteQueue, createByteQueue } from '../../../shared/lifecycle/byteQueue.ts'
import type { Arrival, Arrived } from '../../../shared/devices/transport.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { orAborted } from '../../../shared/lifecycle/signals.ts'

/** A line that took nothing for this long has a hung far end; a boot ROM that stopped reading looks like this. */
const writeLimitMs = 5_000
/** 115200 baud carries 11 bytes in a millisecond; 8 leaves room for a busy bridge. */
const bytesPerMs = 8
const quietMs = 20
/** A camera that never stops talking would make the wait for silence endless. */
const discardLimitMs = 2_000
/** Above this the stream is paused, so that a reader who went away costs a bounded amount of memory. */
const pauseAboveBytes = 1024 * 1024
/** What comes later than so many pieces shares the time of the last of them. */
const maxArrivals = 4_096

/** What a socket and a serial port have in common: a Node stream with a close that can be waited for. */
export interface ByteLine {
  readonly write: (bytes: Uint8Array, done: (error?: Error | null) => void) => unknown
  readonly pause: () => unknown
  readonly resume: () => unknown
  /** Resolves when the descriptor is given back. */
  readonly close: () => Promise<void>
}

/** The half of a transport that listens to its stream. */
export interface LineEvents {
  readonly onBytes: (chunk: Uint8Array) => void
  /** The far side closed in order. */
  readonly onEnd: () => void
  readonly onLost: (why: string, cause?: unknown) => void
}

export interface LineEnd extends LineEvents {
  read(signal: AbortSignal): Promise<Uint8Array | undefined>
  take(): Arrived | undefined
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>
  discardInput(signal: AbortSignal): Promise<number>
  close(): Promise<void>
}

export function createLineEnd(line: ByteLine, label: string, clock: Clock): LineEnd {
  const queue: ByteQueue = createByteQueue()
  let gone: WorkbenchError | undefined
  let closing: Promise<void> | undefined
  let paused = false
  /** Of what is in the queue. */
  let arrivals: Arrival[] = []

  const lost = (message: string, cause?: unknown, why?: string): WorkbenchError => new WorkbenchError('link/closed', message, {
    context: { line: label, ...(why === undefined ? {} : { why }) }, hint: 'Check the cable and the far end, then open the line again', cause,
  })
  const resumeWhenDrained = (): void => {
    if (!paused || queue.waitingBytes > 0) return
    paused = false
    line.resume()
  }

  const note = (lengthBytes: number): void => {
    const atMs = clock.wallMs()
    const last = arrivals.at(-1)
    if (last && (last.atMs === atMs || arrivals.length >= maxArrivals)) arrivals[arrivals.length - 1] = { atMs: last.atMs, lengthBytes: last.lengthBytes + lengthBytes }
    else arrivals.push({ atMs, lengthBytes })
  }
  const discard = (): number => { arrivals = []; return queue.discard() }

  const write = async (bytes: Uint8Array, parent: AbortSignal): Promise<void> => {
    parent.throwIfAborted()
    if (gone) throw lost(gone.message, gone)
    if (bytes.length === 0) return
    const limitMs = writeLimitMs + Math.ceil(bytes.length / bytesPerMs)
    await withDeadline(clock, limitMs, `Writing ${bytes.length} bytes to ${label}`, parent, async (signal) =>
      orAborted(new Promise<void>((resolve, reject) => {
        line.write(bytes, (error) => {
          if (!error) resolve()
          else if (error instanceof WorkbenchError && error.code === 'link/timeout') reject(error)
          else reject(lost(gone?.message ?? `The line to ${label} broke while writing: ${error.message}`, error))
        })
      }), signal))
  }

  return {
    onBytes: (chunk) => {
      queue.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
      if (queue.waitingBytes > 0) note(chunk.length)
      if (!paused && queue.waitingBytes > pauseAboveBytes) { paused = true; line.pause() }
    },
    onEnd: () => { gone ??= lost(`The far end of ${label} closed the line`); queue.end() },
    onLost: (why, cause) => {
      if (gone) return
      gone = lost(`The line to ${label} is lost: ${why}`, cause, why)
      queue.fail(gone)
    },
    read: async (signal) => {
      const bytes = await queue.read(signal)
      arrivals = []
      resumeWhenDrained()
      return bytes
    },
    take: () => {
      const bytes = queue.take()
      if (!bytes) return undefined
      const arrived = { bytes, arrivals }
      arrivals = []
      resumeWhenDrained()
      return arrived
    },
    write,
    discardInput: async (signal) => {
      const giveUpMs = clock.nowMs() + discardLimitMs
      let dropped = 0
      for (;;) {
        dropped += discard()
        resumeWhenDrained()
        await clock.sleep(quietMs, signal)
        if (queue.waitingBytes === 0 || clock.nowMs() >= giveUpMs) return dropped + discard()
      }
    },
    close: async () => {
      gone ??= lost(`The line to ${label} was closed on this side`)
      queue.end()
      closing ??= line.close()
      return closing
    },
  }
}
