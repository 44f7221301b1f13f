import type { CauseClass } from '../../../shared/batch/batchPlan.schema.ts'
import type { BatchComparison, BatchDetails, BatchSummary, Figures, Flaky, ItemState, ItemView } from '../../../shared/batch/batchView.schema.ts'
import type { Batch, BatchItem } from './batchState.ts'
import { weigh } from './stopRules.ts'

/** The smallest value that at least this share of all is not above. `sorted` upwards. */
export const percentile = (sorted: readonly number[], share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0

export function figuresOf(name: string, values: readonly number[]): Figures {
  const sorted = values.toSorted((a, b) => a - b)
  return { name, count: sorted.length, medianMs: percentile(sorted, 0.5), p90Ms: percentile(sorted, 0.9), p99Ms: percentile(sorted, 0.99), maxMs: sorted.at(-1) ?? 0 }
}

export function grouped<T>(values: Iterable<readonly [string, T]>): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const [key, value] of values) {
    const known = groups.get(key)
    if (known) known.push(value)
    else groups.set(key, [value])
  }
  return groups
}

export const isBad = (state: ItemState): boolean => state === 'failed' || state === 'timed out'
export const imageName = (item: BatchItem): string => item.image?.name ?? 'as it is'

/** Of attempts that passed: how long a failure took says when it was noticed, not how long the work takes. */
export const passedOf = (batch: Batch): { readonly item: BatchItem; readonly bootMs: number | undefined; readonly phases: readonly { readonly name: string; readonly ms: number }[] }[] =>
  batch.items.flatMap((item) => item.attempts.flatMap(({ result }) => (result?.outcome === 'passed' ? [{ item, bootMs: result.bootMs, phases: result.phases }] : [])))

export const phaseTimes = (batch: Batch): Map<string, number[]> => grouped(passedOf(batch).flatMap(({ phases }) => phases.map(({ name, ms }) => [name, ms] as const)))
export const phaseFigures = (batch: Batch): Figures[] => [...phaseTimes(batch)].map(([name, values]) => figuresOf(name, values))

/** Boot times by image, as they came. */
export const bootTimes = (batch: Batch): Map<string, number[]> =>
  grouped(passedOf(batch).flatMap(({ item, bootMs }) => (bootMs === undefined ? [] : [[imageName(item), bootMs] as const])))

export function flakyOf(batch: Batch): Flaky[] {
  const judged = batch.items.filter(({ state }) => state === 'passed' || isBad(state))
  return [...grouped(judged.map((item) => [JSON.stringify([item.target.camera, imageName(item)]), item] as const)).values()].flatMap((items) => {
    const [first] = items
    const results = items.flatMap(({ attempts }) => attempts.flatMap(({ result }) => (result && result.cause !== 'infrastructure' ? [result] : [])))
    const failed = results.filter(({ outcome }) => outcome === 'failed' || outcome === 'timed out')
    const passed = results.filter(({ outcome }) => outcome === 'passed').length
    if (!first || passed === 0 || failed.length === 0) return []
    return [{ camera: first.target.camera, name: first.target.name, image: imageName(first), passed, failed: failed.length, where: [...new Set(failed.flatMap(({ where }) => where ?? []))].join(', ') }]
  }).sort((a, b) => b.failed / (b.failed + b.passed) - a.failed / (a.failed + a.passed))
}

/** How often each class was the reason of an attempt that did not pass. */
export function causesOf(batch: Batch): { readonly cause: CauseClass; readonly count: number }[] {
  const counts = new Map<CauseClass, number>()
  for (const { attempts } of batch.items) for (const { result } of attempts) if (result && result.outcome !== 'passed') counts.set(result.cause ?? 'unknown', (counts.get(result.cause ?? 'unknown') ?? 0) + 1)
  return [...counts].map(([cause, count]) => ({ cause, count })).sort((a, b) => b.count - a.count)
}

function passRate({ counts }: Batch): number | undefined {
  const judged = counts.passed + counts.failed + counts['timed out']
  return judged === 0 ? undefined : counts.passed / judged
}

/** Paused by its own plan and not by a person: nothing but the canary has begun. */
function afterCanary({ plan, targets, items, counts, isPaused, stage }: Batch): string {
  const canaries = Math.min(plan.canary?.cameras ?? 0, targets.length) * Math.max(1, plan.images.length)
  return isPaused && stage === 'rest' && plan.canary?.thenPause === true && counts.waiting === items.length - canaries ? 'The canary passed; the rest begins when a person has looked and goes on with it.' : ''
}

export function summaryOfBatch(batch: Batch): BatchSummary {
  const { id, plan, targets, items, counts, end, stop } = batch
  const rate = passRate(batch)
  const sequential = plan.stop.sequential && weigh(plan.stop.sequential, { passed: counts.passed, failed: counts.failed + counts['timed out'], items: items.length }).words
  return {
    id, name: plan.name, workflow: plan.workflow, state: end?.state ?? (stop ? 'stopping' : batch.isPaused ? 'paused' : batch.stage === 'canary' ? 'canary' : 'running'),
    sentence: end?.sentence ?? stop?.sentence ?? afterCanary(batch), cameras: targets.length, items: items.length, counts: { ...counts }, priority: plan.priority, queuedAtMs: batch.queuedAtMs, sequence: batch.sequence,
    ...(stop ? { reason: stop.reason } : {}), ...(rate === undefined ? {} : { passRate: rate }), ...(end ? { endedAtMs: end.atMs } : {}), ...(sequential === undefined ? {} : { sequential }),
  }
}

export function detailsOfBatch(batch: Batch): BatchDetails {
  return {
    ...summaryOfBatch(batch), plan: batch.plan, phases: phaseFigures(batch), boots: [...bootTimes(batch)].map(([name, values]) => figuresOf(name, values)), causes: causesOf(batch), flaky: flakyOf(batch),
    quarantined: batch.targets.flatMap(({ camera, name }) => { const sentence = batch.quarantined.get(camera); return sentence === undefined ? [] : [{ camera, name, sentence }] }),
  }
}

export const viewItem = (item: BatchItem): ItemView => ({
  item: item.number, camera: item.target.camera, name: item.target.name, image: imageName(item), cycle: item.cycle, canary: item.isCanary, state: item.state,
  ...(item.state === 'waiting' && item.attempts.length > 0 ? { notBeforeMs: item.notBeforeMs } : {}),
  attempts: item.attempts.map(({ attempt, startedAtMs, result }) => ({
    attempt, startedAtMs,
    ...(result === undefined ? {} : { elapsedMs: result.elapsedMs, outcome: result.outcome }),
    ...(result?.where === undefined ? {} : { where: result.where }), ...(result?.cause === undefined ? {} : { cause: result.cause }), ...(result?.evidence === undefined ? {} : { evidence: result.evidence }),
    ...(result?.error === undefined ? {} : { code: result.error.code, message: result.error.message }), ...(result?.bootMs === undefined ? {} : { bootMs: result.bootMs }), ...(result?.job === undefined ? {} : { job: result.job }),
  })),
})

const isGood = (batch: Batch, camera: Batch['targets'][number]['camera']): boolean | undefined => {
  const judged = (batch.ofCamera.get(camera) ?? []).filter(({ state }) => state === 'passed' || isBad(state))
  return judged.length === 0 ? undefined : judged.every(({ state }) => state === 'passed')
}

const sideOf = (batch: Batch): BatchComparison['before'] => {
  const { id, name, sentence, passRate: rate, counts } = summaryOfBatch(batch)
  return { id, name, sentence, counts, ...(rate === undefined ? {} : { passRate: rate }) }
}

/** What another run of the same cameras came to. Cameras that one of them never judged are on no side. */
export function compareBatches(before: Batch, after: Batch): BatchComparison {
  const names = new Map([...before.targets, ...after.targets].map(({ camera, name }) => [camera, name]))
  const [worse, better]: [string[], string[]] = [[], []]
  for (const [camera, name] of names) {
    const [was, is] = [isGood(before, camera), isGood(after, camera)]
    if (was === true && is === false) worse.push(name)
    if (was === false && is === true) better.push(name)
  }
  const alone = (one: Batch, other: Batch): string[] => one.targets.filter(({ camera }) => !other.ofCamera.has(camera)).map(({ name }) => name)
  const now = new Map(phaseFigures(after).map((each) => [each.name, each.medianMs]))
  const phases = phaseFigures(before).flatMap(({ name, medianMs }) => { const afterMs = now.get(name); return afterMs === undefined ? [] : [{ name, beforeMs: medianMs, afterMs, ratio: medianMs === 0 ? 1 : afterMs / medianMs }] })
  const percent = (rate: number | undefined): string => (rate === undefined ? 'nothing judged' : `${(rate * 100).toFixed(1)} %`)
  return {
    before: sideOf(before), after: sideOf(after), worse, better, onlyBefore: alone(before, after), onlyAfter: alone(after, before), phases,
    words: `${percent(passRate(before))} passed before and ${percent(passRate(after))} after; ${worse.length === 1 ? '1 camera is' : `${worse.length} cameras are`} worse and ${better.length} better.`,
  }
}
