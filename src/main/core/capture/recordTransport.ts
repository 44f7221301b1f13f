import type { Transport } from '../../../shared/devices/transport.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { CaptureRecord } from '../../protocols/dcap/frame.ts'

/** What happened on a line. Only `bytes` fit a capture file; the others are for a report beside it. */
export type CaptureEvent =
  | { readonly kind: 'bytes'; readonly record: CaptureRecord }
  | { readonly kind: 'baud-rate'; readonly timeUs: number; readonly baudRate: number }
  /** Input that was dropped unread. Nobody saw these bytes. */
  | { readonly kind: 'discarded'; readonly timeUs: number; readonly lengthBytes: number }

/** Called in order and at once; must not throw. Bytes are a copy. */
export type CaptureSink = (event: CaptureEvent) => void

/**
 * The same line, with a witness: everything else is passed on. What is sent is recorded before it leaves, so that no answer comes before
 * its question; a write that fails may therefore show more than left. What is received is recorded when it is read.
 */
export function recordTransport(transport: Transport, clock: Clock, sink: CaptureSink): Transport {
  const startedMs = clock.nowMs()
  const timeUs = (): number => Math.round((clock.nowMs() - startedMs) * 1000)
  const see = (direction: CaptureRecord['direction'], bytes: Uint8Array): void => {
    if (bytes.length > 0) sink({ kind: 'bytes', record: { timeUs: timeUs(), direction, bytes: bytes.slice() } })
  }
  const { setBaudRate, setLines, sendBreak } = transport
  return {
    label: transport.label,
    read: async (signal) => {
      const chunk = await transport.read(signal)
      if (chunk) see('from-device', chunk)
      return chunk
    },
    write: async (bytes, signal) => {
      signal.throwIfAborted()
      see('to-device', bytes)
      await transport.write(bytes, signal)
    },
    discardInput: async (signal) => {
      const lengthBytes = await transport.discardInput(signal)
      if (lengthBytes > 0) sink({ kind: 'discarded', timeUs: timeUs(), lengthBytes })
      return lengthBytes
    },
    ...(setBaudRate ? { setBaudRate: async (baudRate, signal) => {
      await setBaudRate.call(transport, baudRate, signal)
      sink({ kind: 'baud-rate', timeUs: timeUs(), baudRate })
    } } satisfies Partial<Transport> : {}),
    ...(setLines ? { setLines: async (lines, signal) => setLines.call(transport, lines, signal) } satisfies Partial<Transport> : {}),
    ...(sendBreak ? { sendBreak: async (durationMs, signal) => sendBreak.call(transport, durationMs, signal) } satisfies Partial<Transport> : {}),
    close: async () => transport.close(),
  }
}
