import type { Clock } from '../../../shared/lifecycle/clock.ts'

/** Time that the wall clock cannot move: it runs on from where it began, and begins no earlier than anything that was kept. */
export function createSteadyTime(clock: Pick<Clock, 'nowMs' | 'wallMs'>, latestMs: number): () => number {
  const fromMs = clock.nowMs()
  const wallMs = Math.max(clock.wallMs(), latestMs)
  return () => wallMs + (clock.nowMs() - fromMs)
}
