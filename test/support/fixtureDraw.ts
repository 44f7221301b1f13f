import type { CameraId } from '../../src/shared/devices/ids.ts'
import type { DrawHistory, DrawPoint } from '../../src/shared/rack/drawHistory.schema.ts'

const everyMs = 15_000
const readings = 240

/** An hour of a camera that was cut and started once; none of one whose switch cannot tell. */
export function fixtureDraw(camera: CameraId, watts: number | undefined, nowMs: number): DrawHistory {
  if (watts === undefined) return { isMeasured: false, points: [] }
  const points = Array.from({ length: readings }, (_, index): DrawPoint => {
    const atMs = nowMs - (readings - 1 - index) * everyMs
    if (index >= 150 && index < 156) return { atMs }
    const base = index === readings - 1 ? watts : index >= 156 && index < 159 ? 1.2 : Math.max(watts, 0.2)
    return { atMs, watts: Math.round((base + Math.sin(index * 0.9 + camera.length) * 0.08 * Math.min(1, base)) * 100) / 100 }
  })
  return { isMeasured: true, points }
}
