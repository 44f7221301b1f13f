import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { startLoopbackRack } from '../../src/main/composition/simulator.ts'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import { type DumpRequest, dumpRequestSchema } from '../../src/shared/dump/dump.schema.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { restoreRequestSchema } from '../../src/shared/restore/restore.schema.ts'
import { freeUdpPort } from '../support/freePort.ts'

const never = new AbortController().signal

interface Bench {
  readonly workbench: OpenWorkbench
  readonly folder: string
  readonly cameras: readonly CameraId[]
  request(camera: CameraId | undefined, more?: Partial<DumpRequest>): DumpRequest
  dump(request: DumpRequest): Promise<Job>
  end(id: Job['id']): Promise<Job>
}

async function openBench(pods = 1, tftpPort?: number): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-test-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  const rack = await startLoopbackRack(join(folder, 'sim'), () => undefined, { pods })
  onTestFinished(async () => rack.close())
  const workbench = await createWorkbench({
    host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: tftpPort ?? await freeUdpPort(),
    resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined,
  })
  onTestFinished(async () => workbench.close())
  const cameras = rack.urls.map((url) => workbench.setup.addForNow({ url, name: '', cameraName: '', chip: rack.chip }).cameraId)
  const end = async (id: Job['id']): Promise<Job> => {
    for await (const event of workbench.jobs.events(id, 0, never)) void event
    return workbench.jobs.get(id)
  }
  return {
    workbench, folder, cameras, end,
    request: (cameraId, more = {}) => dumpRequestSchema.parse({
      cameraId, outputPath: join(folder, 'dump'), profilePath: rack.profilePath, ubootPath: rack.ubootPath, hostIp: '127.0.0.1', ...more,
    }),
    dump: async (request) => {
      const plan = await workbench.dumps.plan(request, never)
      return end(await workbench.dumps.start(request, plan.hash, never))
    },
  }
}

test('the TFTP port is taken: the ways out are those of a dump', async () => {
  const socket = createSocket('udp4').bind(0, '0.0.0.0')
  await once(socket, 'listening')
  onTestFinished(async () => { const closed = once(socket, 'close'); socket.close(); await closed })
  const { cameras: [camera], request, dump } = await openBench(1, socket.address().port)
  const job = await dump(request(camera, { via: 'tftp' }))
  expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'host/port-in-use' } })
  expect(job.error?.hint).toContain('--via md')
  expect(job.error?.hint).not.toContain('--tftp-via')
})

test('over real sockets: dumped by our own TFTP server, reported, restored unchanged, compared', async () => {
  const { workbench, cameras: [camera], request, dump, end, folder } = await openBench()
  const job = await dump(request(camera))
  expect(job.error).toBeUndefined()
  expect(job).toMatchObject({ verdict: 'dumped and verified', workflow: 'dump' })
  const { text } = await workbench.reports.read(job.id, 'html')
  for (const { crc32, sha256, path } of job.dumped) for (const fact of [crc32, sha256, path]) expect(text).toContain(fact)

  const { profilePath, ubootPath } = request(camera)
  const wanted = restoreRequestSchema.parse({ cameraId: camera, inputPath: join(folder, 'dump'), profilePath, ubootPath, tftpVia: 'host', hostIp: '127.0.0.1' })
  const plan = await workbench.desk.plan(wanted, never)
  expect(plan).toMatchObject({ refusals: [], warnings: [] })
  const restored = await end(await workbench.desk.start(wanted, plan.hash, never))
  expect(restored.verdict).toBe('restored and booted')
  expect(new Set(restored.partitions.map(({ action }) => action))).toEqual(new Set(['unchanged']))

  const second = join(folder, 'again.bin')
  expect((await dump(request(camera, { outputPath: second, form: 'image' }))).verdict).toBe('dumped and verified')
  const same = await workbench.dumps.diff({ pathA: join(folder, 'dump'), pathB: second }, never)
  expect(same).toMatchObject({ same: true, comparedBytes: 0x1000000, environment: { offsetInA: 0x40000, offsetInB: 0x40000, changes: [] } })
  const bytes = await readFile(second)
  bytes[0x350007] = (bytes[0x350007] ?? 0) ^ 1
  await writeFile(second, bytes)
  // Changed on purpose: it is no longer what its record says.
  await expect(workbench.dumps.diff({ pathA: join(folder, 'dump'), pathB: second }, never)).rejects.toMatchObject({ code: 'input/malformed' })
  await rm(`${second}.dump.json`)
  const other = await workbench.dumps.diff({ pathA: join(folder, 'dump'), pathB: second }, never)
  expect(other).toMatchObject({ same: false, differingBytes: 1 })
  expect(other.partitions.find(({ state }) => state === 'different')).toMatchObject({ name: 'rootfs', firstDifference: 0x350007 })
})

test('four cameras at once, each into its own folder', async () => {
  const { cameras, request, dump, folder } = await openBench(4)
  const jobs = await Promise.all(cameras.map(async (camera, index) => dump(request(camera, { outputPath: join(folder, 'dumps', String(index)), partition: 'kernel' }))))
  expect(jobs.map(({ verdict }) => verdict)).toEqual(new Array(4).fill('dumped and verified'))
  expect(new Set(jobs.map(({ dumped: [range] }) => range?.sha256)).size).toBe(4)
})

test('two dumps never write to one path, and a busy camera says who has it', async () => {
  const { workbench, cameras: [first, second], request, end, folder } = await openBench(2)
  const plans = await Promise.all([first, second].map(async (camera) => workbench.dumps.plan(request(camera), never)))
  const id = await workbench.dumps.start(request(first), plans[0]?.hash ?? '', never)
  await expect(workbench.dumps.start(request(second), plans[1]?.hash ?? '', never)).rejects.toMatchObject({ code: 'input/conflict' })
  await expect.poll(() => workbench.jobs.get(id).phases[0]?.state).toBe('finished')
  await expect(workbench.dumps.start(request(first, { outputPath: join(folder, 'x') }), (await workbench.dumps.plan(request(first, { outputPath: join(folder, 'x') }), never)).hash, never)).rejects.toMatchObject({ code: 'pod/busy' })
  expect((await end(id)).verdict).toBe('dumped and verified')
  expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([])
  // Now it is taken for good.
  expect((await workbench.dumps.plan(request(second), never)).refusals).toMatchObject([{ code: 'input/conflict' }])
})
