import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { JobNews } from '../../../shared/jobs/jobEvent.ts'

export interface PhaseRun<T> {
  readonly name: string
  /** 'at-end': half of this phase is worse than all of it, so a cancel waits until it is over. */
  readonly cancel: 'anytime' | 'at-end'
  /** Flash is erased or written here: nobody switches the camera's power meanwhile. */
  readonly writing?: true
  /** Grows with the input: a limit for 16 MiB is no limit for 64 KiB. */
  readonly limitMs: number
  readonly work: (signal: AbortSignal) => Promise<T>
  /** A few words for the record, from the result. */
  readonly note?: (result: T) => string
}

export interface PhaseHost {
  readonly clock: Clock
  readonly tell: (news: JobNews) => void
  readonly signal: AbortSignal
  /** Ends a phase that no cancel ends: what it worked on is gone. */
  readonly brokenOff?: AbortSignal | undefined
}

/** Runs one declared phase: told at its start and, only when it succeeded, at its end. */
export async function runPhase<T>({ clock, tell, signal, brokenOff }: PhaseHost, phase: PhaseRun<T>): Promise<T> {
  // The only place where a waiting cancel takes effect. After the last phase there is none: done is done.
  signal.throwIfAborted()
  const startedMs = clock.nowMs()
  tell({ type: 'phase-started', phase: phase.name, ...(phase.writing ? { writing: true } : {}) })
  const parent = phase.cancel === 'at-end' ? brokenOff ?? new AbortController().signal : signal
  const result = await withDeadline(clock, phase.limitMs, `phase ${phase.name}`, parent, phase.work)
  tell({ type: 'phase-finished', phase: phase.name, elapsedMs: clock.nowMs() - startedMs, note: phase.note?.(result) ?? '' })
  return result
}
