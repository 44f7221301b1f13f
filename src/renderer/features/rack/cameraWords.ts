import { filterWords, textMatches } from '../../../shared/rack/filterWords.ts'
import type { CameraView, PodView } from '../../../shared/rack/rackView.schema.ts'
import { cameraStatus } from '../../ui/stateWords.ts'

/** All that a camera is found by: names, chip, what it does, what it runs, its labels and its place. */
function wordsOf(camera: CameraView, pod: string): string {
  const { inventory, firmware, alarms } = camera
  return [
    camera.name, pod, camera.chip, cameraStatus(camera).word, camera.life, camera.lifeNote, firmware?.text, alarms && 'alarm',
    ...(inventory?.labels ?? []), inventory?.group, inventory?.place?.rack, inventory?.maintenance && 'maintenance', camera.leaseHolder && `held ${camera.leaseHolder}`,
  ].filter(Boolean).join(' ').toLowerCase()
}

export function matchesWords(camera: CameraView, pod: string, filter: string): boolean {
  const words = filterWords(filter)
  return words.length === 0 || textMatches(wordsOf(camera, pod), words)
}

/** Pods with the cameras that are wanted; pods without any are left out, unless all is wanted. */
export function shownPods(pods: readonly PodView[], life: string | undefined, filter: string): readonly PodView[] {
  if (life === undefined && filter.trim() === '') return pods
  return pods
    .map((pod) => ({ ...pod, cameras: pod.cameras.filter((camera) => (life === undefined || camera.life === life) && matchesWords(camera, pod.name, filter)) }))
    .filter(({ cameras }) => cameras.length > 0)
}
