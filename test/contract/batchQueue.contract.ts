import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AttemptResult, BatchEvent } from '../../src/shared/batch/batchEvent.ts'
import { batchIdSchema, batchPlanSchema } from '../../src/shared/batch/batchPlan.schema.ts'
import type { BatchQueue, BatchWork } from '../../src/shared/batch/batchQueue.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'

export interface OpenedQueues {
  /** One bench more on the same queue. */
  readonly open: (worker: string) => Promise<BatchQueue>
  /** That bench is gone from one moment to the next, without a word. */
  readonly die: (worker: string) => Promise<void>
  /** Until that is so; an engine over a network needs a moment. */
  readonly until: (isSo: () => Promise<boolean>) => Promise<void>
  readonly dispose: () => Promise<void>
}

const batch = batchIdSchema.parse('b1')
const plan = batchPlanSchema.parse({ name: 'contract', cameras: { ids: ['cam-1'] }, workflow: 'soak' })
const targets = [1, 2].map((number) => ({ camera: cameraIdSchema.parse(`cam-${number}`), name: `cam-${number}`, pod: `pod-${number}` }))
const queued: BatchEvent = { type: 'batch-queued', batch, sequence: 1, atMs: 5, plan, targets }
const started = (sequence: number, item = 0): BatchEvent => ({ type: 'attempt-started', batch, sequence, atMs: 6, item, attempt: 1 })
const work = (item: number, attempt = 1): BatchWork => ({ batch, item, attempt, camera: cameraIdSchema.parse(`cam-${item + 1}`) })
const passed: AttemptResult = { outcome: 'passed', phases: [{ name: 'boot', ms: 8_000 }], bootMs: 8_000, elapsedMs: 9_000 }

/** What every engine of the queue of batches promises. */
export function describeBatchQueue(name: string, open: () => Promise<OpenedQueues>): void {
  describe(`batch queue contract: ${name}`, () => {
    let queues: OpenedQueues
    let one: BatchQueue
    let two: BatchQueue
    beforeEach(async () => {
      queues = await open()
      one = await queues.open('bench-1')
      two = await queues.open('bench-2')
    })
    afterEach(async () => { await queues.dispose() })

    test('events are read as they were appended, by every bench', async () => {
      await one.append([queued, started(2)])
      await one.append([started(3, 1)])
      expect(await two.read(batch, 0)).toEqual([queued, started(2), started(3, 1)])
      expect(await two.read(batch, 1, 1)).toEqual([started(2)])
      expect(await two.read(batch, 3)).toEqual([])
      expect(await two.batches()).toEqual([batch])
    })
    test('a sequence is given once: the second who wants it is refused, with all it brought', async () => {
      await one.append([queued])
      await expect(two.append([started(3)])).rejects.toMatchObject({ code: 'input/conflict' })
      // Nor one with a hole before it, by whoever decides.
      await expect(one.append([started(3)])).rejects.toMatchObject({ code: 'input/conflict' })
      await one.append([started(2)])
      await expect(two.append([started(3, 1), started(3)])).rejects.toMatchObject({ code: 'input/conflict' })
      expect(await one.read(batch, 0)).toHaveLength(2)
    })
    test('one bench decides; another does once that one is gone', async () => {
      await one.append([queued])
      expect(await one.adopt(batch)).toBe(true)
      expect(await one.adopt(batch)).toBe(true)
      expect(await two.adopt(batch)).toBe(false)
      await queues.die('bench-1')
      await queues.until(async () => two.adopt(batch))
      expect(await two.adopt(batch)).toBe(true)
    })
    test('each attempt goes to one bench only, oldest first, and the same one twice is one', async () => {
      await one.append([queued])
      await one.add([work(0), work(1)])
      await one.add([work(1)])
      const taken = [...await one.take(undefined, 1), ...await two.take(undefined, 5), ...await one.take(undefined, 5)]
      expect(taken).toEqual([work(0), work(1)])
    })
    test('a bench takes work for its own cameras alone', async () => {
      await one.append([queued])
      await one.add([work(0), work(1)])
      expect(await two.take(new Set([cameraIdSchema.parse('cam-2')]), 5)).toEqual([work(1)])
      expect(await one.pending(batch)).toHaveLength(2)
    })
    test('a result comes from the bench that has the attempt, once, and stays until it is dropped', async () => {
      await one.append([queued])
      await one.add([work(0)])
      await two.take(undefined, 1)
      await expect(one.finish(work(0), passed)).rejects.toMatchObject({ code: 'input/conflict' })
      await two.finish(work(0), passed)
      await expect(two.finish(work(0), passed)).rejects.toMatchObject({ code: 'input/conflict' })
      await queues.until(async () => (await one.collect(batch)).length === 1)
      expect(await one.collect(batch)).toEqual([{ work: work(0), result: passed }])
      expect(await one.pending(batch)).toEqual([])
      expect(await one.drop([work(0)])).toEqual([work(0)])
      expect(await one.collect(batch)).toEqual([])
    })
    test('a bench that dies: what it was doing is lost, what waited goes on, and what it had done stays', async () => {
      await one.append([queued])
      await one.add([work(0), work(1), work(0, 2)])
      await two.take(undefined, 2)
      await two.finish(work(1), passed)
      await queues.die('bench-2')
      await queues.until(async () => (await one.collect(batch)).length === 2)
      expect(new Set(await one.collect(batch))).toEqual(new Set([{ work: work(0), lost: true }, { work: work(1), result: passed }]))
      expect(await one.pending(batch)).toEqual([work(0, 2)])
      expect(await one.take(undefined, 5)).toEqual([work(0, 2)])
    })
    test('work comes and goes with the events that tell of it; a refused event brings none', async () => {
      await one.append([queued, started(2)], { add: [work(0)] })
      expect(await one.pending(batch)).toEqual([work(0)])
      await expect(two.append([started(2)], { add: [work(1)], drop: [work(0)] })).rejects.toMatchObject({ code: 'input/conflict' })
      expect(await one.pending(batch)).toEqual([work(0)])
      await one.append([started(3)], { drop: [work(0)] })
      expect(await one.pending(batch)).toEqual([])
    })
    test('what waits is taken back; what is being done is not', async () => {
      await one.append([queued])
      await one.add([work(0), work(1)])
      await two.take(undefined, 1)
      expect(await one.drop([work(0), work(1)])).toEqual([work(1)])
      expect(await one.pending(batch)).toEqual([work(0)])
    })
    test('what a person wants is kept in order for every bench, until it is forgotten', async () => {
      await one.append([queued])
      expect(await one.wishes(batch)).toEqual([])
      await two.wish(batch, { kind: 'pause' })
      await two.wish(batch, { kind: 'reorder', first: [1] })
      await one.wish(batch, { kind: 'stop', now: true })
      expect(await one.wishes(batch)).toEqual([{ kind: 'pause' }, { kind: 'reorder', first: [1] }, { kind: 'stop', now: true }])
      await one.forgetWishes(batch, 2)
      expect(await two.wishes(batch)).toEqual([{ kind: 'stop', now: true }])
    })
    test('whoever listens hears of new work and of results', async () => {
      let rings = 0
      const quiet = one.onNews(() => { rings += 1 })
      await one.append([queued])
      await one.add([work(0)])
      await queues.until(async () => rings >= 1)
      const before = rings
      await one.take(undefined, 1)
      await one.finish(work(0), passed)
      await queues.until(async () => rings > before)
      quiet()
    })
  })
}
