import { expect, test } from 'vitest'
import { summaryOfBatch } from '../../../src/main/core/batch/batchFigures.ts'
import { applyBatchEvent } from '../../../src/main/core/batch/batchState.ts'
import { createMemoryQueues } from '../../../src/main/core/batch/memoryQueue.ts'
import type { BatchId } from '../../../src/shared/batch/batchPlan.schema.ts'
import type { BatchQueue } from '../../../src/shared/batch/batchQueue.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'
import { type Deed, openRig, passes, planOf, targetsOf } from './batchRig.ts'

const panics = new WorkbenchError('device/not-booted', 'No login prompt was seen', { context: { cause: 'firmware' } })
const failsOn = (isBad: (camera: string, image: string | undefined, attempt: number) => boolean, error: Error = panics): Deed => async (request, signal, clock) => {
  if (isBad(request.target.camera, request.image?.name, request.key.attempt)) { await clock.sleep(1_000, signal); throw error }
  return passes(request, signal, clock)
}

test('a matrix of cameras, images and cycles: every item once, one at a time on a camera, and the batch passes', async () => {
  const rig = await openRig()
  const id = await rig.clock.run(rig.engine.start(planOf({ images: [{ name: 'a', path: '/a' }, { name: 'b', path: '/b' }], cycles: 3 }), targetsOf(4)))
  const batch = await rig.finish(id)
  expect(batch.end).toMatchObject({ state: 'passed', sentence: 'All 24 passed.' })
  expect(new Set(rig.begun.map(({ target, image, cycle }) => `${target.camera} ${image?.name ?? ''} ${cycle}`)).size).toBe(24)
  expect(rig.mostAtOnce()).toBe(4)
})
test('no more at once than in all and on one pod, and those on one pod begin one after the other', async () => {
  const times: number[] = []
  const rig = await openRig(async (request, signal, clock) => { if (request.target.pod === 'pod-1') times.push(clock.nowMs()); return passes(request, signal, clock) })
  const id = await rig.clock.run(rig.engine.start(planOf({ concurrency: { total: 5, perPod: 2, staggerMs: 400 } }), targetsOf(16, 4)))
  await rig.finish(id)
  expect(rig.mostAtOnce()).toBe(5)
  expect(times).toHaveLength(4)
  expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(400)
  expect(times[2]!).toBeGreaterThanOrEqual(60_000)
})
test('the canary goes first, and nobody else before it has passed', async () => {
  const rig = await openRig()
  const id = await rig.clock.run(rig.engine.start(planOf({ canary: { cameras: 2 }, concurrency: { total: 8, staggerMs: 0 } }), targetsOf(10)))
  await rig.clock.advance(30_000)
  expect(rig.begun.map(({ target }) => target.camera)).toEqual(['cam-1', 'cam-2'])
  expect((await rig.finish(id)).end?.state).toBe('passed')
})
test('a canary that waits for a person: it passed, and nothing else begins, also on another bench after this one is gone, before somebody goes on', async () => {
  const [clock, queues] = [createVirtualClock(), createMemoryQueues()]
  const first = await openRig(passes, { clock, queue: queues.open('bench-1'), dies: true })
  const id = await clock.run(first.engine.start(planOf({ canary: { cameras: 2, thenPause: true } }), targetsOf(5)))
  await clock.advance(600_000)
  expect(first.begun.map(({ target }) => target.camera)).toEqual(['cam-1', 'cam-2'])
  expect(summaryOfBatch(first.engine.get(id))).toMatchObject({ state: 'paused', sentence: 'The canary passed; the rest begins when a person has looked and goes on with it.' })
  await clock.run(first.engine.close())
  queues.die('bench-1')
  const second = await openRig(passes, { clock, queue: queues.open('bench-2') })
  await clock.run(second.engine.takeUp(id))
  await clock.advance(600_000)
  expect(second.begun).toEqual([])
  await clock.run(second.engine.goOn(id))
  expect(summaryOfBatch(second.engine.get(id)).sentence).toBe('')
  expect((await second.finish(id)).end).toMatchObject({ state: 'passed', sentence: 'All 5 passed.' })
})
test('a canary that fails stops the rest, and the sentence says why', async () => {
  const rig = await openRig(failsOn((camera) => camera === 'cam-2'))
  const id = await rig.clock.run(rig.engine.start(planOf({ canary: { cameras: 2 } }), targetsOf(10)))
  const batch = await rig.finish(id)
  expect(batch.end).toMatchObject({ state: 'stopped', sentence: 'Stopped at the canary: fw-1 on cam-02 failed (firmware: No login prompt was seen); 8 cameras were not touched.' })
  expect(rig.begun).toHaveLength(2)
})
test('failed plus timed out above 5 % stops; an attempt that is late has timed out', async () => {
  const rig = await openRig(async (request, signal, clock) => {
    if (request.target.camera === 'cam-5') await clock.sleep(1e9, signal)
    return failsOn((camera) => camera === 'cam-9')(request, signal, clock)
  })
  const id = await rig.clock.run(rig.engine.start(planOf({ concurrency: { total: 4, staggerMs: 0 }, attemptLimitMs: 120_000 }), targetsOf(30)))
  const batch = await rig.finish(id)
  expect(batch.counts).toMatchObject({ failed: 1, 'timed out': 1 })
  expect(batch.end?.state).toBe('stopped')
  expect(batch.stop).toMatchObject({ reason: 'percentage', sentence: expect.stringMatching(/^Stopped: 2 of \d+ that have ended failed or timed out/) as string })
  expect(batch.counts['left out']).toBeGreaterThan(0)
})
test('the sequential test stops a small group that a percentage would let go on', async () => {
  const rig = await openRig(failsOn((camera) => camera === 'cam-1' || camera === 'cam-2'))
  const id = await rig.clock.run(rig.engine.start(planOf({ stop: { failedPercent: 100, sequential: {} } }), targetsOf(20)))
  expect((await rig.finish(id)).stop).toMatchObject({ reason: 'sequential', sentence: expect.stringContaining('fits firmware that fails in 10 %') as string })
})
test('infrastructure is tried again with waits between, every attempt is kept, and it never counts as a failure', async () => {
  const rig = await openRig(failsOn((camera, _image, attempt) => camera === 'cam-1' && attempt < 3, new WorkbenchError('link/unreachable', 'The pod does not answer')))
  const id = await rig.clock.run(rig.engine.start(planOf(), targetsOf(2)))
  const batch = await rig.finish(id)
  expect(batch.end?.state).toBe('passed')
  const [first] = batch.items
  expect(first?.attempts.map(({ result }) => [result?.outcome, result?.cause])).toEqual([['failed', 'infrastructure'], ['failed', 'infrastructure'], ['passed', undefined]])
  const waits = first!.attempts.slice(1).map(({ startedAtMs }, index) => startedAtMs - first!.attempts[index]!.endedAtMs!)
  expect(waits[0]).toBeGreaterThanOrEqual(5_000)
  expect(waits[1]).toBeGreaterThanOrEqual(20_000)
})
test('infrastructure that stays is "not judged", not failed, and never stops the rest', async () => {
  const rig = await openRig(failsOn((camera) => camera === 'cam-1', new WorkbenchError('link/unreachable', 'The pod does not answer')))
  const batch = await rig.finish(await rig.clock.run(rig.engine.start(planOf({ stop: { failedPercent: 0 } }), targetsOf(3))))
  expect(batch.counts).toMatchObject({ passed: 2, failed: 0, 'not judged': 1 })
  expect(batch.items[0]?.attempts).toHaveLength(4)
  expect(batch.end).toMatchObject({ state: 'not judged', sentence: '1 item of 3 could not be judged for reasons of the bench; nothing failed.' })
})
test('a camera that fails again and again is set aside; the others go on', async () => {
  const rig = await openRig(failsOn((camera) => camera === 'cam-2'))
  const batch = await rig.finish(await rig.clock.run(rig.engine.start(planOf({ cycles: 10, stop: { failedPercent: 100, failuresPerCamera: 3 } }), targetsOf(3))))
  expect(batch.counts).toMatchObject({ passed: 20, failed: 3, 'left out': 7 })
  expect(batch.quarantined.get(targetsOf(3)[1]!.camera)).toBe('cam-02 has failed 3 times and is left out of the rest of this batch.')
})
test('paused nothing begins, and it goes on; items that are put first go first', async () => {
  const rig = await openRig()
  const id = await rig.clock.run(rig.engine.start(planOf({ concurrency: { total: 1, staggerMs: 0 } }), targetsOf(5)))
  await rig.clock.advance(10_000)
  await rig.clock.run(rig.engine.pause(id))
  await rig.clock.run(rig.engine.reorder(id, [4, 0, 3]))
  await rig.clock.advance(600_000)
  expect(rig.begun).toHaveLength(1)
  await rig.clock.run(rig.engine.goOn(id))
  await rig.finish(id)
  expect(rig.begun.map(({ target }) => target.camera)).toEqual(['cam-1', 'cam-5', 'cam-4', 'cam-2', 'cam-3'])
})
test('the batch with the higher priority goes first; an image may have a priority of its own', async () => {
  const rig = await openRig()
  const one = { concurrency: { total: 1, staggerMs: 0 } }
  const [low, high] = [await rig.clock.run(rig.engine.start(planOf({ ...one, priority: 1, images: [{ name: 'a', path: '/a' }, { name: 'b', path: '/b', priority: 9 }] }), targetsOf(1))), await rig.clock.run(rig.engine.start(planOf({ ...one, priority: 9 }), targetsOf(1)))]
  await rig.finish(low)
  await rig.finish(high)
  expect(rig.begun.map(({ image, key }) => `${key.batch} ${image?.name ?? ''}`)).toEqual(['b1 b', 'b2 fw-1', 'b1 a'])
})
test('stopped by a person: what runs comes to its end, the rest is left out; with "now" it is told to stop', async () => {
  const rig = await openRig()
  const start = async (): Promise<BatchId> => rig.clock.run(rig.engine.start(planOf({ concurrency: { total: 2, staggerMs: 0 } }), targetsOf(6)))
  const gently = await start()
  await rig.clock.advance(1_000)
  await rig.clock.run(rig.engine.stop(gently, { now: false }))
  expect((await rig.finish(gently)).counts).toMatchObject({ passed: 2, 'left out': 4 })
  const atOnce = await start()
  await rig.clock.advance(1_000)
  await rig.clock.run(rig.engine.stop(atOnce, { now: true }))
  const batch = await rig.finish(atOnce)
  expect(batch.counts).toMatchObject({ passed: 0, 'not judged': 2, 'left out': 4 })
  expect(batch.end).toMatchObject({ state: 'stopped', sentence: 'Stopped by a person.' })
  await expect(rig.clock.run(rig.engine.pause(atOnce))).rejects.toMatchObject({ code: 'input/conflict' })
})
test('a bench that dies: another takes the batch up, what ran is interrupted and done again, nothing is lost', async () => {
  const [clock, queues] = [createVirtualClock(), createMemoryQueues()]
  let isDead = false
  const silent = async <T>(work: () => Promise<T>): Promise<T> => (isDead ? new Promise<never>(() => undefined) : work())
  const queue = queues.open('bench-1')
  const mortal: BatchQueue = {
    ...queue, append: async (events, works) => silent(async () => queue.append(events, works)), take: async (cameras, most) => silent(async () => queue.take(cameras, most)), collect: async (id) => silent(async () => queue.collect(id)),
    finish: async (work, result) => silent(async () => queue.finish(work, result)), batches: async () => silent(async () => queue.batches()),
  }
  const first = await openRig(async (_request, signal) => { await clock.sleep(1e9, signal); return {} }, { clock, queue: mortal, dies: true })
  const id = await clock.run(first.engine.start(planOf({ concurrency: { total: 2, staggerMs: 0 } }), targetsOf(5)))
  await clock.advance(1_000)
  const second = await openRig(passes, { clock, queue: queues.open('bench-2') })
  await expect(clock.run(second.engine.takeUp(id))).rejects.toMatchObject({ code: 'input/conflict' })
  isDead = true
  queues.die('bench-1')
  await clock.run(second.engine.takeUp(id))
  const batch = await second.finish(id)
  expect(batch.end?.state).toBe('passed')
  expect(batch.items.map(({ attempts }) => attempts.map(({ result }) => result?.outcome))).toEqual([['interrupted', 'passed'], ['interrupted', 'passed'], ['passed'], ['passed'], ['passed']])
})
test('a disk that is full holds everything up and loses nothing', async () => {
  const [clock, queues] = [createVirtualClock(), createMemoryQueues()]
  let isFull: 'not' | 'for events' | 'for results' = 'not'
  const queue = queues.open('bench-1')
  const full = async (what: typeof isFull): Promise<void> => { if (isFull === what) throw new WorkbenchError('host/disk-full', 'The batch cannot grow: the disk is full') }
  const rig = await openRig(passes, { clock, queue: { ...queue, append: async (events, works) => { await full('for events'); await queue.append(events, works) }, finish: async (work, result) => { await full('for results'); await queue.finish(work, result) } } })
  const id = await clock.run(rig.engine.start(planOf({ concurrency: { total: 2, staggerMs: 0 } }), targetsOf(6)))
  await clock.advance(10_000)
  isFull = 'for events'
  await clock.advance(70_000)
  // Both have ended; what is not kept is not so.
  expect(rig.engine.get(id).counts).toMatchObject({ passed: 0, running: 2 })
  isFull = 'for results'
  await clock.advance(120_000)
  expect(rig.engine.get(id).counts).toMatchObject({ passed: 2, running: 2 })
  isFull = 'not'
  const batch = await rig.finish(id)
  expect(batch.end?.state).toBe('passed')
  // Read again from what was kept it is the same, but for where the search for work had come to.
  expect((await queue.read(id, 0)).reduce<typeof batch | undefined>(applyBatchEvent, undefined)).toEqual({ ...batch, head: 0 })
  expect(rig.begun).toHaveLength(6)
  expect(rig.logged.join('\n')).toContain('the disk is full')
})
test('a camera that has left the rack: its attempt ends, nothing waits for ever', async () => {
  const [clock, queues] = [createVirtualClock(), createMemoryQueues()]
  const queue = queues.open('bench-1')
  const rig = await openRig(passes, { clock, queue: { ...queue, take: async (_cameras, most) => (await queue.take(new Set(targetsOf(1).map(({ camera }) => camera)), most)) } })
  const batch = await rig.finish(await clock.run(rig.engine.start(planOf(), targetsOf(2))))
  expect(batch.end?.state).toBe('not judged')
  expect(batch.items[1]?.attempts[0]?.result).toMatchObject({ outcome: 'failed', cause: 'infrastructure', evidence: 'No bench that works on batches has cam-02' })
})
test('a wall clock that is set back by a day holds nothing up', async () => {
  const clock = createVirtualClock()
  let backMs = 0
  const rig = await openRig(failsOn((camera, _image, attempt) => camera === 'cam-1' && attempt === 1, new WorkbenchError('link/unreachable', 'The pod does not answer')), { clock: { ...clock, wallMs: () => clock.wallMs() - backMs } })
  const id = await rig.clock.run(rig.engine.start(planOf({ concurrency: { total: 1, staggerMs: 5_000 } }), targetsOf(2)))
  await clock.advance(2_000)
  backMs = 86_400_000
  expect((await rig.finish(id)).end?.state).toBe('passed')
  expect(clock.nowMs()).toBeLessThan(600_000)
})
test('no camera, and more items than can be held, are refused before anything is kept', async () => {
  const rig = await openRig()
  await expect(rig.engine.start(planOf(), [])).rejects.toMatchObject({ code: 'input/not-found' })
  await expect(rig.engine.start(planOf({ cycles: 100_000 }), targetsOf(2))).rejects.toMatchObject({ code: 'input/too-large' })
  expect(rig.engine.list()).toEqual([])
})
