import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { openBatchEngine } from '../../../src/main/core/batch/batchEngine.ts'
import { createSystemClock } from '../../../src/main/drivers/host/systemClock.ts'
import { openSqliteBatches } from '../../../src/main/drivers/storage/sqliteBatches.ts'
import { batchIdSchema } from '../../../src/shared/batch/batchPlan.schema.ts'

const program = join(import.meta.dirname, '../../support/batchWriter.ts')

async function workAndDie(file: string, afterEnded: number): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, [program, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let seen = 0
  for await (const _line of createInterface(child.stdout!)) {
    seen += 1
    if (seen === afterEnded) break
  }
  expect(seen).toBe(afterEnded)
  child.kill('SIGKILL')
  await ended
}

test('killed twice in the middle (kill -9): queued attempts go on, those that ran are interrupted and done again, and no item is lost or counted twice', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-killed-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'batches.sqlite')
  await workAndDie(file, 10)
  await workAndDie(file, 10)
  const clock = createSystemClock()
  const queue = openSqliteBatches(file, { log: () => undefined })
  const engine = await openBatchEngine({ queue, clock, log: () => undefined, newBatchId: () => batchIdSchema.parse('other'), run: async () => ({}) })
  onTestFinished(async () => engine.close())
  const id = batchIdSchema.parse('killed')
  expect(engine.get(id).end).toBeUndefined()
  expect(engine.get(id).counts.passed).toBeGreaterThanOrEqual(16)
  await engine.takeUp(id)
  for (let turn = 0; turn < 10_000 && !engine.get(id).end; turn += 1) {
    const news = engine.changed(new AbortController().signal)
    if (!engine.get(id).end) await news
  }
  const { end, counts, items } = engine.get(id)
  expect(end).toMatchObject({ state: 'passed', sentence: 'All 80 passed.' })
  expect(counts).toMatchObject({ passed: 80, waiting: 0, running: 0 })
  // Whatever was under way at a kill has an end of its own; nothing has two passes, and every attempt has a result.
  for (const { attempts } of items) {
    expect(attempts.filter(({ result }) => result?.outcome === 'passed')).toHaveLength(1)
    expect(attempts.slice(0, -1).every(({ result }) => result?.outcome === 'interrupted' && result.cause === 'infrastructure')).toBe(true)
  }
  expect(items.some(({ attempts }) => attempts.length > 1)).toBe(true)
  // Read again from the file it is the same.
  const events = await queue.read(id, 0)
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1))
})
