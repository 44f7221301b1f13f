import type { BootPoints, Histogram } from '../../../shared/batch/batchView.schema.ts'

export interface Bar { readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly count: number; readonly fromMs: number }

/** A bar for each bin that holds something. */
export function barsOf({ bins, leastMs, mostMs }: Histogram, wide: number, high: number): readonly Bar[] {
  const tallest = Math.max(1, ...bins)
  const width = wide / Math.max(1, bins.length)
  const span = (mostMs - leastMs) / Math.max(1, bins.length)
  return bins.flatMap((count, index) => {
    // One of a thousand has to be seen, too.
    const height = Math.max(2, count / tallest * high)
    return count === 0 ? [] : [{ x: index * width, y: high - height, width, height, count, fromMs: leastMs + index * span }]
  })
}

/** Where a time stands between the least and the most; all alike stand at the left. */
export const placeOf = (ms: number, { leastMs, mostMs }: Histogram, wide: number): number => (mostMs > leastMs ? Math.min(1, Math.max(0, (ms - leastMs) / (mostMs - leastMs))) * wide : 0)

export interface BootDots { readonly image: string; readonly count: number; readonly path: string }
export interface BootField { readonly dots: readonly BootDots[]; readonly topMs: number; readonly lastCycle: number }

const digits = (value: number): string => String(Number(value.toFixed(1)))
function niceTop(ms: number): number {
  const unit = 10 ** Math.floor(Math.log10(ms))
  return ([1, 2, 3, 4, 5, 6, 8, 10].find((times) => times * unit >= ms) ?? 10) * unit
}

/** One path for each image, a dot a boot: thousands of elements would be slow. */
export function bootField(boots: readonly BootPoints[], wide: number, high: number): BootField | undefined {
  const all = boots.flatMap(({ points }) => points)
  if (all.length === 0) return undefined
  const longest = all.reduce((most, { ms }) => Math.max(most, ms), 0)
  const lastCycle = all.reduce((most, { cycle }) => Math.max(most, cycle), 1)
  const topMs = niceTop(Math.max(1_000, longest * 1.05))
  const x = (cycle: number): number => (lastCycle === 1 ? wide / 2 : (cycle - 1) / (lastCycle - 1) * wide)
  const y = (ms: number): number => high - ms / topMs * high
  return { topMs, lastCycle, dots: boots.map(({ image, count, points }) => ({ image, count, path: points.map(({ cycle, ms }) => `M${digits(x(cycle))},${digits(y(ms))}h.01`).join('') })) }
}
