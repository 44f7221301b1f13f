import { type DrawPoint, drawHoldsMs } from '../../shared/rack/drawHistory.schema.ts'

interface Field { readonly fromMs: number; readonly untilMs: number; readonly wide: number; readonly high: number; readonly topWatts: number }

/** Above all readings and a round figure, so that two cameras side by side look alike. */
export const topOf = (points: readonly DrawPoint[]): number => Math.max(2, Math.ceil(Math.max(0, ...points.map(({ watts = 0 }) => watts)) * 1.1))

/** A reading holds until the next one, and no longer than it can be believed; a gap is a gap. */
export function drawPath(points: readonly DrawPoint[], { fromMs, untilMs, wide, high, topWatts }: Field): string {
  const x = (atMs: number): string => (Math.min(1, Math.max(0, (atMs - fromMs) / Math.max(1, untilMs - fromMs))) * wide).toFixed(1)
  const y = (watts: number): string => (high - Math.min(1, watts / topWatts) * high).toFixed(1)
  let path = ''
  let isDown = false
  points.forEach(({ atMs, watts }, index) => {
    if (watts === undefined) { isDown = false; return }
    path += `${isDown ? `V${y(watts)}` : `M${x(atMs)},${y(watts)}`}`
    const next = points[index + 1]?.atMs ?? untilMs
    const endMs = Math.min(next, atMs + drawHoldsMs)
    path += `H${x(endMs)}`
    isDown = endMs === next
  })
  return path
}

/** What it drew at that moment; `undefined` where nobody knows. */
export function drawAt(points: readonly DrawPoint[], atMs: number): number | undefined {
  const last = points.findLast((point) => point.atMs <= atMs)
  return last && atMs - last.atMs <= drawHoldsMs ? last.watts : undefined
}

/** Without its gaps: the least, the most and the last. */
export function drawFigures(points: readonly DrawPoint[]): { readonly least: number; readonly most: number; readonly mean: number } | undefined {
  const known = points.flatMap(({ watts }) => (watts === undefined ? [] : [watts]))
  return known.length === 0 ? undefined : { least: Math.min(...known), most: Math.max(...known), mean: known.reduce((sum, watts) => sum + watts, 0) / known.length }
}
