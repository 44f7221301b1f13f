import type { JobId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { isFinished } from '../../shared/jobs/reduceJob.ts'
import type { JobBook } from '../core/jobs/jobBook.ts'
import type { InstallDesk } from './installDesk.ts'
import type { RestoreDesk } from './restoreDesk.ts'

export interface ResumeDeps {
  readonly jobs: JobBook
  readonly desk: RestoreDesk
  readonly installs: InstallDesk
}

/** The same input planned again and started: the chip, and not the journal, says what is left to do. */
export async function resumeJob({ jobs, desk, installs }: ResumeDeps, jobId: JobId, signal: AbortSignal): Promise<JobId> {
  const job = jobs.get(jobId)
  if (!isFinished(job)) throw new WorkbenchError('input/conflict', 'This job is still running')
  if (job.state === 'succeeded') throw new WorkbenchError('input/conflict', 'This job has succeeded; there is nothing to resume')
  // What was accepted is known since; nobody has said that of yet another camera.
  if (job.workflow === 'restore') return desk.start({ ...job.plan.request, acceptIdentity: undefined }, undefined, signal)
  if (job.workflow === 'install') return installs.start({ ...job.plan.request, acceptIdentity: undefined }, undefined, signal)
  throw new WorkbenchError('input/not-supported', `A ${job.workflow} is not resumed`, { hint: 'Start it again' })
}
