import type { BatchPlan, BatchTarget } from '../../../shared/batch/batchPlan.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { PodSpec } from '../rack/rackBook.ts'

export interface ChosenCameras {
  readonly targets: readonly BatchTarget[]
  /** Set aside for maintenance: a batch does not take them either. */
  readonly aside: readonly string[]
}

/** The cameras that a plan means, in the order of the rack, each once. An id that is not there is a mistake of the whole plan. */
export function chooseCameras({ cameras: { labels, ids } }: Pick<BatchPlan, 'cameras'>, pods: readonly PodSpec[], supplyOf: (spec: PodSpec) => string): ChosenCameras {
  const isNamed = ({ cameraId, cameraName }: PodSpec, wanted: string): boolean => cameraId === wanted || cameraName === wanted
  const missing = ids.find((wanted) => !pods.some((spec) => isNamed(spec, wanted)))
  if (missing !== undefined) throw new WorkbenchError('input/not-found', `There is no camera ${missing} in the rack`, { context: { camera: missing }, hint: '"rackbench rack list" names those that are there' })
  const chosen = pods.filter((spec) => ids.some((wanted) => isNamed(spec, wanted)) || labels.some((label) => spec.inventory?.labels.includes(label) === true))
  return {
    targets: chosen.filter(({ inventory }) => !inventory?.maintenance).map((spec) => ({ camera: spec.cameraId, name: spec.cameraName, pod: supplyOf(spec) })),
    aside: chosen.filter(({ inventory }) => inventory?.maintenance).map(({ cameraName }) => cameraName),
  }
}
