import type { Clock } from '../../../shared/lifecycle/clock.ts'

/** Until there is news, or the time is up, or the signal aborts; never rejects, and leaves no timer behind. */
export async function newsOrLate(clock: Pick<Clock, 'sleep'>, news: Promise<void>, waitMs: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  const late = clock.sleep(waitMs, AbortSignal.any([signal, over.signal])).catch(() => undefined)
  await Promise.race([news.catch(() => undefined), late])
  over.abort()
}
