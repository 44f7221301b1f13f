import type { AttemptResult, BatchNews } from '../../../shared/batch/batchEvent.ts'
import type { CauseClass } from '../../../shared/batch/batchPlan.schema.ts'
import type { Batch, BatchItem } from './batchState.ts'
import { isWorthRetry, ruleFor, waitBeforeRetry } from './causeOf.ts'
import { percentageSays, weigh } from './stopRules.ts'

/** A bench that is closed every night may interrupt the same item often, but not for ever. */
const maxInterruptions = 5
/** Whatever the rules of the classes add up to. */
const maxAttempts = 30

const causeIn = (result: AttemptResult): CauseClass => result.cause ?? 'unknown'

/** When the item is tried again (wall time), after its newest attempt came to that. */
export function retryAt(batch: Batch, item: BatchItem, result: AttemptResult, nowMs: number): number | undefined {
  if (batch.stop || batch.quarantined.has(item.target.camera) || item.attempts.length >= maxAttempts) return undefined
  const results = [...item.attempts.flatMap((attempt) => attempt.result ?? []), result]
  if (result.outcome === 'interrupted') return results.filter(({ outcome }) => outcome === 'interrupted').length > maxInterruptions ? undefined : nowMs
  if (result.outcome !== 'failed' || (result.error && !isWorthRetry(result.error.code))) return undefined
  const cause = causeIn(result)
  const waitMs = waitBeforeRetry(ruleFor(batch.plan.retry, cause), results.filter((each) => each.outcome === 'failed' && causeIn(each) === cause).length)
  return waitMs === undefined ? undefined : nowMs + waitMs
}

const many = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`

/** "fw-bad on cam-01 failed (firmware: The console said …)". */
export function whatFailed({ image, target, state, attempts }: BatchItem): string {
  const result = attempts.at(-1)?.result
  const why = result ? ` (${causeIn(result)}: ${result.evidence ?? result.error?.message ?? 'nothing else is known'})` : ''
  return `${image ? `${image.name} on ${target.name}` : target.name} ${state === 'timed out' ? 'timed out' : state === 'not judged' ? 'could not be judged' : 'failed'}${why}`
}

function untouched(batch: Batch): string {
  const cameras = batch.targets.filter(({ camera }) => (batch.ofCamera.get(camera) ?? []).every(({ attempts }) => attempts.length === 0)).length
  return cameras === 0 ? 'what was left is not done' : `${many(cameras, 'camera')} ${cameras === 1 ? 'was' : 'were'} not touched`
}

/** Called with the item that ended, so that ten thousand need not be looked at for each. */
function canaryRuling(batch: Batch, item: BatchItem): BatchNews | undefined {
  if (batch.stage !== 'canary' || !item.isCanary) return undefined
  if (item.state === 'failed' || item.state === 'timed out' || item.state === 'not judged') {
    return { type: 'stop-requested', reason: 'canary', sentence: `Stopped at the canary: ${whatFailed(item)}; ${untouched(batch)}.`.slice(0, 1_000) }
  }
  const canaries = batch.targets.slice(0, batch.plan.canary?.cameras ?? 0).flatMap(({ camera }) => batch.ofCamera.get(camera) ?? []).filter(({ isCanary }) => isCanary)
  return canaries.every(({ state }) => state === 'passed') ? { type: 'canary-passed' } : undefined
}

function quarantineRuling(batch: Batch, { target }: BatchItem): BatchNews | undefined {
  const failures = batch.failures.get(target.camera) ?? 0
  if (failures < batch.plan.stop.failuresPerCamera || batch.quarantined.has(target.camera)) return undefined
  return { type: 'camera-quarantined', camera: target.camera, sentence: `${target.name} has failed ${many(failures, 'time')} and is left out of the rest of this batch.` }
}

function stopRuling(batch: Batch, item: BatchItem): BatchNews | undefined {
  const { counts, plan } = batch
  const tally = { passed: counts.passed, failed: counts.failed + counts['timed out'], items: batch.items.length }
  const percentage = percentageSays(plan.stop, tally)
  if (percentage !== undefined) return { type: 'stop-requested', reason: 'percentage', sentence: `Stopped: ${percentage}; the last was ${whatFailed(item)}, and ${untouched(batch)}.`.slice(0, 1_000) }
  const weighed = plan.stop.sequential && weigh(plan.stop.sequential, tally)
  if (weighed?.answer === 'bad') return { type: 'stop-requested', reason: 'sequential', sentence: `Stopped: ${weighed.words}; ${untouched(batch)}.`.slice(0, 1_000) }
  return undefined
}

/** The first thing that follows from an item's end. Asked again after it was applied, until nothing follows. */
export function rulingAfter(batch: Batch, item: BatchItem): BatchNews | undefined {
  if (batch.end || batch.stop || item.state === 'waiting' || item.state === 'running') return undefined
  return canaryRuling(batch, item) ?? (item.state === 'failed' || item.state === 'timed out' ? stopRuling(batch, item) ?? quarantineRuling(batch, item) : undefined)
}

/** The end, once nothing waits and nothing runs. */
export function endRuling(batch: Batch): BatchNews | undefined {
  const { counts } = batch
  if (batch.end || counts.waiting + counts.running > 0) return undefined
  if (batch.stop) return { type: 'batch-ended', state: 'stopped', sentence: batch.stop.sentence }
  const failed = counts.failed + counts['timed out']
  if (failed > 0) return { type: 'batch-ended', state: 'failed', sentence: `${many(failed, 'item')} of ${batch.items.length} failed or timed out${batch.quarantined.size > 0 ? `, and ${many(batch.quarantined.size, 'camera')} ${batch.quarantined.size === 1 ? 'was' : 'were'} left out after that` : ''}.` }
  if (counts['not judged'] + counts['left out'] > 0) return { type: 'batch-ended', state: 'not judged', sentence: `${many(counts['not judged'], 'item')} of ${batch.items.length} could not be judged for reasons of the bench; nothing failed.` }
  return { type: 'batch-ended', state: 'passed', sentence: `All ${batch.items.length} passed.` }
}
