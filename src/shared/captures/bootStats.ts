import { type Boot, type BootPhase, bootPhases } from './boots.schema.ts'

export interface BootSpan { readonly phase: BootPhase; readonly fromMs: number; readonly ms: number }

/** Each phase until the next one that was seen; of the last one nobody knows the end, and `login` is an end itself. */
export function spansOf({ begins }: Boot): BootSpan[] {
  const seen = bootPhases.flatMap((phase) => { const fromMs = begins[phase]; return fromMs === undefined ? [] : [{ phase, fromMs }] })
  return seen.slice(0, -1).map(({ phase, fromMs }, index) => ({ phase, fromMs, ms: Math.max(0, (seen[index + 1]?.fromMs ?? fromMs) - fromMs) }))
}

/** From the first line to the login prompt; nothing for a boot that never got there. */
export const totalOf = ({ begins }: Boot): number | undefined => begins.login

export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}

/** Further from the median than this is an outlier: four times the usual distance, and at least a twentieth, because serial lines jitter. */
export function outlierDistance(values: readonly number[]): number {
  const middle = median(values) ?? 0
  return Math.max(4 * (median(values.map((value) => Math.abs(value - middle))) ?? 0), middle / 20)
}

export interface BootGroup {
  readonly camera: Boot['camera']
  readonly firmware: string
  /** Newest first, as they came. */
  readonly boots: readonly Boot[]
  readonly finished: number
  readonly medianMs: number | undefined
  /** 95 of 100 of them took no longer; of fewer than twenty that would be the longest one. */
  readonly mostMs: number | undefined
  readonly phaseMedians: Readonly<Partial<Record<BootPhase, number>>>
  /** Of finished boots whose time is far from the median. */
  readonly outliers: ReadonlySet<Boot>
}

/** By camera and firmware; the group with the newest boot comes first. */
export function groupBoots(boots: readonly Boot[]): BootGroup[] {
  const groups = new Map<string, Boot[]>()
  for (const boot of boots) {
    const key = JSON.stringify([boot.camera, boot.firmware])
    const group = groups.get(key)
    if (group) group.push(boot)
    else groups.set(key, [boot])
  }
  return [...groups.values()].flatMap((group) => (group[0] ? [groupOf(group, group[0])] : []))
}

function groupOf(boots: readonly Boot[], { camera, firmware }: Boot): BootGroup {
  const totals = boots.flatMap((boot) => totalOf(boot) ?? [])
  const medianMs = median(totals)
  const limit = outlierDistance(totals)
  const spans = new Map<BootPhase, number[]>()
  for (const boot of boots) {
    for (const { phase, ms } of spansOf(boot)) {
      const known = spans.get(phase)
      if (known) known.push(ms)
      else spans.set(phase, [ms])
    }
  }
  return {
    camera, firmware, boots, medianMs, mostMs: totals.length < 20 ? undefined : [...totals].sort((a, b) => a - b)[Math.ceil(totals.length * 0.95) - 1], finished: totals.length,
    phaseMedians: Object.fromEntries([...spans].map(([phase, values]) => [phase, median(values) ?? 0])),
    outliers: new Set(boots.filter((boot) => { const ms = totalOf(boot); return ms !== undefined && medianMs !== undefined && Math.abs(ms - medianMs) > limit })),
  }
}

/** Of fewer boots a difference says nothing. */
const leastCompared = 3

export interface FirmwareChange { readonly firmware: string; readonly medianMs: number; readonly percent: number }

/** The firmware that the same camera ran before, and by how much this one takes longer to the login prompt; less than 0 is quicker. */
export function changeOf(groups: readonly BootGroup[], group: BootGroup): FirmwareChange | undefined {
  const newestMs = ({ boots }: BootGroup): number => boots[0]?.startMs ?? 0
  const [before] = groups
    .filter((each) => each.camera === group.camera && each.firmware !== group.firmware && each.firmware !== '' && newestMs(each) < newestMs(group))
    .sort((a, b) => newestMs(b) - newestMs(a))
  if (!before?.medianMs || group.medianMs === undefined || Math.min(before.finished, group.finished) < leastCompared) return undefined
  return { firmware: before.firmware, medianMs: before.medianMs, percent: Math.round((100 * (group.medianMs - before.medianMs)) / before.medianMs) }
}
