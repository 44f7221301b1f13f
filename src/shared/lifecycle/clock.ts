import { Cancelled, WorkbenchError } from '../errors/workbenchError.ts'

export interface Clock {
  /** Monotonic: only differences mean anything. Milliseconds, fractions allowed. */
  nowMs(): number
  /** Wall time, for people and the journal; never for measuring, because it jumps. */
  wallMs(): number
  /** How far local time of this computer is ahead of UTC at that wall time; less than nothing where it is behind. For people only. */
  zoneMs(wallMs: number): number
  /** Rejects with the signal's reason when aborted, and leaves no timer behind. */
  sleep(durationMs: number, signal: AbortSignal): Promise<void>
}

/** Ends at the limit even when `work` ignores its signal: hung native calls do. `what` begins the error's sentence. */
export async function withDeadline<T>(
  clock: Clock,
  limitMs: number,
  what: string,
  parent: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  parent.throwIfAborted()
  const over = new AbortController()
  const signal = AbortSignal.any([parent, over.signal])
  // Started before the timer: if `work` throws at once there is no timer to reject unheard.
  const working = work(signal)
  const waiting = clock.sleep(limitMs, signal).then((): never => {
    const late = new WorkbenchError('link/timeout', `${what}: no result within ${limitMs} ms`, { context: { limitMs } })
    over.abort(late)
    throw late
  })
  try {
    return await Promise.race([working, waiting])
  } finally {
    // Whichever lost the race may still reject later; nobody listens then, and that must not end the process.
    working.catch(() => undefined)
    waiting.catch(() => undefined)
    over.abort(new Cancelled(`${what} is over`))
  }
}
