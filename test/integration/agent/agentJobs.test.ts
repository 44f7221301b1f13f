import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { createScaledClock, createSystemClock } from '../../../src/main/drivers/host/systemClock.ts'
import { serveSimRack } from '../../../src/main/sim/serveSimRack.ts'
import { createSimRack, type SimPodHandle } from '../../../src/main/sim/simRack.ts'
import { denseBytes } from '../../../src/main/sim/timing.ts'
import { type AgentWork, agentRequestSchema } from '../../../src/shared/agent/agent.schema.ts'
import type { JobEvent } from '../../../src/shared/jobs/jobEvent.ts'
import type { Job } from '../../../src/shared/jobs/reduceJob.ts'

const never = new AbortController().signal

interface Bench {
  readonly workbench: OpenWorkbench
  readonly pod: SimPodHandle
  readonly folder: string
  /** `onEvent` hears each one as it comes. */
  run(work: AgentWork, onEvent?: (event: JobEvent, id: Job['id']) => void): Promise<Job>
}

/** Thirty times faster than life: slow enough that something can happen in the middle. */
async function openBench(faults: readonly string[] = []): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-agent-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const clock = createScaledClock(createSystemClock(), 30)
  const rack = createSimRack({ clock, pods: 1, speed: 'real', flashMb: 8, faults })
  onTestFinished(async () => rack.close())
  const served = await serveSimRack({ rack, host: '127.0.0.1', portBase: 0, clock, log: () => undefined, folder: join(folder, 'sim') })
  onTestFinished(async () => served.close())
  const [pod] = rack.pods
  const [announced] = served.announcement.pods
  if (!pod || !announced) throw new Error('no camera')
  const workbench = await createWorkbench({
    host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: 69, resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined,
  })
  onTestFinished(async () => workbench.close())
  const { cameraId } = workbench.setup.addForNow({ url: `rack://127.0.0.1:${new URL(announced.uart).port}?api=${new URL(announced.http).port}`, name: '', cameraName: '', chip: 'hi3516ev300' })
  const { profile, uboot, agent } = served.announcement.boot
  return {
    workbench, pod, folder,
    run: async (work, onEvent) => {
      const request = agentRequestSchema.parse({ cameraId, work, agentPath: agent, profilePath: profile, ubootPath: uboot })
      const id = await workbench.agents.start(request, (await workbench.agents.plan(request)).hash)
      for await (const event of workbench.jobs.events(id, 0, never)) onEvent?.(event, id)
      return workbench.jobs.get(id)
    },
  }
}

test('a cancel in the middle of a read leaves no file, and the line at its resting rate', async () => {
  const { run, workbench, folder, pod } = await openBench()
  const job = await run({ kind: 'read', offsetBytes: 0, outputPath: join(folder, 'flash.bin') }, (event, id) => { if (event.type === 'phase-progressed' && event.phase === 'read') workbench.jobs.cancel(id) })
  expect(job).toMatchObject({ state: 'cancelled', verdict: 'cancelled', dumped: [], leftBehind: [] })
  expect((await readdir(folder)).filter((name) => name.includes('flash.bin'))).toEqual([])
  expect(pod.bridge.baudRate()).toBe(115_200)
  expect(pod.camera.flashTouched).toBe(false)
}, 60_000)

test('a cancel in the middle of a write waits until the range is written and proved', async () => {
  const { run, workbench, folder, pod } = await openBench()
  const image = denseBytes(4 * 0x10000, 5)
  const inputPath = join(folder, 'image.bin')
  await writeFile(inputPath, image)
  const job = await run({ kind: 'write', offsetBytes: 0x400000, inputPath }, (event, id) => { if (event.type === 'phase-progressed' && event.phase === 'change') workbench.jobs.cancel(id) })
  // After the last phase there is nothing left to cancel.
  expect(job.cancelRequested).toBe(true)
  expect(job.partitions[0]).toMatchObject({ state: 'proved' })
  expect(Buffer.compare(pod.camera.cells.subarray(0x400000, 0x440000), image)).toBe(0)
}, 60_000)

test('a line that is lost in the middle of a write leaves a state that nobody calls known', async () => {
  const { run, folder, pod } = await openBench()
  const inputPath = join(folder, 'image.bin')
  await writeFile(inputPath, denseBytes(6 * 0x10000, 5))
  const job = await run({ kind: 'write', offsetBytes: 0x400000, inputPath }, (event) => { if (event.type === 'phase-progressed' && event.phase === 'change') pod.bridge.closeClient() })
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state unknown)', error: { code: 'link/closed' } })
  expect(pod.bridge.baudRate()).toBe(115_200)
}, 60_000)

test('a camera that is worked on is busy, and says for whom', async () => {
  const { run, workbench, folder } = await openBench()
  const first = run({ kind: 'read', offsetBytes: 0, lengthBytes: 0x40000, outputPath: join(folder, 'a.bin') })
  await expect.poll(() => workbench.rack.view().pods[0]?.cameras[0]?.job?.workflow).toBe('agent')
  await expect.poll(async () => run({ kind: 'info' }).then(() => 'started', (error: { readonly code: string }) => error.code), { timeout: 10_000 }).toBe('pod/busy')
  expect((await first).verdict).toBe('done and proved')
}, 60_000)
