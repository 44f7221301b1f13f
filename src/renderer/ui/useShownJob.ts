import { computed, type ComputedRef, watch } from 'vue'
import type { JobId } from '../../shared/devices/ids.ts'
import type { WireError } from '../../shared/errors/workbenchError.ts'
import type { Job, WorkflowName } from '../../shared/jobs/reduceJob.ts'
import type { CameraView } from '../../shared/rack/rackView.schema.ts'
import { useJobsStore } from '../stores/jobs.ts'
import { useViewStore } from '../stores/view.ts'

/** The job of one kind that a tab shows: the one picked in the list, the one that runs, or the last, unless the person plans afresh. */
export function useShownJob(camera: () => CameraView, workflow: WorkflowName, desk: { lastJob: JobId | undefined; fresh: boolean }): { readonly job: ComputedRef<Job | undefined>; readonly problem: ComputedRef<WireError | undefined>; readonly again: () => void } {
  const jobs = useJobsStore()
  const view = useViewStore()
  const id = computed(() => {
    if (view.job) return view.job
    const own = camera().job?.workflow === workflow ? camera().job : undefined
    const running = own?.state === 'running' || own?.state === 'queued'
    return running || !desk.fresh ? own?.id ?? desk.lastJob : undefined
  })
  watch(id, (now) => { if (now) void jobs.follow(now) }, { immediate: true })
  const job = computed(() => {
    const found = id.value ? jobs.jobs.get(id.value) : undefined
    return found?.workflow === workflow ? found : undefined
  })
  watch(job, (now) => { if (now) desk.lastJob = now.id }, { immediate: true })
  const again = (): void => { view.job = undefined; desk.fresh = true }
  return { job, again, problem: computed(() => (id.value && !job.value ? jobs.problems.get(id.value) : undefined)) }
}
