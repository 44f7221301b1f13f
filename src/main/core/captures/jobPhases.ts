import type { CaptureTimeline } from '../../../shared/captures/captures.schema.ts'
import type { CameraId } from '../../../shared/devices/ids.ts'
import type { Job } from '../../../shared/jobs/reduceJob.ts'

/** Phases of a camera's jobs that touch that time, in order; each with the end that the journal knows. */
export function phasesWithin(jobs: readonly Job[], camera: CameraId, fromMs: number, untilMs: number): CaptureTimeline['phases'] {
  return jobs.filter((job) => job.camera === camera).flatMap((job) => job.phases.flatMap(({ name, startedAtMs, elapsedMs }) => {
    if (startedAtMs === undefined) return []
    // A phase that was cut short ends with its job.
    const endMs = elapsedMs === undefined ? job.endedAtMs : startedAtMs + elapsedMs
    if (startedAtMs >= untilMs || (endMs ?? Infinity) < fromMs) return []
    const title = job.plan.phases.find((planned) => planned.name === name)?.title ?? name
    return [{ job: job.id, title: job.title, phase: title, fromMs: startedAtMs, ...(endMs === undefined ? {} : { untilMs: endMs }) }]
  })).sort((a, b) => a.fromMs - b.fromMs)
}
