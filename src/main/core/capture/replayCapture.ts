import type { Transport } from '../../../shared/devices/transport.ts'
import { Cancelled, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import { joinBytes } from '../../../shared/lifecycle/byteQueue.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { Capture, CaptureRecord } from '../../protocols/dcap/frame.ts'

/** As the other transports do: input counts as dropped when nothing comes for this long. */
const quietMs = 20

export interface ReplayOptions {
  readonly capture: Capture
  readonly clock: Clock
  /** 1 as recorded, 10 ten times as fast, Infinity without waiting. */
  readonly speed?: number
  /**
   * `refused`: a viewer, every write is an error. `compared`: what is written must be what was recorded, byte by byte, and what was received
   * after it comes after it.
   */
  readonly writes?: 'refused' | 'compared'
}

/**
 * A line on which the recording happens again. Time begins with the first read. After the last record `read` gives `undefined`, as if the
 * far side had closed.
 */
export function createReplayTransport({ capture, clock, speed = 1, writes = 'refused' }: ReplayOptions): Transport {
  if (!(speed > 0)) throw new WorkbenchError('input/malformed', 'The speed of a replay is above zero', { context: { speed: String(speed) } })
  const life = new AbortController()
  const written = createBell()
  const isCompared = writes === 'compared'
  const sent = joinBytes(isCompared ? capture.records.filter(({ direction }) => direction === 'to-device').map(({ bytes }) => bytes) : [])
  let at = 0
  let writtenBytes = 0
  /** To be written before the record at hand comes. */
  let dueSentBytes = 0
  let lastUs = 0
  let lastMs: number | undefined

  /** How long until this record is due; times that run backwards count as none. */
  const waitMsFor = ({ timeUs }: CaptureRecord): number => {
    lastMs ??= clock.nowMs()
    if (!capture.isTimed || speed === Infinity) return 0
    return lastMs + Math.max(0, timeUs - lastUs) / 1000 / speed - clock.nowMs()
  }
  const pass = (record: CaptureRecord, waitedMs: number): void => {
    // From where it should have been and not from where a slow reader is: lateness is made up for.
    lastMs = clock.nowMs() + Math.min(0, waitedMs)
    lastUs = Math.max(lastUs, record.timeUs)
    at += 1
  }
  /** Skips what is passed, and gives the bytes that are due now. Never waits. */
  const takeDue = (): Uint8Array[] => {
    const parts: Uint8Array[] = []
    for (let record = capture.records[at]; record; record = capture.records[at]) {
      if (record.direction === 'to-device' && isCompared) {
        if (writtenBytes < dueSentBytes + record.bytes.length) break
        dueSentBytes += record.bytes.length
        // The answer is timed from the question, whenever that came.
        pass(record, 0)
        continue
      }
      const waitMs = waitMsFor(record)
      if (waitMs > 0) break
      if (record.direction === 'from-device' && record.bytes.length > 0) parts.push(record.bytes)
      pass(record, waitMs)
    }
    return parts
  }
  const awaitNext = async (signal: AbortSignal): Promise<void> => {
    const record = capture.records[at]
    if (!record) return
    if (record.direction === 'to-device' && isCompared) await written.next(signal)
    else await clock.sleep(Math.max(0, waitMsFor(record)), signal)
  }

  return {
    label: `replay:${capture.chip === '' ? 'capture' : capture.chip}`,
    read: async (parent) => {
      const signal = AbortSignal.any([parent, life.signal])
      for (;;) {
        parent.throwIfAborted()
        if (life.signal.aborted) return undefined
        const parts = takeDue()
        if (parts.length > 0) return joinBytes(parts)
        if (at >= capture.records.length) return undefined
        await awaitNext(signal).catch((error: unknown) => {
          if (parent.aborted || !life.signal.aborted) throw error
        })
      }
    },
    write: async (bytes, signal) => {
      signal.throwIfAborted()
      if (life.signal.aborted) throw new WorkbenchError('link/closed', 'The replay is closed')
      if (!isCompared) {
        throw new WorkbenchError('input/not-supported', 'A replay can be watched, not written to', { hint: 'What was sent then is part of the recording' })
      }
      const wrongAt = bytes.findIndex((byte, index) => sent[writtenBytes + index] !== byte)
      if (wrongAt >= 0) {
        const offsetBytes = writtenBytes + wrongAt
        throw new WorkbenchError('device/wrong-content', `Byte ${offsetBytes + 1} of what is sent is not what was sent in the recording`, {
          context: { offsetBytes, expected: sent[offsetBytes] ?? -1, found: bytes[wrongAt] ?? -1 },
        })
      }
      writtenBytes += bytes.length
      written.ring()
    },
    discardInput: async (signal) => {
      let dropped = 0
      for (;;) {
        const parts = takeDue()
        dropped += parts.reduce((sum, part) => sum + part.length, 0)
        const next = capture.records[at]
        // Only what comes within the quiet time is waited for.
        if (!next || (isCompared && next.direction === 'to-device') || waitMsFor(next) > quietMs || life.signal.aborted) return dropped
        await awaitNext(AbortSignal.any([signal, life.signal])).catch((error: unknown) => {
          if (signal.aborted || !life.signal.aborted) throw error
        })
      }
    },
    close: async () => { life.abort(new Cancelled('The replay is closed')) },
  }
}
