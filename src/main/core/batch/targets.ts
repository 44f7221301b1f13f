import type { BatchPlan, BatchTarget } from '../../../shared/batch/batchPlan.schema.ts'
import type { OfferedCamera } from '../../../shared/batch/batchQueue.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

export interface ChosenCameras {
  readonly targets: readonly BatchTarget[]
  /** Set aside for maintenance: a batch does not take them either. */
  readonly aside: readonly string[]
}

/** The cameras that a plan means, in the order of the rack, each once. An id that is not there is a mistake of the whole plan. */
export function chooseCameras({ cameras: { labels, ids } }: Pick<BatchPlan, 'cameras'>, there: readonly OfferedCamera[]): ChosenCameras {
  const isNamed = ({ cameraId, cameraName }: OfferedCamera, wanted: string): boolean => cameraId === wanted || cameraName === wanted
  const missing = ids.find((wanted) => !there.some((spec) => isNamed(spec, wanted)))
  if (missing !== undefined) throw new WorkbenchError('input/not-found', `There is no camera ${missing} in the rack`, { context: { camera: missing }, hint: '"rackbench rack list" names those that are there' })
  const chosen = there.filter((spec) => ids.some((wanted) => isNamed(spec, wanted)) || labels.some((label) => spec.labels.includes(label)))
  return {
    targets: chosen.filter(({ isAside }) => !isAside).map((spec) => ({ camera: spec.cameraId, name: spec.cameraName, pod: spec.supply })),
    aside: chosen.filter(({ isAside }) => isAside).map(({ cameraName }) => cameraName),
  }
}
