import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
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

test('a sector that reads differently each time is no dump, and nothing has its name', async () => {
  const { dump, folder } = await openBench(['flash-sector-unstable:60'])
  const job = await dump({ form: 'image' })
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', error: { code: 'device/wrong-content' }, dumped: [] })
  await expect(stat(join(folder, 'dump'))).rejects.toMatchObject({ code: 'ENOENT' })
}, 60_000)
