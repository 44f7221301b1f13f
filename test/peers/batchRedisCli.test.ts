import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { ContractRouterClient } from '@orpc/contract'
import { createRouterClient } from '@orpc/server'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../src/main/composition/createWorkbench.ts'
import type { ServeOptions } from '../../src/main/hosts/cli/cliWorkbench.ts'
import { openLocalWorkbench } from '../../src/main/hosts/cli/localWorkbench.ts'
import { runCli } from '../../src/main/hosts/cli/main.ts'
import type { WorkbenchContract } from '../../src/shared/contracts/workbench.contract.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { createFakeCli, type FakeCli } from '../support/fakeCli.ts'
import { freeUdpPort } from '../support/freePort.ts'
import { openRedis, redisPassword } from '../support/redisPeer.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'

const program = findProgram('redis-server')
const root = join(import.meta.dirname, '../..')

interface Ran { readonly exitCode: number; readonly events: ReturnType<FakeCli['events']>; readonly all: string }

/** The command line of one bench, with a data folder of its own. */
async function batch(folder: string, ...argv: string[]): Promise<Ran> {
  const fake = createFakeCli()
  const exitCode = await runCli(['batch', ...argv, '--output', 'json'], { ...fake.deps, dataFolder: folder, openWorkbench: async (options) => openLocalWorkbench({ version: '1.2.3', homeFolder: folder, environment: {}, resourcesFolder: join(root, 'resources') }, options) })
  return { exitCode, events: fake.events(), all: JSON.stringify(fake.events()) }
}

/** What `rackbench serve --redis` is told to serve, without its page. */
async function serve(folder: string, redis: string): Promise<ContractRouterClient<WorkbenchContract>> {
  const fake = createFakeCli()
  let options: ServeOptions | undefined
  expect(await runCli(['serve', '--data', folder, '--redis', redis], { ...fake.deps, serve: async (given) => { options = given; return Promise.resolve() } })).toBe(0)
  const workbench = await createWorkbench({
    host: 'web', version: 'test', dataFolder: options?.dataFolder ?? '', redisUrl: options?.redisUrl, homeFolder: folder, tftpPort: await freeUdpPort(), resourcesFolder: join(root, 'resources'), log: () => undefined,
  }, { loadRack: true })
  onTestFinished(async () => workbench.close())
  return createRouterClient(workbench.router) as unknown as ContractRouterClient<WorkbenchContract>
}

/** Two data folders on one Redis, the second of them served. */
async function twoBenches(): Promise<{ readonly redis: Awaited<ReturnType<typeof openRedis>>; readonly one: string; readonly two: string; readonly window: ContractRouterClient<WorkbenchContract> }> {
  const redis = await openRedis(program ?? '')
  onTestFinished(async () => redis.close())
  const folders = await Promise.all(['one', 'two'].map(async (name) => mkdtemp(join(tmpdir(), `rackbench-redis-${name}-`))))
  onTestFinished(async () => { for (const folder of folders) await rm(folder, { recursive: true, force: true }) })
  const [one = '', two = ''] = folders
  return { redis, one, two, window: await serve(two, redis.url) }
}

describeWithPeer('batches on a real Redis from the command line', program === undefined ? ['redis-server'] : [], () => {
  test('batch run --redis and serve --redis share one Redis: each window sees it all, the data folder keeps none of it, and no login is told', async () => {
    const { redis, one, two, window } = await twoBenches()
    const plan = join(one, 'plan.yaml')
    await writeFile(plan, 'name: Shared soak\ncameras:\n  ids: [cam-01, cam-02]\nworkflow: soak\nchecks:\n  expect: ["Starting majestic: OK"]\n')
    const ran = await batch(one, 'run', plan, '--demo', '--redis', redis.url)
    expect([ran.exitCode, ran.events.at(-1)]).toMatchObject([0, { event: 'done', state: 'passed', sentence: 'All 2 passed.' }])
    const { batch: id } = ran.events.find(({ event }) => event === 'batch') as unknown as { batch: string }
    let seen: Awaited<ReturnType<typeof window.batch.list>> = []
    for (let turn = 0; turn < 200; turn += 1) {
      seen = await window.batch.list({})
      if (seen[0]?.state === 'passed') break
      await wait(50)
    }
    expect(seen).toMatchObject([{ id, name: 'Shared soak', state: 'passed', items: 2 }])
    const listed = await batch(two, 'list', '--redis', redis.url)
    expect(listed.events.at(-1)).toMatchObject({ batches: [{ id, state: 'passed' }] })
    expect((await batch(one, 'list')).events.at(-1)).toMatchObject({ batches: [] })
    expect(ran.all + listed.all + JSON.stringify(seen)).not.toContain(redisPassword)
  }, 120_000)

  test('what the cameras of another bench lack is known where the plan begins: some a warning, all of them a refusal', async () => {
    const { redis, one, window } = await twoBenches()
    await window.rack.openDemo({})
    const cameraId = cameraIdSchema.parse('demo-cam-02')
    await window.pictures.setUrl({ cameraId })
    const plan = join(one, 'plan.yaml')
    const planOf = async (cameras: string): Promise<Ran> => {
      await writeFile(plan, `name: Pictures\ncameras:\n  ids: [${cameras}]\nworkflow: soak\nchecks:\n  snapshot: true\n`)
      return batch(one, 'run', plan, '--plan-only', '--redis', redis.url)
    }
    let ran = await planOf('cam-01, cam-02')
    // The other bench offers its cameras with its next sign of life, and says what they lack with the one after it at the latest.
    for (let turn = 0; turn < 40 && !JSON.stringify(ran.events).includes('Nobody has said'); turn += 1) { await wait(500); ran = await planOf('cam-01, cam-02') }
    expect([ran.exitCode, ran.events.at(-1)]).toMatchObject([0, { items: 2, warnings: ['Nobody has said where the picture of cam-02 is: there the picture cannot be judged'] }])
    const refused = await planOf('cam-02')
    expect(refused.exitCode).toBe(2)
    expect(refused.all).toContain('no attempt of this plan could be judged')
  }, 120_000)
})
