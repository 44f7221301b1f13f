import type { DrawPoint } from '../../../shared/rack/drawHistory.schema.ts'

/** Six hours of a reading every 15 s. */
const mostPoints = 1_440
/** What is the same is written beside the capture once a minute, so that a replay knows that it was still looked at. */
const sameEveryMs = 60_000
const sameWithinWatts = 0.1

export interface DrawHistory {
  /** `undefined`: it cannot be told from now on. */
  tell(watts: number | undefined): void
  /** Oldest first. */
  points(): DrawPoint[]
}

/** The last hours of one camera. `keep` is told less often: only of what changed, and once a minute. */
export function createDrawHistory(wallMs: () => number, keep: (watts: number | undefined) => void = () => undefined): DrawHistory {
  // A rack of a hundred is looked at for months: numbers, not objects, and none before the first reading.
  let times = new Float64Array(0)
  let values = new Float32Array(0)
  let count = 0
  let last: number | undefined
  let kept: { readonly watts: number | undefined; readonly atMs: number } = { watts: undefined, atMs: 0 }
  return {
    tell: (watts) => {
      if (watts === undefined && last === undefined) return
      if (times.length === 0) { times = new Float64Array(mostPoints); values = new Float32Array(mostPoints) }
      const atMs = wallMs()
      last = watts
      times[count % mostPoints] = atMs
      values[count % mostPoints] = watts ?? Number.NaN
      count += 1
      const isSame = watts !== undefined && kept.watts !== undefined && Math.abs(watts - kept.watts) < sameWithinWatts
      if (isSame && atMs - kept.atMs < sameEveryMs) return
      kept = { watts, atMs }
      keep(watts)
    },
    points: () => {
      const length = Math.min(count, mostPoints)
      return Array.from({ length }, (_, index) => {
        const at = (count - length + index) % mostPoints
        const [atMs = 0, watts = Number.NaN] = [times[at], values[at]]
        // A single decimal too many would be an accuracy that no switch has.
        return Number.isNaN(watts) ? { atMs } : { atMs, watts: Math.round(watts * 1000) / 1000 }
      })
    },
  }
}
