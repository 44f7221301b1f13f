import type { NodePhase, PhaseCounts, Rollout, RolloutPoint } from '../../../shared/ota/registry.schema.ts'
import { type Status, status } from '../../ui/stateWords.ts'

const states: Readonly<Record<NodePhase, Status>> = {
  'waiting': status('off', 'waiting'), 'fetching': status('unknown', 'fetching'), 'fetched': status('unknown', 'fetched'), 'pending': status('busy', 'pending'), 'running': status('ok', 'running'),
  'fell-back': status('bad', 'fell back'), 'never-takes': status('warn', 'will never take it'), 'held': status('off', 'held back'), 'unknown': status('unknown', 'unknown'),
}
export const phaseStatus = (phase: NodePhase): Status => states[phase]

/** In the order in which a node goes through them; what stands outside of a rollout comes last. */
const order: readonly NodePhase[] = ['waiting', 'fetching', 'fetched', 'pending', 'running', 'fell-back', 'never-takes', 'held', 'unknown']
/** The steps of every rollout, also where nobody stands; of the others those that are there. */
const always: ReadonlySet<NodePhase> = new Set(['waiting', 'fetching', 'pending', 'running', 'fell-back'])
export const phaseRow = (counts: Partial<PhaseCounts>): readonly { readonly phase: NodePhase; readonly count: number }[] =>
  order.map((phase) => ({ phase, count: counts[phase] ?? 0 })).filter(({ phase, count }) => always.has(phase) || count > 0)

/** From the bottom; what is left to the top are nodes that take no part. */
export const plotLayers = ['running', 'pending', 'fetching', 'fellBack', 'waiting'] as const
export type PlotLayer = (typeof plotLayers)[number]
export interface PlotBand { readonly layer: PlotLayer; readonly path: string }
export interface Plot { readonly bands: readonly PlotBand[]; readonly top: number; readonly fromMs: number; readonly toMs: number }

const leastSpanMs = 10_000

/** Steps and no slopes: between two points nothing was different from the first. */
export function plotOf({ points }: Pick<Rollout, 'points'>, nowMs: number, wide: number, high: number): Plot | undefined {
  const [first] = points
  const last = points.at(-1)
  if (!first || !last) return undefined
  const fromMs = first.atMs
  const toMs = Math.max(last.atMs, nowMs, fromMs + leastSpanMs)
  const untilMs = Math.max(last.atMs, nowMs)
  const top = Math.max(1, ...points.map(({ nodes }) => nodes))
  const x = (atMs: number): string => ((Math.max(fromMs, atMs) - fromMs) / (toMs - fromMs) * wide).toFixed(1)
  const y = (count: number): string => (high - Math.min(1, count / top) * high).toFixed(1)
  const ends = points.map((_, index) => points[index + 1]?.atMs ?? untilMs)
  const below = (point: RolloutPoint, layers: readonly PlotLayer[]): number => layers.reduce((sum, layer) => sum + point[layer], 0)
  const bands = plotLayers.map((layer, index) => {
    const upper = points.flatMap((point, at) => { const level = y(below(point, plotLayers.slice(0, index + 1))); return [`${x(point.atMs)},${level}`, `${x(ends[at] ?? untilMs)},${level}`] })
    const lower = points.flatMap((point, at) => { const level = y(below(point, plotLayers.slice(0, index))); return [`${x(point.atMs)},${level}`, `${x(ends[at] ?? untilMs)},${level}`] })
    return { layer, path: `M${[...upper, ...lower.toReversed()].join('L')}Z` }
  })
  return { bands, top, fromMs, toMs }
}

/** Names with commas or spaces between them. */
export const namesOf = (text: string): string[] => [...new Set(text.split(/[\s,]+/).filter(Boolean))]
