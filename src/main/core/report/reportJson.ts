import type { Job } from '../../../shared/jobs/reduceJob.ts'

/** The job as the journal tells it, for programs. `format` grows when a field changes its meaning. */
export function renderReportJson(job: Job): string {
  return `${JSON.stringify({ format: 1, product: 'Rackbench', ...job }, null, 2)}\n`
}
