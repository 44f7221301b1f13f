import { type AttemptKey, type AttemptResult, maxExcerptChars } from '../../../shared/batch/batchEvent.ts'
import type { BatchId, BatchPlan, BatchTarget } from '../../../shared/batch/batchPlan.schema.ts'
import type { BatchQueue, BatchWork } from '../../../shared/batch/batchQueue.ts'
import type { CameraId } from '../../../shared/devices/ids.ts'
import { Cancelled, toWire, type WireError, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { causeOf } from './causeOf.ts'

export interface AttemptRequest {
  readonly key: AttemptKey
  readonly plan: BatchPlan
  readonly target: BatchTarget
  readonly image: BatchPlan['images'][number] | undefined
  readonly cycle: number
}

/** What is known of an attempt so far; what it came to may have to be told by somebody else. */
export type AttemptFacts = Partial<Pick<AttemptResult, 'where' | 'job' | 'bootMs' | 'excerpt'>> & { readonly phases?: AttemptResult['phases'] }

/** Does one attempt. What it throws is how it failed; the signal aborts at the limit, at a stop and when the bench closes. */
export type AttemptRunner = (request: AttemptRequest, tell: (facts: AttemptFacts) => void, signal: AbortSignal) => Promise<AttemptFacts>

export interface BatchWorkerDeps {
  readonly queue: BatchQueue
  readonly clock: Clock
  readonly run: AttemptRunner
  /** Those of this bench; `undefined` for whatever comes. */
  readonly cameras: () => ReadonlySet<CameraId> | undefined
  readonly log: (line: string) => void
}

export interface BatchWorker {
  /** Attempts of that batch that run on this bench end as cancelled. */
  cancel(batch: BatchId): void
  /** What runs ends as interrupted. */
  close(): Promise<void>
}

/** Many more than a bench can do; the plan's own limits are kept by whoever decides. */
const atMost = 256
const finishWaitMs = 3_000
/** A job that is told to stop comes to its next safe point in that time. */
const closeLimitMs = 120_000
/** Another bench may have added work, or died, without anybody ringing here. */
const lookEveryMs = 10_000
/** By it an attempt that is late is told from one whose work met a deadline of its own. */
const attemptWord = 'this attempt'

/** Takes attempts off the queue and does them, each within its limit, each with exactly one result. */
export function createBatchWorker({ queue, clock, run, cameras, log }: BatchWorkerDeps): BatchWorker {
  const stop = new AbortController()
  const running = new Map<BatchWork, { readonly stop: AbortController; readonly done: Promise<void> }>()
  const plans = new Map<BatchId, { readonly plan: BatchPlan; readonly targets: readonly BatchTarget[] }>()
  const bell = createBell()
  const looked = new Cancelled('there is something to do')
  const quiet = queue.onNews(() => { bell.ring() })

  const requestOf = async ({ batch, item, attempt, camera }: BatchWork): Promise<AttemptRequest> => {
    let known = plans.get(batch)
    if (!known) {
      const [first] = await queue.read(batch, 0, 1)
      if (first?.type !== 'batch-queued') throw new WorkbenchError('internal/bug', `Batch ${batch} has no plan`)
      known = { plan: first.plan, targets: first.targets }
      plans.set(batch, known)
    }
    const { plan, targets } = known
    const target = targets[item % targets.length]
    if (target?.camera !== camera) throw new WorkbenchError('internal/bug', `Item ${item} of batch ${batch} is not for ${camera}`)
    const round = Math.floor(item / targets.length)
    return { key: { batch, item, attempt }, plan, target, image: plan.images[Math.floor(round / plan.cycles)], cycle: (round % plan.cycles) + 1 }
  }

  const doOne = async (work: BatchWork, signal: AbortSignal): Promise<void> => {
    const startedMs = clock.nowMs()
    let facts: AttemptFacts = {}
    let result: AttemptResult
    try {
      const request = await requestOf(work)
      const end = await withDeadline(clock, request.plan.attemptLimitMs, attemptWord, signal, async (limited) => run(request, (more) => { facts = { ...facts, ...more } }, limited))
      const { where: _where, excerpt: _excerpt, ...passed } = { ...facts, ...end }
      result = { outcome: 'passed', ...bounded(passed), elapsedMs: clock.nowMs() - startedMs }
    } catch (error) {
      if (!(error instanceof WorkbenchError) && !(error instanceof Cancelled)) log(`batch ${work.batch}, item ${work.item}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`)
      result = { ...failureOf(error, facts, stop.signal.aborted), elapsedMs: clock.nowMs() - startedMs }
    }
    await keep(work, result)
  }
  /** A full disk is no reason to forget what was seen. Only a bench that closes gives up, and whoever comes next finds the attempt interrupted. */
  const keep = async (work: BatchWork, result: AttemptResult): Promise<void> => {
    for (;;) {
      const isLast = stop.signal.aborted
      try {
        await queue.finish(work, result)
        return
      } catch (error) {
        log(`batch ${work.batch}, item ${work.item}: its result was not kept: ${String(error)}`)
        if (isLast || (error instanceof WorkbenchError && error.code === 'input/conflict')) return
        await clock.sleep(finishWaitMs, stop.signal).catch(() => undefined)
      }
    }
  }
  const begin = (work: BatchWork): void => {
    const own = new AbortController()
    const done = doOne(work, own.signal)
      .catch((error: unknown) => { log(`batch ${work.batch}, item ${work.item} ended without a result: ${String(error)}`) })
      .finally(() => { running.delete(work); bell.ring() })
    running.set(work, { stop: own, done })
  }
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const news = bell.next(stop.signal)
      news.catch(() => undefined)
      try {
        for (const work of await queue.take(cameras(), atMost - running.size)) begin(work)
      } catch (error) {
        log(`the queue of batches gave no work: ${String(error)}`)
      }
      const pause = new AbortController()
      await Promise.race([news.catch(() => undefined), clock.sleep(lookEveryMs, pause.signal).catch(() => undefined)]).finally(() => { pause.abort(looked) })
    }
  }
  const looping = loop()
  return {
    cancel: (batch) => { for (const [work, { stop: own }] of running) if (work.batch === batch) own.abort(new Cancelled('the batch was stopped')) },
    close: async () => {
      quiet()
      const reason = new Cancelled('the bench closes')
      stop.abort(reason)
      for (const { stop: own } of running.values()) own.abort(reason)
      await looping
      if (running.size === 0) return
      await withDeadline(clock, closeLimitMs, 'attempts that are closing', new AbortController().signal, async () => { await Promise.all([...running.values()].map(async ({ done }) => done)) })
        .catch((error: unknown) => { log(`attempts did not stop in time: ${String(error)}`) })
    },
  }
}

const bounded = ({ where, job, bootMs, excerpt, phases }: AttemptFacts): Omit<AttemptResult, 'outcome' | 'elapsedMs'> => ({
  phases: (phases ?? []).slice(0, 100).map(({ name, ms }) => ({ name: name.slice(0, 100), ms })),
  ...(where === undefined ? {} : { where: where.slice(0, 100) }), ...(job === undefined ? {} : { job }), ...(bootMs === undefined ? {} : { bootMs }),
  ...(excerpt === undefined ? {} : { excerpt: excerpt.slice(-maxExcerptChars) }),
})

function failureOf(error: unknown, facts: AttemptFacts, isClosing: boolean): Omit<AttemptResult, 'elapsedMs'> {
  const known = bounded(facts)
  if (error instanceof Cancelled) return { outcome: isClosing ? 'interrupted' : 'cancelled', cause: 'infrastructure', evidence: isClosing ? 'The bench was closed meanwhile' : 'Somebody cancelled it', ...known }
  const wire: WireError = toWire(error)
  const { cause, evidence } = causeOf(wire, facts.excerpt ?? '')
  const isLate = wire.code === 'link/timeout' && wire.message.startsWith(`${attemptWord}: `)
  return { outcome: isLate ? 'timed out' : 'failed', error: wire, cause, evidence: evidence.slice(0, 500), ...known }
}
