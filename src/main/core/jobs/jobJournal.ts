import type { JobId } from '../../../shared/devices/ids.ts'
import type { JobEvent } from '../../../shared/jobs/jobEvent.ts'
import type { Job } from '../../../shared/jobs/reduceJob.ts'

/**
 * Append-only and the truth: what it does not hold has not happened. Synchronous on purpose, so that nobody can be told
 * of an event before it is kept.
 */
export interface JobJournal {
  /**
   * Kept before it returns, through a power cut too; progress alone may lose its last second that way.
   * `host/disk-full`, `host/io`; `internal/bug` for an event that could not be read again.
   */
  append(event: JobEvent): void
  /** Events of one job after that sequence, in order and without holes: a damaged row reads as a warning in its place. */
  read(job: JobId, after: number): JobEvent[]
  /** The newest jobs and every unfinished one, folded, oldest first. A job whose first event is damaged is reported and left out. */
  jobs(): Job[]
  /** The process that ran this job is gone, so an end must be written for it. */
  isAbandoned(job: JobId): boolean
  /** Events kept. */
  count(): number
  /** Rows that could not be read so far. */
  damaged(): number
  close(): void
}
