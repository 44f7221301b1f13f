import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'

/** Real time, for tests with a real far end. */
export const createRealClock = (): Clock => ({
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  zoneMs: (wallMs) => -60_000 * new Date(wallMs).getTimezoneOffset(),
  sleep: async (durationMs, signal) => {
    signal.throwIfAborted()
    await wait(durationMs, undefined, { signal }).catch(() => { throw signal.reason as Error })
  },
})
