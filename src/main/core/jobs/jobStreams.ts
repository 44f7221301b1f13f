import type { JobId } from '../../../shared/devices/ids.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { JobEvent } from '../../../shared/jobs/jobEvent.ts'
import { isFinished, type Job } from '../../../shared/jobs/reduceJob.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { type Bell, createBell } from '../../../shared/lifecycle/bell.ts'
import type { JobJournal } from './jobJournal.ts'

export type JobListener = (job: Job, event: JobEvent) => void

/** A job of another process rings no bell here. */
const foreignPollMs = 1_000

export interface FollowedJob {
  readonly id: JobId
  readonly after: number
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly journal: JobJournal
  readonly bell: Bell
  readonly isForeign: boolean
  readonly job: () => Job
  /** The end of the job, while the journal has no room for it. */
  readonly owed: () => JobEvent | undefined
}

/** Reads the journal again at each ring: replay and live are one thing, and a slow reader costs no memory. */
export async function* followJob({ id, after, signal, clock, journal, bell, isForeign, job, owed }: FollowedJob): AsyncGenerator<JobEvent> {
  let last = after
  for (;;) {
    signal.throwIfAborted()
    const stop = new AbortController()
    const either = AbortSignal.any([signal, stop.signal])
    try {
      // Asked for before the journal is read, so that nothing falls between.
      const waits = isForeign ? [bell.next(either), clock.sleep(foreignPollMs, either)] : [bell.next(either)]
      for (const wait of waits) wait.catch(() => undefined)
      const now = job()
      for (const event of journal.read(id, last)) {
        last = event.sequence
        yield event
      }
      if (isFinished(now)) {
        if (last >= now.sequence || after >= now.sequence) return
        const end = owed()
        if (end) { yield end; return }
        throw new WorkbenchError('host/io', 'The journal could not keep the end of this job', { context: { job: id }, hint: 'Look at the space left on this disk' })
      }
      await Promise.race(waits)
    } finally {
      stop.abort()
    }
  }
}

const isListNews = (event: JobEvent): boolean => event.type.startsWith('job-')

/** The newest state of each job that changed; a slow reader misses states in between, never the last one. */
export async function* followList(listen: (listener: JobListener) => () => void, signal: AbortSignal): AsyncGenerator<Job> {
  const waiting = new Map<JobId, Job>()
  const bell = createBell()
  const stop = listen((job, event) => {
    if (!isListNews(event)) return
    waiting.set(job.id, job)
    bell.ring()
  })
  try {
    for (;;) {
      signal.throwIfAborted()
      const ring = bell.next(signal)
      ring.catch(() => undefined)
      for (const [id, job] of waiting) {
        waiting.delete(id)
        yield job
      }
      if (waiting.size === 0) await ring
    }
  } finally {
    stop()
  }
}
