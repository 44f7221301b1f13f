import type { DumpPlan, DumpRequest } from '../../src/shared/dump/dump.schema.ts'
import { type CameraId, type JobId, jobIdSchema } from '../../src/shared/devices/ids.ts'
import type { JobState } from '../../src/shared/jobs/reduceJob.ts'
import type { CameraView } from '../../src/shared/rack/rackView.schema.ts'

export const fixtureDumpPlan = (request: DumpRequest): DumpPlan => ({
  hash: 'd'.repeat(64), request, cameraName: request.cameraId, podName: 'pod-1', chip: 'hi3516ev300', flashBytes: 0, partitions: [],
  boot: { method: 'pod', profile: 'hi3516ev300.json', uboot: 'u-boot.bin', blobBytes: 240_000 }, loadAddress: 0x42000000, way: 'tftp', wayReason: 'the camera has a network',
  output: { path: request.outputPath, keptBytes: 0, freeBytes: 4e9 }, phases: [{ name: 'checks', title: 'Checks', cancel: 'anytime', forecastMs: 200 }], forecastMs: 90_000, warnings: [],
  refusals: request.cameraId === 'cam-09' ? [{ code: 'input/conflict', message: `${request.outputPath} is there already`, context: {} }] : [],
})

export interface FixtureQueue {
  start(workflow: 'restore' | 'dump', camera: CameraId): JobId
  cancel(job: JobId): void
  /** A job that waited is in this state from now on. */
  move(camera: CameraId, state: JobState): void
}

/** Many jobs, and no turn for any of them until a test gives it. */
export function createFixtureQueue(calls: string[], change: (camera: CameraId, more: (view: CameraView) => CameraView) => void): FixtureQueue {
  const cameras = new Map<JobId, CameraId>()
  const move = (camera: CameraId, state: JobState): void => { change(camera, (view) => (view.job ? { ...view, job: { ...view.job, state } } : view)) }
  return {
    start: (workflow, camera) => {
      const id = jobIdSchema.parse(`job-${workflow}-${camera}`)
      calls.push(`start ${id}`)
      cameras.set(id, camera)
      change(camera, (view) => ({ ...view, job: { id, workflow, state: 'queued', title: `${workflow} ${view.name}`, phase: '' } }))
      return id
    },
    cancel: (job) => {
      calls.push(`cancel ${job}`)
      const camera = cameras.get(job)
      if (camera) move(camera, 'cancelled')
    },
    move,
  }
}
