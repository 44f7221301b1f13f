import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { startLoopbackRack } from '../../src/main/composition/simulator.ts'
import { type DumpPlan, type DumpRequest, dumpRequestSchema } from '../../src/shared/dump/dump.schema.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { freeUdpPort } from '../support/freePort.ts'

const never = new AbortController().signal

interface Bench {
  readonly workbench: OpenWorkbench
  readonly folder: string
  plan(more?: Partial<DumpRequest>): Promise<DumpPlan>
  dump(more?: Partial<DumpRequest>): Promise<Job>
}

async function openBench(faults: readonly string[] = []): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-test-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  const rack = await startLoopbackRack(join(folder, 'sim'), () => undefined, { faults: ['wrong-flash-size:8', ...faults] })
  onTestFinished(async () => rack.close())
  const workbench = await createWorkbench({
    host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: await freeUdpPort(),
    resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined,
  })
  onTestFinished(async () => workbench.close())
  const { cameraId } = workbench.setup.addForNow({ url: rack.urls[0] ?? '', name: '', cameraName: '', chip: rack.chip })
  const requestOf = (more: Partial<DumpRequest> = {}): DumpRequest => dumpRequestSchema.parse({
    cameraId, outputPath: join(folder, 'dump'), via: 'agent', agentPath: rack.agentPath, profilePath: rack.profilePath, ubootPath: rack.ubootPath, hostIp: '127.0.0.1', ...more,
  })
  return {
    workbench, folder, plan: async (more) => workbench.dumps.plan(requestOf(more), never),
    dump: async (more) => {
      const plan = await workbench.dumps.plan(requestOf(more), never)
      const id = await workbench.dumps.start(plan.request, plan.hash, never)
      for await (const event of workbench.jobs.events(id, 0, never)) void event
      return workbench.jobs.get(id)
    },
  }
}

test('a dump by the agent is the same as one by U-Boot, with the layout of the environment in the flash', async () => {
  const { dump, workbench, folder, plan } = await openBench()
  expect(await plan()).toMatchObject({ refusals: [], way: 'agent', boot: { method: 'pod', agent: expect.stringContaining('simulator-agent.bin') as string } })
  const job = await dump()
  expect(job.error).toBeUndefined()
  expect(job).toMatchObject({ verdict: 'dumped and verified', agent: { version: 4 } })
  expect(job.dumped.map(({ name }) => name)).toContain('rootfs')
  const byUboot = await dump({ via: 'tftp', agentPath: undefined, outputPath: join(folder, 'by-uboot') })
  expect(byUboot.verdict).toBe('dumped and verified')
  expect(byUboot.dumped.map(({ name, offsetBytes, crc32 }) => ({ name, offsetBytes, crc32 }))).toEqual(job.dumped.map(({ name, offsetBytes, crc32 }) => ({ name, offsetBytes, crc32 })))
  expect(await workbench.dumps.diff({ pathA: join(folder, 'dump'), pathB: join(folder, 'by-uboot') }, never)).toMatchObject({ same: true })
}, 60_000)

test('without an agent it is refused with words, and nothing is made', async () => {
  const { plan, workbench, folder } = await openBench()
  const made = await plan({ agentPath: undefined })
  expect(made.refusals[0]).toMatchObject({ code: 'input/missing-file', hint: expect.stringContaining('--agent FILE') as string })
  await expect(workbench.dumps.start(made.request, made.hash, never)).rejects.toMatchObject({ code: 'input/missing-file' })
  expect(await readdir(folder)).not.toContain('dump')
})

test('who the camera is and which U-Boot it has is read, whatever says where the parts are', async () => {
  const { dump, folder } = await openBench()
  const job = await dump({ mtdparts: 'hi_sfc:256k(boot),64k(env),-(rest)', partition: 'boot' })
  expect(job.error).toBeUndefined()
  expect(job.identity).toMatchObject({ state: 'first', facts: { jedecId: 'ef4018', flashSize: '8 MiB' } })
  const record: unknown = JSON.parse(await readFile(join(folder, 'dump', 'dump.json'), 'utf8'))
  expect(record).toMatchObject({ ethaddr: expect.stringMatching(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/) as string, ubootVersion: 'U-Boot 2016.11 (Mar 20 2023 - 11:44:07 +0000)', layoutFrom: 'request', flash: { kind: 'nor' } })
  const again = await dump({ outputPath: join(folder, 'again'), partition: 'boot' })
  expect(again.identity?.state).toBe('same')
}, 60_000)

test.each([
  ['agent-flash-kind:nand', 'input/not-supported', /says that this flash is NAND, and a dump by it is of NOR only/],
  ['agent-flash-kind:emmc', 'input/not-supported', /says that this flash is eMMC, and a dump by it is of NOR only/],
  ['agent-flash-size:2048', 'input/too-large', /^flash has 2048 MiB, and one file of a dump holds at most 1024$/],
] as const)('%s: no dump of NOR, and nothing has its name', async (fault, code, message) => {
  const { dump, folder } = await openBench([fault])
  const job = await dump({ form: 'image' })
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', error: { code, message: expect.stringMatching(message) as string }, dumped: [] })
  await expect(stat(join(folder, 'dump'))).rejects.toMatchObject({ code: 'ENOENT' })
}, 60_000)

test('a sector that reads differently each time is no dump, and nothing has its name', async () => {
  const { dump, folder } = await openBench(['flash-sector-unstable:60'])
  const job = await dump({ form: 'image' })
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', error: { code: 'device/wrong-content' }, dumped: [] })
  await expect(stat(join(folder, 'dump'))).rejects.toMatchObject({ code: 'ENOENT' })
}, 60_000)
