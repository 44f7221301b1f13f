import type { Clock } from '../../src/shared/lifecycle/clock.ts'
import { createRealClock } from './realClock.ts'

export interface HurriedClock extends Clock {
  /** Waits that were passed over, in milliseconds. */
  readonly skipped: readonly number[]
  /** The wall clock jumps. */
  jump(ms: number): void
  /** The wall clock alone. */
  setBack(ms: number): void
}

/** Real time for real sockets; but a wait of at most `mostMs`, a pause between two tries say, is over at once, and the time has passed. */
export function createHurriedClock(mostMs = 4_000): HurriedClock {
  const real = createRealClock()
  const skipped: number[] = []
  let aheadMs = 0
  let behindMs = 0
  return {
    skipped,
    jump: (ms) => { aheadMs += ms },
    setBack: (ms) => { behindMs += ms },
    nowMs: () => real.nowMs() + aheadMs,
    wallMs: () => real.wallMs() + aheadMs - behindMs,
    zoneMs: (wallMs) => real.zoneMs(wallMs),
    sleep: async (durationMs, signal) => {
      if (durationMs > mostMs) return real.sleep(durationMs, signal)
      signal.throwIfAborted()
      skipped.push(durationMs)
      aheadMs += durationMs
      await new Promise((resolve) => { setImmediate(resolve) })
      signal.throwIfAborted()
    },
  }
}
