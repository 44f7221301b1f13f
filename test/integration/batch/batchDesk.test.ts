import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContractRouterClient } from '@orpc/contract'
import { createRouterClient } from '@orpc/server'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { batchPlanSchema } from '../../../src/shared/batch/batchPlan.schema.ts'
import type { BatchSummary } from '../../../src/shared/batch/batchView.schema.ts'
import type { WorkbenchContract } from '../../../src/shared/contracts/workbench.contract.ts'
import type { JobId } from '../../../src/shared/devices/ids.ts'
import { freeUdpPort } from '../../support/freePort.ts'

async function openDemo(): Promise<{ readonly workbench: OpenWorkbench; readonly client: ContractRouterClient<WorkbenchContract>; readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-batch-desk-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const workbench = await createWorkbench({
    host: 'web', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: await freeUdpPort(), resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined,
  })
  onTestFinished(async () => workbench.close())
  await workbench.setup.openDemo()
  return { workbench, folder, client: createRouterClient(workbench.router) as unknown as ContractRouterClient<WorkbenchContract> }
}

const untilIt = async (client: ContractRouterClient<WorkbenchContract>, isSo: (batch: BatchSummary) => boolean): Promise<BatchSummary> => {
  const stop = new AbortController()
  try {
    for await (const [batch] of await client.batch.watch({}, { signal: stop.signal })) if (batch && isSo(batch)) return batch
  } finally {
    stop.abort()
  }
  throw new Error('the stream ended')
}

test('over the contract: a restore by the real job desk, paused and gone on with, and what a page is told of it', async () => {
  const { workbench, client } = await openDemo()
  const imagesFolder = workbench.rack.view().pods[0]?.imagesFolder ?? ''
  const plan = batchPlanSchema.parse({ name: 'two', cameras: { ids: ['cam-01', 'cam-02'] }, workflow: 'restore', images: [{ name: 'demo', path: imagesFolder }], concurrency: { total: 1 } })
  await expect(client.batch.start({ plan: { ...plan, cameras: { labels: [], ids: ['nobody'] } } })).rejects.toMatchObject({ code: 'input/not-found' })
  await expect(client.batch.start({ plan: { ...plan, images: [{ name: 'gone', path: '/nowhere/at/all' }] } })).rejects.toMatchObject({ code: 'input/missing-file' })
  const { batch } = await client.batch.start({ plan })
  await untilIt(client, ({ counts }) => counts.running === 1)
  await client.batch.pause({ batch })
  expect(await client.batch.get({ batch })).toMatchObject({ state: 'paused', items: 2, cameras: 2 })
  await client.batch.reorder({ batch, first: [1] })
  const held = await untilIt(client, ({ counts }) => counts.running === 0)
  expect(held).toMatchObject({ state: 'paused', counts: { passed: 1, waiting: 1 } })
  await client.batch.goOn({ batch })
  expect(await untilIt(client, ({ endedAtMs }) => endedAtMs !== undefined)).toMatchObject({ state: 'passed', sentence: 'All 2 passed.', passRate: 1 })
  const { items, total } = await client.batch.items({ batch, state: 'passed', limit: 1 })
  expect(total).toBe(2)
  const job = workbench.jobs.get(items[0]?.attempts[0]?.job as JobId)
  expect(job).toMatchObject({ workflow: 'restore', verdict: 'restored and booted', camera: 'demo-cam-01' })
  expect((await client.batch.get({ batch })).phases.map(({ name }) => name)).toContain('boot-seen')
  const drawn = await client.batch.dashboard({ batch })
  expect(drawn.phases.find(({ name }) => name === 'boot-seen')).toMatchObject({ count: 2 })
  expect(drawn.causes).toEqual([])
  const { text, path } = await client.batch.report({ batch, format: 'html' })
  expect(await readFile(path, 'utf8')).toBe(text)
  await expect(client.batch.stop({ batch })).rejects.toMatchObject({ code: 'input/conflict' })
  expect((await client.batch.list())[0]?.id).toBe(batch)
}, 60_000)

test('before a plan begins it is said what would go wrong in the night: images of one camera, and a ping that is not on this computer', async () => {
  const { workbench, client, folder } = await openDemo()
  const demo = join(folder, 'data', 'demo')
  const plan = batchPlanSchema.parse({ name: 'night', cameras: { ids: ['cam-01', 'cam-02'] }, workflow: 'restore', cycles: 2, images: [{ name: 'one', path: join(demo, 'images') }, { name: 'many', path: join(demo, 'firmware', 'fw-2.5.1') }, { name: 'gone', path: '/nowhere' }] })
  const { warnings, problem } = await client.batch.check({ plan })
  expect(problem).toBeUndefined()
  expect(warnings).toEqual([expect.stringMatching(/^one is the dump of one camera.*02:52:42:00:10:01.*before its next restore it is refused/), expect.stringMatching(/^gone: .*nowhere/)])

  const soak = batchPlanSchema.parse({ name: 'soak', cameras: { ids: ['cam-01'] }, workflow: 'soak', checks: { ping: true } })
  vi.stubEnv('PATH', folder)
  onTestFinished(() => { vi.unstubAllEnvs() })
  expect(await client.batch.check({ plan: soak })).toMatchObject({ problem: { code: 'host/io', message: 'There is no ping on the computer that has cam-01, so no attempt of this plan could be judged' }, warnings: [] })
  await expect(client.batch.start({ plan: soak })).rejects.toMatchObject({ code: 'host/io' })
  expect(await client.batch.list()).toEqual([])
  await writeFile(join(folder, 'ping'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  expect(await client.batch.check({ plan: soak })).toEqual({ warnings: [] })
  await workbench.setup.closeDemo()
}, 60_000)

test('a workbench that is closed in the middle: the attempt ends as interrupted, and the next one goes on with it', async () => {
  const first = await openDemo()
  const plan = batchPlanSchema.parse({ name: 'closed', cameras: { ids: ['cam-01'] }, workflow: 'soak' })
  const { batch } = await first.client.batch.start({ plan })
  await untilIt(first.client, ({ counts }) => counts.running === 1)
  await first.workbench.close()
  const next = await createWorkbench({
    host: 'web', version: 'test', dataFolder: join(first.folder, 'data'), homeFolder: first.folder, tftpPort: await freeUdpPort(), resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined,
  }, { loadRack: true })
  onTestFinished(async () => next.close())
  await next.setup.openDemo()
  const client = createRouterClient(next.router) as unknown as ContractRouterClient<WorkbenchContract>
  expect(await untilIt(client, ({ endedAtMs }) => endedAtMs !== undefined)).toMatchObject({ state: 'passed' })
  const { items: [item] } = await client.batch.items({ batch })
  expect(item?.attempts.map(({ outcome }) => outcome)).toEqual(['interrupted', 'passed'])
}, 60_000)
