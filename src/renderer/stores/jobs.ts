import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowRef } from 'vue'
import type { JobSummary } from '../../shared/contracts/workbench.contract.ts'
import type { CameraId, JobId } from '../../shared/devices/ids.ts'
import { Cancelled, type WireError, WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { isFinished, type Job, reduceJob } from '../../shared/jobs/reduceJob.ts'
import { keepFollowing } from '../composables/keepFollowing.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'

export const useJobsStore = defineStore('jobs', () => {
  const link = useWorkbench()
  const closing = new AbortController()
  onScopeDispose(() => { closing.abort(new Cancelled('the window closed')) })

  // Shallow and replaced whole: jobs are values, and deep proxies of them cost more than the fold.
  const jobs = shallowRef<ReadonlyMap<JobId, Job>>(new Map())
  const summaries = shallowRef<ReadonlyMap<JobId, JobSummary>>(new Map())
  const problems = shallowRef<ReadonlyMap<JobId, WireError>>(new Map())
  const listProblem = shallowRef<WireError>()
  const following = new Set<JobId>()

  const put = (id: JobId, job: Job | undefined): void => {
    const next = new Map(jobs.value)
    if (job) next.set(id, job)
    else next.delete(id)
    jobs.value = next
  }

  async function readEvents(id: JobId, signal: AbortSignal): Promise<'done' | 'again'> {
    const known = jobs.value.get(id)
    if (known && isFinished(known)) return 'done'
    try {
      for await (const event of await link.client.jobs.watch({ jobId: id, after: known?.sequence ?? 0 }, { signal })) {
        put(id, reduceJob(jobs.value.get(id), event))
      }
    } catch (error) {
      // A hole: forget the view of this job and read its whole story again.
      if (error instanceof WorkbenchError && error.code === 'link/gap') { put(id, undefined); return 'again' }
      throw error
    }
    const job = jobs.value.get(id)
    return job && isFinished(job) ? 'done' : 'again'
  }

  async function follow(id: JobId): Promise<void> {
    if (following.has(id)) return
    following.add(id)
    try {
      await keepFollowing(link, closing.signal, async (signal) => await readEvents(id, signal), (problem) => {
        if (problem) problems.value = new Map(problems.value).set(id, problem)
      })
    } finally {
      following.delete(id)
    }
  }

  void keepFollowing(link, closing.signal, async (signal) => {
    // Subscribed before the list is read, so that no job falls between the two.
    const news = await link.client.jobs.watchList({}, { signal })
    const list = await link.client.jobs.list({}, { signal })
    summaries.value = new Map(list.map((summary) => [summary.id, summary]))
    for await (const summary of news) summaries.value = new Map(summaries.value).set(summary.id, summary)
    return 'again'
  }, (problem) => { listProblem.value = problem })

  const list = computed(() => [...summaries.value.values()].sort((a, b) => b.queuedAtMs - a.queuedAtMs))
  const ofCamera = (id: CameraId): readonly JobSummary[] => list.value.filter(({ camera }) => camera === id)
  const cancel = async (id: JobId): Promise<void> => { await link.client.jobs.cancel({ jobId: id }) }
  const resume = async (id: JobId): Promise<JobId> => (await link.client.restore.resume({ jobId: id })).jobId
  const report = async (id: JobId): Promise<{ text: string; path: string }> => await link.client.jobs.report({ jobId: id, format: 'html' })
  return { jobs, problems, listProblem, list, ofCamera, follow, cancel, resume, report }
})
