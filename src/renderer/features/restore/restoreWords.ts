import type { Job } from '../../../shared/jobs/reduceJob.ts'
import type { RestorePlan } from '../../../shared/restore/restore.schema.ts'
import { address, flashSize, roundSize } from '../../ui/format.ts'

export interface CancelWords {
  readonly button: string
  readonly note: string
  readonly possible: boolean
}

/** A phase that must not be cut says so before the person presses, and again while it goes on. */
export function cancelWords(job: Job): CancelWords {
  const phase = job.plan.phases.find(({ name }) => name === job.phase)
  // "Stop after kernel", not "Stop after Write and prove kernel".
  const title = phase?.name.startsWith('write:') ? phase.name.slice('write:'.length) : phase?.title ?? 'this phase'
  if (phase?.cancel === 'at-end') {
    return job.cancelRequested
      ? { button: `Stops after ${title}`, note: `${title} must not be cut off; nothing is begun after it`, possible: false }
      : { button: `Stop after ${title}`, note: `${title} must not be cut off`, possible: true }
  }
  return job.cancelRequested ? { button: 'Stopping', note: 'putting things back', possible: false } : { button: 'Cancel', note: '', possible: true }
}

/** What a person is about to lose, in one sentence. */
export function overwriteWords(plan: Pick<RestorePlan, 'cameraName' | 'podName' | 'partitions' | 'flashBytes'>): string {
  const total = plan.partitions.reduce((sum, { eraseBytes }) => sum + eraseBytes, 0)
  return `${plan.cameraName} on ${plan.podName}: ${String(plan.partitions.length)} ${plan.partitions.length === 1 ? 'partition' : 'partitions'}, ${roundSize(total)} of ${plan.flashBytes > 0 ? roundSize(plan.flashBytes) : 'its'} flash will be erased and written. What is there now is lost.`
}

export const rangeWords = (offsetBytes: number, lengthBytes: number): string =>
  `${address(offsetBytes)}\u2013${address(offsetBytes + Math.max(0, lengthBytes - 1))} · ${flashSize(lengthBytes)}`

/** How far the phase that works on this partition is, in percent. */
export function partitionPercent(job: Job, name: string): number | undefined {
  const load = job.plan.partitions.find((part) => part.name === name)?.load
  const phase = job.phases.find((one) => one.state === 'running' && (one.name === `write:${name}` || one.name === `fetch:${String(load)}`))
  const { progress } = phase ?? {}
  return progress && progress.totalBytes > 0 ? Math.floor((100 * progress.doneBytes) / progress.totalBytes) : undefined
}

export function remainingMs(job: Job, nowMs: number): number {
  return job.phases.reduce((sum, phase, index) => {
    const forecast = job.plan.phases[index]?.forecastMs ?? 0
    if (phase.state === 'waiting') return sum + forecast
    if (phase.state === 'running') return sum + Math.max(0, forecast - (nowMs - (phase.startedAtMs ?? nowMs)))
    return sum
  }, 0)
}
