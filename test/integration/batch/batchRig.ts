import { onTestFinished } from 'vitest'
import { openBatchEngine, type BatchEngine } from '../../../src/main/core/batch/batchEngine.ts'
import type { Batch } from '../../../src/main/core/batch/batchState.ts'
import type { AttemptFacts, AttemptRequest } from '../../../src/main/core/batch/batchWorker.ts'
import { createMemoryQueues } from '../../../src/main/core/batch/memoryQueue.ts'
import { type BatchId, batchIdSchema, type BatchPlan, batchPlanSchema, type BatchTarget } from '../../../src/shared/batch/batchPlan.schema.ts'
import type { BatchQueue } from '../../../src/shared/batch/batchQueue.ts'
import { cameraIdSchema } from '../../../src/shared/devices/ids.ts'
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts'

export const targetsOf = (count: number, perPod = 1): BatchTarget[] => Array.from({ length: count }, (_, index) => ({
  camera: cameraIdSchema.parse(`cam-${index + 1}`), name: `cam-${String(index + 1).padStart(2, '0')}`, pod: `pod-${Math.floor(index / perPod) + 1}`,
}))

export const planOf = (more: Record<string, unknown> = {}): BatchPlan => batchPlanSchema.parse({
  name: 'night', cameras: { labels: ['qa'] }, workflow: 'restore', images: [{ name: 'fw-1', path: '/images/fw-1' }], concurrency: { staggerMs: 0 }, ...more,
})

export interface BatchRig {
  readonly clock: VirtualClock
  readonly engine: BatchEngine
  readonly queue: BatchQueue
  readonly logged: string[]
  /** In the order in which they began. */
  readonly begun: AttemptRequest[]
  readonly mostAtOnce: () => number
  /** Until it is over, on virtual time. */
  finish(id: BatchId): Promise<Batch>
}

export type Deed = (request: AttemptRequest, signal: AbortSignal, clock: VirtualClock) => Promise<AttemptFacts>
/** A minute, and it passed. */
export const passes: Deed = async (_request, signal, clock) => { await clock.sleep(60_000, signal); return { bootMs: 8_000 } }

/** The engine over a queue in memory; `deed` is what an attempt comes to. */
export async function openRig(deed: Deed = passes, given: { readonly queue?: BatchQueue; readonly clock?: VirtualClock; /** Nothing of it answers any more in the end, so it cannot be closed. */ readonly dies?: true; /** Of the names of its batches; two rigs on one queue have two. */ readonly prefix?: string } = {}): Promise<BatchRig> {
  const clock = given.clock ?? createVirtualClock()
  const queue = given.queue ?? createMemoryQueues().open('bench-1')
  const begun: AttemptRequest[] = []
  const logged: string[] = []
  let now = 0
  let most = 0
  let count = 0
  const engine = await openBatchEngine({
    queue, clock, log: (line) => { logged.push(line) }, newBatchId: () => batchIdSchema.parse(`${given.prefix ?? 'b'}${(count += 1)}`),
    run: async (request, _tell, signal) => {
      begun.push(request)
      now += 1
      most = Math.max(most, now)
      try { return await deed(request, signal, clock) } finally { now -= 1 }
    },
  })
  if (!given.dies) onTestFinished(async () => clock.run(engine.close()))
  const finish = async (id: BatchId): Promise<Batch> => clock.run((async () => {
    const never = new AbortController().signal
    for (let turn = 0; turn < 100_000; turn += 1) {
      const news = engine.changed(never)
      if (engine.get(id).end) return engine.get(id)
      await news
    }
    throw new Error('the batch does not end')
  })(), 1e12)
  return { clock, engine, queue, logged, begun, mostAtOnce: () => most, finish }
}
