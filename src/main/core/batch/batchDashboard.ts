import { type BatchDashboard, type BootPoints, type Histogram, mostBootPoints, mostEvidence } from '../../../shared/batch/batchView.schema.ts'
import { causesOf, grouped, imageName, passedOf, phaseTimes } from './batchFigures.ts'
import type { Batch } from './batchState.ts'

const bins = 32

/** `values` is not empty, and not spread into arguments: a hundred thousand of them are more than a call takes. */
export function histogramOf(name: string, values: readonly number[]): Histogram {
  const [leastMs, mostMs] = [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), 0)]
  const counts = Array.from({ length: bins }, () => 0)
  // All alike is one bar at the left, and no division by nothing.
  const width = Math.max((mostMs - leastMs) / bins, Number.EPSILON)
  for (const value of values) { const at = Math.min(bins - 1, Math.floor((value - leastMs) / width)); counts[at] = (counts[at] ?? 0) + 1 }
  return { name, count: values.length, leastMs, mostMs, bins: counts }
}

/** Every so-many-th, so that the shape stays; never more than `most`. */
export function evenly<T>(all: readonly T[], most: number): readonly T[] {
  const step = Math.max(1, all.length / most)
  return Array.from({ length: Math.min(all.length, most) }, (_, index) => all[Math.floor(index * step)]).filter((each) => each !== undefined)
}

function bootPoints(batch: Batch): BootPoints[] {
  const boots = passedOf(batch).flatMap(({ item, bootMs }) => (bootMs === undefined ? [] : [[imageName(item), { cycle: item.cycle, camera: item.target.name, ms: bootMs }] as const]))
  return [...grouped(boots)].map(([image, points]) => ({ image, count: points.length, points: [...evenly(points, mostBootPoints)] }))
}

/** The kernel's own time differs from boot to boot, and the sentence is the same. */
const kernelTime = /\[ *\d+\.\d+\] */g

function evidenceOf(batch: Batch): BatchDashboard['causes'] {
  const sentences = new Map<string, Map<string, number>>()
  for (const { attempts } of batch.items) {
    for (const { result } of attempts) {
      if (!result || result.outcome === 'passed') continue
      const cause = result.cause ?? 'unknown'
      const said = (result.evidence ?? result.error?.message ?? `It ended as ${result.outcome}, and nothing was said`).replace(kernelTime, '')
      const known = sentences.get(cause) ?? new Map<string, number>()
      known.set(said, (known.get(said) ?? 0) + 1)
      sentences.set(cause, known)
    }
  }
  return causesOf(batch).map(({ cause, count }) => {
    const all = [...(sentences.get(cause) ?? [])].map(([sentence, times]) => ({ sentence, count: times })).sort((a, b) => b.count - a.count)
    return { cause, count, kinds: all.length, evidence: all.slice(0, mostEvidence) }
  })
}

export const dashboardOf = (batch: Batch): BatchDashboard => ({
  phases: [...phaseTimes(batch)].map(([name, values]) => histogramOf(name, values)), boots: bootPoints(batch), causes: evidenceOf(batch),
})
