import type { Clock } from '../../../shared/lifecycle/clock.ts'

/** Node's clocks. A longer sleep than 24 days is no sleep of ours, so the 32-bit limit of timers does not matter. */
export const createSystemClock = (): Clock => ({
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  zoneMs: (wallMs) => -60_000 * new Date(wallMs).getTimezoneOffset(),
  sleep: async (durationMs, signal) => {
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => { clearTimeout(timer); reject(signal.reason as Error) }
      const timer = setTimeout(() => { signal.removeEventListener('abort', stop); resolve() }, Math.max(0, durationMs))
      signal.addEventListener('abort', stop, { once: true })
    })
  },
})

/** The same world at another pace: `factor` 10 lets a recorded minute pass in six seconds. For demonstrations and benches. */
export const createScaledClock = (base: Clock, factor: number): Clock => ({
  nowMs: () => base.nowMs() * factor,
  wallMs: () => base.wallMs(),
  zoneMs: (wallMs) => base.zoneMs(wallMs),
  sleep: async (durationMs, signal) => base.sleep(durationMs / factor, signal),
})
