import type { JobEvent } from '../../../shared/jobs/jobEvent.ts'
import { type Job, reduceJob } from '../../../shared/jobs/reduceJob.ts'

/** `undefined` for no events at all. Throws what the fold throws. */
export function foldEvents(events: readonly JobEvent[], job?: Job): Job | undefined {
  return events.reduce<Job | undefined>((sum, event) => reduceJob(sum, event), job)
}

/** Only these may be thinned out, and only these may be lost by a power cut. */
export const isProgress = (type: JobEvent['type']): boolean => type === 'phase-progressed' || type === 'staging-progressed'
