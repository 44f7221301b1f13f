import type { Clock } from '../../shared/lifecycle/clock.ts'
import { joinBytes } from '../../shared/lifecycle/byteQueue.ts'
import { createDeferred, type Deferred, orAborted } from '../../shared/lifecycle/signals.ts'

interface LineOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly deliver: (bytes: Uint8Array) => void
}

/** A wire that delivers everything a fixed time later, in order. Without latency it delivers at once. */
export function createDelayLine({ clock, signal, deliver, latencyMs }: LineOptions & { readonly latencyMs: number }): (bytes: Uint8Array) => void {
  const waiting: { readonly dueMs: number; readonly bytes: Uint8Array }[] = []
  let pumping = false
  const pump = async (): Promise<void> => {
    for (let head = waiting[0]; head; head = waiting[0]) {
      const waitMs = head.dueMs - clock.nowMs()
      if (waitMs > 0) await clock.sleep(waitMs, signal)
      waiting.shift()
      deliver(head.bytes)
    }
  }
  return (bytes) => {
    if (latencyMs <= 0) { deliver(bytes); return }
    waiting.push({ dueMs: clock.nowMs() + latencyMs, bytes })
    if (pumping) return
    pumping = true
    // The only rejection is the signal's: the wire was cut, and what was on it is gone.
    void pump().catch(() => undefined).finally(() => { pumping = false })
  }
}

export interface PacedLine {
  push(bytes: Uint8Array): void
  /** Resolves when everything pushed has left. */
  drained(signal: AbortSignal): Promise<void>
}

/** 64 bytes at a time: one timer for each byte would cost more than the simulation. */
const pieceBytes = 64
/** A sender without end must not cost memory without end; what does not fit is lost, as in any FIFO. */
const waitingLimitBytes = 1024 * 1024

/** One direction of a UART: bytes come out no faster than the baud rate allows. */
export function createPacedLine({ clock, signal, deliver, byteMs }: LineOptions & { readonly byteMs: number | (() => number) }): PacedLine {
  const byteMsNow = typeof byteMs === 'number' ? () => byteMs : byteMs
  let waiting: Uint8Array[] = []
  let pumping = false
  let empty: Deferred<void> | undefined
  let freeAtMs = 0
  let waitingBytes = 0
  const pump = async (): Promise<void> => {
    while (waiting.length > 0) {
      const all = waiting.length === 1 && waiting[0] ? waiting[0] : joinBytes(waiting)
      const piece = all.subarray(0, pieceBytes)
      waiting = all.length > pieceBytes ? [all.subarray(pieceBytes)] : []
      waitingBytes = all.length - piece.length
      freeAtMs = Math.max(freeAtMs, clock.nowMs()) + piece.length * byteMsNow()
      await clock.sleep(Math.max(0, freeAtMs - clock.nowMs()), signal)
      deliver(piece)
    }
  }
  const finish = (): void => {
    pumping = false
    waiting = []
    waitingBytes = 0
    empty?.resolve()
    empty = undefined
  }
  return {
    push: (bytes) => {
      if (bytes.length === 0 || signal.aborted) return
      if (byteMsNow() <= 0) { deliver(bytes); return }
      if (waitingBytes + bytes.length > waitingLimitBytes) return
      waiting.push(bytes)
      waitingBytes += bytes.length
      if (pumping) return
      pumping = true
      void pump().catch(() => undefined).finally(finish)
    },
    drained: async (waitSignal) => {
      if (!pumping) return
      empty ??= createDeferred()
      await orAborted(empty.promise, waitSignal)
    },
  }
}

export interface Keyboard {
  push(bytes: Uint8Array): void
  /** The next byte, when it comes. */
  next(signal: AbortSignal): Promise<number>
  /** The next byte if it is here. */
  poll(): number | undefined
  /** True when a Ctrl-C waits; what was typed before it is dropped, as a polled UART does. */
  takeInterrupt(): boolean
  clear(): void
}

/** Far more than the FIFO of a real UART, so that only a broken host loses keys. */
const keyboardBytes = 4096

export function createKeyboard(): Keyboard {
  let keys: number[] = []
  let news: Deferred<void> | undefined
  return {
    push: (bytes) => {
      for (const byte of bytes) if (keys.length < keyboardBytes) keys.push(byte)
      news?.resolve()
      news = undefined
    },
    next: async (signal) => {
      for (;;) {
        signal.throwIfAborted()
        const key = keys.shift()
        if (key !== undefined) return key
        news ??= createDeferred()
        await orAborted(news.promise, signal)
      }
    },
    poll: () => keys.shift(),
    takeInterrupt: () => {
      const at = keys.indexOf(3)
      if (at >= 0) keys = keys.slice(at + 1)
      return at >= 0
    },
    clear: () => { keys = [] },
  }
}
