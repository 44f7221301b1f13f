import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { createMemoryQueues } from '../../../src/main/core/batch/memoryQueue.ts'
import { openSqliteBatches } from '../../../src/main/drivers/storage/sqliteBatches.ts'
import { openLocalWorkbench } from '../../../src/main/hosts/cli/localWorkbench.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { batchIdSchema } from '../../../src/shared/batch/batchPlan.schema.ts'
import { createFakeCli } from '../../support/fakeCli.ts'
import { openRig, passes, planOf, targetsOf } from './batchRig.ts'

const root = join(import.meta.dirname, '../../..')

test('what a person says on another bench is heard by the one that decides: pause, these first, go on, stop', async () => {
  const queues = createMemoryQueues()
  const decider = await openRig(passes, { queue: queues.open('bench-1') })
  const id = await decider.clock.run(decider.engine.start(planOf({ cycles: 4, concurrency: { total: 1, staggerMs: 0 } }), targetsOf(2)))
  const { clock, engine: window } = await openRig(passes, { clock: decider.clock, queue: queues.open('window') })
  const seen = (): object => ({ isPaused: window.get(id).isPaused, waiting: window.get(id).counts.waiting })
  await clock.run(window.pause(id))
  await clock.advance(5_000)
  expect(decider.engine.get(id).isPaused).toBe(true)
  expect(seen()).toMatchObject({ isPaused: true })
  const { waiting } = decider.engine.get(id).counts
  await clock.run(window.reorder(id, [7]))
  await clock.advance(600_000)
  expect(decider.engine.get(id).counts.waiting).toBe(waiting)
  await clock.run(window.goOn(id))
  await clock.advance(70_000)
  expect(decider.engine.get(id).items[7]?.attempts).toHaveLength(1)
  await clock.run(window.stop(id, { now: false }))
  const { end, counts } = await decider.finish(id)
  expect(end).toMatchObject({ state: 'stopped', sentence: expect.stringContaining('Stopped by a person') as string })
  expect(counts['left out']).toBeGreaterThan(0)
  await clock.advance(5_000)
  expect(window.get(id).end?.state).toBe('stopped')
  await expect(clock.run(window.pause(id))).rejects.toMatchObject({ code: 'input/conflict' })
})

test('a stop at once reaches what runs on another bench, also after a gentle one', async () => {
  const queues = createMemoryQueues()
  const hours = async (...[, signal, clock]: Parameters<typeof passes>): Promise<object> => { await clock.sleep(1_000_000, signal); return {} }
  // The one that decides has no camera itself.
  const decider = await openRig(hours, { queue: { ...queues.open('bench-1'), take: async () => Promise.resolve([]) } })
  const { clock } = decider
  const other = await openRig(hours, { clock, queue: queues.open('bench-2') })
  const id = await clock.run(decider.engine.start(planOf({ cycles: 1, concurrency: { total: 4, staggerMs: 4_000 } }), targetsOf(4)))
  await clock.advance(30_000)
  expect([decider.begun.length, other.begun.length]).toEqual([0, 4])
  await clock.run(other.engine.stop(id, { now: false }))
  await clock.advance(10_000)
  expect(decider.engine.get(id)).toMatchObject({ stop: { now: false }, counts: { running: 4 } })
  await clock.run(other.engine.stop(id, { now: true }))
  await clock.advance(10_000)
  expect(decider.engine.get(id).end).toMatchObject({ state: 'stopped' })
  expect(decider.engine.get(id).items.map(({ attempts }) => attempts[0]?.result?.outcome)).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled'])
})

test('nobody hears: what waits unheard is bounded, and what cannot be read is passed over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-wishes-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const queue = openSqliteBatches(join(folder, 'batches.sqlite'), { log: () => undefined })
  onTestFinished(async () => queue.close())
  const batch = batchIdSchema.parse('b1')
  for (let turn = 0; turn < 100; turn += 1) await queue.wish(batch, { kind: 'pause' })
  await expect(queue.wish(batch, { kind: 'pause' })).rejects.toMatchObject({ code: 'input/conflict' })
  await queue.forgetWishes(batch, 99)
  expect(await queue.wishes(batch)).toEqual([{ kind: 'pause' }])
})

async function stopped(folder: string, verb = 'stop', ...more: string[]): Promise<{ readonly exitCode: number; readonly done: object | undefined }> {
  const fake = createFakeCli()
  const exitCode = await runCli(['batch', verb, 'killed', '--output', 'json', ...more], { ...fake.deps, dataFolder: folder, openWorkbench: async (options) => openLocalWorkbench({ version: '1.2.3', homeFolder: folder, environment: {}, resourcesFolder: join(root, 'resources') }, options) })
  return { exitCode, done: fake.events().at(-1) }
}

async function writer(folder: string, attemptMs: number): Promise<{ kill(): Promise<void> }> {
  await mkdir(folder, { recursive: true })
  const child = spawn(process.execPath, [join(root, 'test/support/batchWriter.ts'), join(folder, 'batches.sqlite'), String(attemptMs)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const kill = async (): Promise<void> => { child.kill('SIGKILL'); await ended }
  onTestFinished(kill)
  for await (const _line of createInterface(child.stdout)) break
  return { kill }
}

test('rackbench batch go-on BATCH of one that another process has paused: that one goes on with it, and it is said', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-go-on-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  await writer(folder, 200)
  const queue = openSqliteBatches(join(folder, 'batches.sqlite'), { log: () => undefined })
  onTestFinished(async () => queue.close())
  const batch = batchIdSchema.parse('killed')
  const seen = async (type: string): Promise<boolean> => (await queue.read(batch, 0)).some((event) => event.type === type)
  const until = async (type: string): Promise<void> => { for (let turn = 0; turn < 400 && !await seen(type); turn += 1) await new Promise((resolve) => { setTimeout(resolve, 25) }); expect(await seen(type)).toBe(true) }
  await queue.wish(batch, { kind: 'pause' })
  await until('batch-paused')
  expect(await stopped(folder, 'go-on')).toMatchObject({ exitCode: 0, done: { event: 'done', success: true, batch: 'killed', state: 'running' } })
  expect(await seen('batch-continued')).toBe(true)
}, 60_000)

test.each([['another process that runs', false], ['nobody, because its process was killed', true]] as const)('rackbench batch stop BATCH, decided for by %s: it ends, and says so', async (_, isKilled) => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-stop-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const { kill } = await writer(folder, 3_000)
  if (isKilled) await kill()
  expect(await stopped(folder)).toMatchObject({ exitCode: 0, done: { event: 'done', success: true, batch: 'killed' } })
  const queue = openSqliteBatches(join(folder, 'batches.sqlite'), { log: () => undefined })
  onTestFinished(async () => queue.close())
  const ends = async (): Promise<readonly object[]> => (await queue.read(batchIdSchema.parse('killed'), 0)).filter(({ type }) => type === 'stop-requested' || type === 'batch-ended')
  for (let turn = 0; turn < 400 && (await ends()).length < 2; turn += 1) await new Promise((resolve) => { setTimeout(resolve, 25) })
  expect(await ends()).toMatchObject([{ type: 'stop-requested', reason: 'person' }, { type: 'batch-ended', state: 'stopped' }])
  expect(await stopped(folder)).toMatchObject({ exitCode: 2 })
}, 60_000)
