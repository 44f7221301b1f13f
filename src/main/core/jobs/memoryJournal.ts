import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type JobEvent, jobEventSchema } from '../../../shared/jobs/jobEvent.ts'
import type { Job } from '../../../shared/jobs/reduceJob.ts'
import { foldEvents } from './foldEvents.ts'
import type { JobJournal } from './jobJournal.ts'

/** For tests and for `--plan-only`: keeps nothing after the process. `fault` may throw in place of an append. */
export function createMemoryJournal(options: { readonly events?: readonly JobEvent[]; readonly fault?: (event: JobEvent) => void } = {}): JobJournal {
  const events = [...(options.events ?? [])]
  const known = new Set(events.map((event) => event.job))
  return {
    append: (event) => {
      options.fault?.(event)
      const checked = jobEventSchema.safeParse(event)
      if (!checked.success) throw new WorkbenchError('internal/bug', `"${event.type}" could not be read again`, { cause: checked.error })
      events.push(structuredClone(event))
    },
    read: (job, after) => events.filter((event) => event.job === job && event.sequence > after),
    jobs: () => [...new Set(events.map((event) => event.job))]
      .map((id) => foldEvents(events.filter((event) => event.job === id)))
      .filter((job): job is Job => job !== undefined),
    isAbandoned: (job) => known.has(job),
    count: () => events.length,
    damaged: () => 0,
    close: () => undefined,
  }
}
