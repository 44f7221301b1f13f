import { createBell } from '../../../shared/lifecycle/bell.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { orAborted } from '../../../shared/lifecycle/signals.ts'
import { createPacedLine } from '../lines.ts'
import { createFrameReader, type RomEvent } from './romFrames.ts'

/** The UART as the code of the boot ROM sees it, for one life of the chip. */
export interface RomPort {
  readonly clock: Clock
  readonly signal: AbortSignal
  receive(bytes: Uint8Array): void
  say(bytes: Uint8Array): void
  /** The next frame; `undefined`: none until then. */
  next(untilMs: number): Promise<RomEvent | undefined>
  /** Drops what waits: nobody listened. */
  forget(): void
  /** Until power is cut. */
  hang(): Promise<never>
  /** Tells the reader how long the DATA frames of the running transfer are. */
  payloadBytesOf: (sequence: number) => number
}

export interface RomPortOptions {
  readonly clock: Clock
  readonly byteMs: number
  readonly onOutput: (bytes: Uint8Array) => void
  readonly signal: AbortSignal
}

export function createRomPort({ clock, byteMs, onOutput, signal }: RomPortOptions): RomPort {
  const output = createPacedLine({ clock, signal, byteMs, deliver: onOutput })
  const bell = createBell()
  let events: RomEvent[] = []
  const reader = createFrameReader({ payloadBytesOf: (sequence) => port.payloadBytesOf(sequence), nowMs: clock.nowMs })
  const port: RomPort = {
    clock, signal,
    receive: (bytes) => {
      events.push(...reader.push(bytes))
      if (events.length > 0) bell.ring()
    },
    say: (bytes) => { output.push(bytes) },
    next: async (untilMs) => {
      for (;;) {
        signal.throwIfAborted()
        const event = events.shift()
        if (event) return event
        const waitMs = untilMs - clock.nowMs()
        if (waitMs <= 0) return undefined
        await ringOrTime(waitMs)
      }
    },
    forget: () => { events = []; reader.reset() },
    hang: async () => orAborted(new Promise<never>(() => undefined), signal),
    payloadBytesOf: () => 1,
  }
  const ringOrTime = async (waitMs: number): Promise<void> => {
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    const ringing = bell.next(either).catch(() => undefined)
    const sleeping = Number.isFinite(waitMs) ? clock.sleep(waitMs, either).catch(() => undefined) : ringing
    await Promise.race([ringing, sleeping])
    over.abort(new Error('looked again'))
    await Promise.all([ringing, sleeping])
  }
  return port
}
