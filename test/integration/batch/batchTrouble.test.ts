import { expect, test } from 'vitest'
import { createMemoryQueues } from '../../../src/main/core/batch/memoryQueue.ts'
import { applyBatchEvent } from '../../../src/main/core/batch/batchState.ts'
import type { BatchEvent } from '../../../src/shared/batch/batchEvent.ts'
import type { BatchQueue } from '../../../src/shared/batch/batchQueue.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'
import { type Deed, openRig, passes, planOf, targetsOf } from './batchRig.ts'

const away = new WorkbenchError('link/unreachable', 'Redis does not answer: the connection was lost')
const panics = new WorkbenchError('device/not-booted', 'No login prompt was seen', { context: { cause: 'firmware' } })
const fails: Deed = async (_request, signal, clock) => { await clock.sleep(1_000, signal); throw panics }
const says = (events: readonly BatchEvent[], type: BatchEvent['type']): boolean => events.some((event) => event.type === type)

test('what was kept although the answer was lost is so: nothing is begun twice, and the batch ends', async () => {
  const queue = createMemoryQueues().open('bench-1')
  let count = 0
  const losesAnswers: BatchQueue = { ...queue, append: async (events, works) => { await queue.append(events, works); if ((count += 1) % 3 === 0) throw away } }
  const rig = await openRig(passes, { queue: losesAnswers })
  const id = await rig.clock.run(rig.engine.start(planOf({ cycles: 3, concurrency: { total: 3, staggerMs: 0 } }), targetsOf(5)))
  const batch = await rig.finish(id)
  expect(batch.end).toMatchObject({ state: 'passed', sentence: 'All 15 passed.' })
  expect(rig.begun).toHaveLength(15)
  expect((await queue.read(id, 0)).reduce<typeof batch | undefined>(applyBatchEvent, undefined)).toEqual({ ...batch, head: 0 })
})

test('a canary that fails stops the batch, also when it cannot be kept at once that it does', async () => {
  const queue = createMemoryQueues().open('bench-1')
  let refusals = 3
  const refuses: BatchQueue = { ...queue, append: async (events, works) => { if (says(events, 'stop-requested') && (refusals -= 1) >= 0) throw away; await queue.append(events, works) } }
  const rig = await openRig(fails, { queue: refuses })
  const batch = await rig.finish(await rig.clock.run(rig.engine.start(planOf({ canary: { cameras: 1 } }), targetsOf(4))))
  expect(batch.end?.state).toBe('stopped')
  expect(batch.stop).toMatchObject({ reason: 'canary' })
  expect(rig.begun).toHaveLength(1)
})

test('a bench that dies between the last result and the end of the batch: whoever takes it up ends it', async () => {
  const [clock, queues] = [createVirtualClock(), createMemoryQueues()]
  const first = queues.open('bench-1')
  const hangs: BatchQueue = { ...first, append: async (events, works) => (says(events, 'batch-ended') ? new Promise<void>(() => undefined) : first.append(events, works)) }
  const dying = await openRig(passes, { clock, queue: hangs, dies: true })
  const id = await clock.run(dying.engine.start(planOf(), targetsOf(2)))
  await clock.advance(120_000)
  expect(dying.engine.get(id).counts.passed).toBe(2)
  expect(dying.engine.get(id).end).toBeUndefined()
  queues.die('bench-1')
  const rig = await openRig(passes, { clock, queue: queues.open('bench-2') })
  await clock.run(rig.engine.takeUp(id))
  expect((await rig.finish(id)).end).toMatchObject({ state: 'passed' })
})

test('what the queue has forgotten is done again', async () => {
  const queue = createMemoryQueues().open('bench-1')
  const forgotten = createMemoryQueues().open('bench-1')
  let current = queue
  let wasAway = false
  const rig = await openRig(passes, { queue: {
    ...queue, append: async (...given) => current.append(...given), read: async (...given) => current.read(...given), batches: async () => current.batches(), adopt: async (...given) => current.adopt(...given), add: async (...given) => current.add(...given),
    take: async (...given) => current.take(...given), finish: async (...given) => current.finish(...given), collect: async (...given) => { if (wasAway) { wasAway = false; throw away } return current.collect(...given) }, pending: async (...given) => current.pending(...given), drop: async (...given) => current.drop(...given),
  } })
  const id = await rig.clock.run(rig.engine.start(planOf({ concurrency: { total: 1, staggerMs: 0 } }), targetsOf(4)))
  await rig.clock.advance(30_000)
  // It starts again with the first event and the first attempt alone.
  await forgotten.append((await queue.read(id, 0)).slice(0, 2))
  await rig.clock.advance(100_000)
  expect(rig.engine.get(id).counts.passed).toBeGreaterThanOrEqual(1)
  current = forgotten
  wasAway = true
  const batch = await rig.finish(id)
  expect(batch.end).toMatchObject({ state: 'passed', sentence: 'All 4 passed.' })
  expect(batch.items[0]?.attempts.map(({ result }) => result?.outcome)).toEqual(['interrupted', 'passed'])
  expect(rig.logged.join('\n')).toContain('has forgotten')
})

test('what is kept of a batch of another bench is damaged: told once, and this bench goes on with its own', async () => {
  const [clock, queues] = [createVirtualClock(), createMemoryQueues()]
  const other = await openRig(passes, { clock, queue: queues.open('bench-2') })
  const theirs = await clock.run(other.engine.start(planOf({ name: 'theirs', cycles: 50 }), [targetsOf(9)[8]!]))
  const queue = queues.open('bench-1')
  let isSpoiled = false
  const spoiled: BatchQueue = { ...queue, read: async (batch, after, atMost) => {
    if (isSpoiled && batch === theirs) throw new WorkbenchError('host/io', `Entry ${after + 1} of batch ${batch} is damaged`, { context: { batch } })
    return queue.read(batch, after, atMost)
  } }
  const rig = await openRig(passes, { clock, queue: spoiled, prefix: 'c' })
  expect(rig.engine.list().map(({ id }) => id)).toContain(theirs)
  isSpoiled = true
  const mine = await clock.run(rig.engine.start(planOf({ cycles: 3 }), targetsOf(2)))
  expect((await rig.finish(mine)).end).toMatchObject({ state: 'passed', sentence: 'All 6 passed.' })
  expect(rig.logged.filter((line) => line.includes('cannot be followed'))).toHaveLength(1)
  const late = await openRig(passes, { clock, queue: spoiled, prefix: 'd' })
  await clock.run(clock.sleep(60_000, new AbortController().signal))
  expect(late.logged.filter((line) => line.includes('cannot be read'))).toHaveLength(1)
})
