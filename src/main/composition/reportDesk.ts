import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolders } from '../drivers/files/makeFolders.ts'
import type { JobId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { isFinished } from '../../shared/jobs/reduceJob.ts'
import type { JobBook } from '../core/jobs/jobBook.ts'
import { renderReportHtml } from '../core/report/reportHtml.ts'
import { renderReportJson } from '../core/report/reportJson.ts'

export interface ReportDesk {
  /** Writes the file (again) and gives its text. A job that runs has no report yet. */
  read(id: JobId, format: 'html' | 'json'): Promise<{ readonly text: string; readonly path: string }>
}

/** One report for each job, in two formats, beside the journal. */
export function createReportDesk(deps: { readonly jobs: JobBook; readonly folder: string }): ReportDesk {
  let writes = 0
  return {
    read: async (id, format) => {
      const job = deps.jobs.get(id)
      if (!isFinished(job)) throw new WorkbenchError('input/conflict', 'The report is written when the job has ended')
      const text = format === 'html' ? renderReportHtml(job) : renderReportJson(job)
      // The id's alphabet is checked where it is made, so it cannot name another folder.
      const path = join(deps.folder, `${job.id}.${format}`)
      try {
        await makeFolders(deps.folder)
        // Whoever opens it meanwhile sees the old one or the new one, never half of it.
        writes += 1
        const fresh = `${path}.${writes}.new`
        await writeFile(fresh, text)
        await rename(fresh, path)
      } catch (cause) {
        throw new WorkbenchError('host/io', `The report cannot be written to ${path}`, { cause, hint: 'Is the disk full?' })
      }
      return { text, path }
    },
  }
}
