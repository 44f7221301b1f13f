import type { PowerStep } from '../../src/shared/rack/powerAct.schema.ts'
import { drawScene } from '../../src/main/sim/scene.ts'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import { type ByteLaneEnd, type LaneRequest, maxLaneBytes } from '../../src/shared/rpc/byteLane.ts'
import { encodePictureFrame } from '../../src/shared/rpc/pictureFrame.ts'
import type { FixtureRack } from './fixtureRack.ts'

/** One picture for each camera that has an address and is booted; of one of them it is old. */
export function serveFixturePictures(end: ByteLaneEnd, rack: () => FixtureRack, nowMs: () => number): (request: LaneRequest) => void {
  return ({ do: what, camera }) => {
    const view = rack().cameras.get(camera)?.view
    if (what !== 'watch-picture' || view?.picture === undefined || !['booted', 'working', 'failed'].includes(view.life)) return
    const serial = Number(camera.replace(/\D/g, ''))
    const bytes = drawScene(serial, 4000)
    const takenAtMs = nowMs() - (view.life === 'booted' ? 2_400 : 94_000)
    for (let offsetBytes = 0; offsetBytes < bytes.length; offsetBytes += maxLaneBytes) {
      end.send(encodePictureFrame({ camera, offsetBytes, sequence: 1, takenAtMs, lengthBytes: bytes.length, piece: bytes.subarray(offsetBytes, offsetBytes + maxLaneBytes) }))
    }
  }
}

export function outcomeOf(rack: FixtureRack, cameraId: CameraId): PowerStep {
  const view = rack.cameras.get(cameraId)?.view
  if (view?.life === 'working') return { cameraId, state: 'refused', note: `${view.name} is in use by job-running; its power stays as it is` }
  if (view?.life === 'unknown') return { cameraId, state: 'failed', note: 'The pod does not answer' }
  if (view?.life === 'silent') return { cameraId, state: 'refused', note: 'not begun: 61.4 W of the 65 W of RouterOS at 10.0.0.2:8728 are drawn or promised, and this camera may draw 7 W, because it was never measured' }
  return { cameraId, state: 'done', note: 'read back' }
}
