import type { CameraId } from '../../../shared/devices/ids.ts'
import type { CameraView } from '../../../shared/rack/rackView.schema.ts'

export interface BroadcastTargets {
  readonly gets: readonly CameraView[]
  /** Chosen, and will not get it: why, in words. */
  readonly not: readonly { readonly id: CameraId; readonly name: string; readonly why: string; readonly byHand: boolean }[]
}

/** Why nothing can be typed to it now; what the rack says, so the workbench may still refuse one. */
function whyNotTyped(camera: CameraView): string | undefined {
  if (camera.console === 'lent') return `${camera.leaseHolder ?? 'a job'} has its console`
  if (camera.console === 'connecting') return 'its console is connecting'
  if (camera.console === 'closed') return camera.consoleNote || 'its console is closed'
  return camera.power === 'off' ? 'its power is off' : undefined
}

/** Everybody who was chosen is in one of the two lists, also who is not in the rack any more. */
export function broadcastTargets(chosen: ReadonlySet<CameraId>, out: ReadonlySet<CameraId>, byId: ReadonlyMap<CameraId, CameraView>): BroadcastTargets {
  const gets: CameraView[] = []
  const not: { id: CameraId; name: string; why: string; byHand: boolean }[] = []
  for (const id of chosen) {
    const camera = byId.get(id)
    const why = camera ? whyNotTyped(camera) : 'not in the rack any more'
    if (out.has(id)) not.push({ id, name: camera?.name ?? id, why: 'taken out by hand', byHand: true })
    else if (why !== undefined || !camera) not.push({ id, name: camera?.name ?? id, why: why ?? '', byHand: false })
    else gets.push(camera)
  }
  return { gets, not }
}
