import type { AuditAct } from '../../../shared/audit/audit.schema.ts'
import { isFinished, type Job } from '../../../shared/jobs/reduceJob.ts'
import type { AuditLog } from './auditLog.ts'

/** What a job may destroy; a dump and a look destroy nothing. */
function actOf(job: Job): AuditAct | undefined {
  switch (job.workflow) {
    case 'restore': case 'install': case 'burn': return job.workflow
    case 'agent': return job.plan.request.work.kind === 'write' ? 'agent write' : job.plan.request.work.kind === 'erase' ? 'agent erase' : undefined
    case 'update': return 'update device'
    case 'dump': return undefined
  }
}

export interface JobAudit {
  /** Throws when it cannot be written down, and then the job does not start. */
  before(job: Job): void
  after(job: Job): void
}

/** Each job that writes is in the audit log twice: before it begins, and with its verdict. */
export function createJobAudit(audit: AuditLog, cameraName: (job: Job) => string): JobAudit {
  const begun = new Map<string, { readonly seq: number; readonly subject: string }>()
  return {
    before: (job) => {
      const what = actOf(job)
      if (what) begun.set(job.id, audit.append({ what, subject: cameraName(job), details: { job: job.id, title: job.title } }))
    },
    after: (job) => {
      const entry = begun.get(job.id)
      if (!entry || !isFinished(job)) return
      begun.delete(job.id)
      audit.outcome(entry, { outcome: job.state, job: job.id, ...(job.verdict === undefined ? {} : { verdict: job.verdict }), ...(job.error === undefined ? {} : { code: job.error.code, why: job.error.message }) })
    },
  }
}

/** Jobs whose program was killed have a beginning and no end; theirs is written down by whoever starts next. */
export function auditLostJobs(audit: AuditLog, jobs: readonly Job[]): void {
  const entries = audit.list({ limit: 1000 })
  const ended = new Set(entries.filter(({ what }) => what === 'outcome').map(({ details }) => details['of']))
  for (const entry of entries.toReversed()) {
    const { job: id } = entry.details
    if (entry.what === 'outcome' || id === undefined || ended.has(entry.seq) || entry.what.startsWith('power')) continue
    const job = jobs.find((each) => each.id === id)
    if (job && isFinished(job)) audit.outcome(entry, { outcome: job.state, job: job.id, ...(job.verdict === undefined ? {} : { verdict: job.verdict }) })
  }
}
