import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { appendFile, copyFile, mkdtemp, readdir, readFile, rm, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { resumeJob } from '../../src/main/composition/resumeJob.ts'
import { type LoopbackRack, type LoopbackRackOptions, startLoopbackRack } from '../../src/main/composition/simulator.ts'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { restoreRequestSchema, type RestorePlan, type RestoreRequest } from '../../src/shared/restore/restore.schema.ts'
import { freeUdpPort } from '../support/freePort.ts'

const never = new AbortController().signal

interface Bench {
  readonly workbench: OpenWorkbench
  readonly rack: LoopbackRack
  readonly folder: string
  readonly cameras: readonly CameraId[]
  request(camera: CameraId, more?: Partial<RestoreRequest>): RestoreRequest
  restore(request: RestoreRequest): Promise<Job>
}

async function openBench(options: LoopbackRackOptions = {}, tftpPort?: number): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-test-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  const rack = await startLoopbackRack(join(folder, 'sim'), () => undefined, options)
  onTestFinished(async () => rack.close())
  const workbench = await createWorkbench({
    host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: tftpPort ?? await freeUdpPort(),
    resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined,
  })
  onTestFinished(async () => workbench.close())
  const cameras = rack.urls.map((url) => workbench.setup.addForNow({ url, name: '', cameraName: '', chip: rack.chip }).cameraId)
  return {
    workbench, rack, folder, cameras,
    request: (cameraId, more = {}) => restoreRequestSchema.parse({
      cameraId, inputPath: rack.imagesFolder, profilePath: rack.profilePath, ubootPath: rack.ubootPath, ...more,
    }),
    restore: async (request) => {
      const plan = await workbench.desk.plan(request, never)
      const id = await workbench.desk.start(request, plan.hash, never)
      for await (const event of workbench.jobs.events(id, 0, never)) void event
      return workbench.jobs.get(id)
    },
  }
}

test('over real sockets, through the pod: restored, proved, booted, reported', async () => {
  const { workbench, request, restore, cameras: [camera], folder } = await openBench()
  const job = await restore(request(camera!))
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('restored and booted')
  expect(job.plan).toMatchObject({ tftp: { via: 'pod' } })
  for (const part of job.partitions) expect(part.readBackCrc32).toBe(part.crc32)
  // Field bug: a program that ended right after the job left a report behind that was cut off or not there.
  await workbench.close()
  expect((await readdir(join(folder, 'data', 'reports'))).toSorted()).toEqual([`${job.id}.html`, `${job.id}.json`])
})

test('over real sockets, through our own TFTP server', async () => {
  const { request, restore, cameras: [camera] } = await openBench()
  const job = await restore(request(camera!, { tftpVia: 'host', hostIp: '127.0.0.1' }))
  expect(job.error).toBeUndefined()
  expect(job).toMatchObject({ verdict: 'restored and booted', plan: { tftp: { via: 'host', serverAddress: '127.0.0.1' } } })
})

test('the TFTP port is taken: the job says which ways out there are, and nothing was touched', async () => {
  const socket = createSocket('udp4').bind(0, '0.0.0.0')
  await once(socket, 'listening')
  onTestFinished(async () => { const closed = once(socket, 'close'); socket.close(); await closed })
  const { request, restore, cameras: [camera] } = await openBench({}, socket.address().port)
  const job = await restore(request(camera!, { tftpVia: 'host', hostIp: '127.0.0.1' }))
  expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'host/port-in-use' } })
  expect(job.error?.hint).toContain('--tftp-via pod')
})

test('eight cameras at once, each with its own proof', async () => {
  const { request, restore, cameras } = await openBench({ pods: 8 })
  const jobs = await Promise.all(cameras.map(async (camera) => restore(request(camera))))
  expect(jobs.map(({ verdict }) => verdict)).toEqual(new Array(8).fill('restored and booted'))
})

test('a job on a camera that is busy is refused at once and names the holder', async () => {
  const { workbench, request, cameras: [camera] } = await openBench()
  const wanted = request(camera!)
  const plan = await workbench.desk.plan(wanted, never)
  const id = await workbench.desk.start(wanted, plan.hash, never)
  await expect.poll(() => workbench.jobs.get(id).phases[0]?.state).toBe('finished')
  await expect(workbench.desk.start(wanted, plan.hash, never)).rejects.toMatchObject({ code: 'pod/busy' })
  await expect(workbench.rack.power(camera!, 'off', never)).rejects.toMatchObject({ code: 'pod/busy' })
  for await (const event of workbench.jobs.events(id, 0, never)) void event
  expect(workbench.jobs.get(id).verdict).toBe('restored and booted')
})

test('a plan that no longer fits its files cannot be started', async () => {
  const { workbench, request, cameras: [camera], rack } = await openBench()
  const wanted = request(camera!)
  const plan = await workbench.desk.plan(wanted, never)
  await writeFile(join(rack.imagesFolder, 'mtd1'), new Uint8Array(64 * 1024).fill(9))
  await expect(workbench.desk.start(wanted, plan.hash, never)).rejects.toMatchObject({ code: 'input/conflict' })
})

test('what is missing or wrong is in the plan before anything is touched', async () => {
  const { workbench, request, cameras: [camera], folder } = await openBench()
  const refusals = async (more: Partial<RestoreRequest>): Promise<string[]> =>
    (await workbench.desk.plan(request(camera!, more), never)).refusals.map(({ code, message, hint }) => `${code}: ${message} (${hint ?? ''})`)
  const empty = join(folder, 'empty')
  await mkdir(empty)
  expect(await refusals({ inputPath: empty })).toEqual([expect.stringContaining('No mtd files')])
  expect(await refusals({ inputPath: join(folder, 'nowhere') })).toEqual([expect.stringMatching(/^input\/not-found/)])
  expect((await refusals({ profilePath: join(folder, 'none.json') })).join()).toContain('profile')
  expect((await refusals({ ubootPath: join(folder, 'none.bin') })).join()).toContain('U-Boot')
  expect((await refusals({ mtdparts: 'x:nonsense' })).join()).toContain('mtdparts')
  expect((await refusals({ hostIp: '10.9.9.9' })).join()).toContain('input/conflict')
  const elsewhere = workbench.setup.addForNow({ url: 'rack://127.0.0.1:9?api=9', name: '', cameraName: '', chip: 'hi3516ev300' })
  expect((await workbench.desk.plan(request(elsewhere.cameraId, { tftpVia: 'pod' }), never)).refusals.map(({ code }) => code)).toEqual(['link/unreachable'])
  // Field bug: without the right to port 69 the complaint was about the port, though the pod was not there at all.
  expect((await workbench.desk.plan(request(elsewhere.cameraId), never)).refusals.map(({ code }) => code)).toEqual(['link/unreachable'])
})

test('without boot files the plan names the missing file and where such files are found', async () => {
  const { workbench, cameras: [camera], rack } = await openBench()
  const plan = await workbench.desk.plan(restoreRequestSchema.parse({ cameraId: camera, inputPath: rack.imagesFolder }), never)
  expect(plan.refusals.map(({ code }) => code)).toEqual(['input/missing-file', 'input/missing-file'])
  expect(plan.refusals.map(({ hint }) => hint).join()).toContain('--profile')
})

test('no profile but firmware, and the reverse: the plan names the one that is missing', async () => {
  const { workbench, cameras: [camera], rack } = await openBench()
  const refusals = async (files: { readonly profilePath?: string; readonly ubootPath?: string }): Promise<readonly { readonly message: string; readonly code: string }[]> =>
    (await workbench.desk.plan(restoreRequestSchema.parse({ cameraId: camera, inputPath: rack.imagesFolder, ...files }), never)).refusals
  expect(await refusals({ ubootPath: rack.ubootPath })).toMatchObject([{ code: 'input/missing-file', message: expect.stringMatching(/profile/i) as string }])
  expect(await refusals({ profilePath: rack.profilePath })).toMatchObject([{ code: 'input/missing-file', message: expect.stringMatching(/U-Boot/) as string }])
  expect(await refusals({ profilePath: rack.profilePath, ubootPath: rack.ubootPath })).toEqual([])
})

test('boot files of the data folder are used, with the variant of the chip; a U-Boot that has changed since is refused', async () => {
  const { workbench, rack, folder } = await openBench()
  const base = JSON.parse(await readFile(rack.profilePath, 'utf8')) as Record<string, unknown>
  await mkdir(join(folder, 'data', 'profiles'), { recursive: true })
  await mkdir(join(folder, 'data', 'uboot'), { recursive: true })
  await writeFile(join(folder, 'data', 'profiles', 'hi3516ev300.json'), JSON.stringify({ ...base, variants: { lab: { DDRSTEP0: Array.from({ length: 64 }, () => 7) } } }))
  const ubootPath = join(folder, 'data', 'uboot', 'u-boot-hi3516ev300-universal.bin')
  await copyFile(rack.ubootPath, ubootPath)
  const planFor = async (chip: string): Promise<RestorePlan> => {
    for (const { id } of workbench.rack.pods()) await workbench.rack.remove(id)
    const { cameraId } = workbench.setup.addForNow({ url: rack.urls[0]!, name: '', cameraName: '', chip })
    return workbench.desk.plan(restoreRequestSchema.parse({ cameraId, inputPath: rack.imagesFolder }), never)
  }
  const plain = await planFor('hi3516ev300')
  expect(plain).toMatchObject({ refusals: [], boot: { method: 'pod', uboot: ubootPath } })
  const variant = await planFor('hi3516ev300:lab')
  expect(variant.refusals).toEqual([])
  // Other steps are another upload.
  expect(variant.hash).not.toBe(plain.hash)
  expect((await planFor('hi3516ev300:nobody')).refusals.map(({ code }) => code)).toEqual(['input/not-found'])
  await appendFile(ubootPath, 'changed')
  expect((await planFor('hi3516ev300')).refusals).toEqual([expect.objectContaining({ code: 'input/conflict' })])
})

test('resume asks the chip: what is right already is not written again', async () => {
  const { workbench, request, cameras: [camera] } = await openBench()
  const wanted = request(camera!)
  const plan = await workbench.desk.plan(wanted, never)
  const first = await workbench.desk.start(wanted, plan.hash, never)
  const stop = workbench.jobs.listen((job, event) => {
    if (event.type === 'partition-changed' && event.partition.name === 'mtd2' && event.partition.state === 'erasing') workbench.jobs.cancel(job.id)
  })
  for await (const event of workbench.jobs.events(first, 0, never)) void event
  stop()
  expect(workbench.jobs.get(first).state).toBe('cancelled')
  const second = await resumeJob(workbench, first, never)
  for await (const event of workbench.jobs.events(second, 0, never)) void event
  const job = workbench.jobs.get(second)
  expect(job.verdict).toBe('restored and booted')
  expect(job.partitions.map(({ name, action }) => [name, action])).toEqual([['mtd3', 'unchanged'], ['mtd2', 'unchanged'], ['mtd1', 'written'], ['mtd0', 'written']])
})

test('the flash that a restore has proved is known from then on, and a plan made before still counts', async () => {
  const { workbench, request, restore, cameras: [camera] } = await openBench()
  const before = await workbench.desk.plan(request(camera!), never)
  expect(before.flash).toMatchObject({ kind: 'nor', isAssumed: true })
  expect((await restore(request(camera!))).verdict).toBe('restored and booted')
  const after = await workbench.desk.plan(request(camera!), never)
  expect(after.flash).toEqual({ kind: 'nor', reason: 'its last restore was proved there', isAssumed: false })
  expect(after.hash).toBe(before.hash)
})

test('the report tells the CRCs and lies beside the journal', async () => {
  const { workbench, request, restore, cameras: [camera] } = await openBench()
  const job = await restore(request(camera!))
  const { text, path } = await workbench.reports.read(job.id, 'html')
  expect(await readFile(path, 'utf8')).toBe(text)
  for (const part of job.partitions) expect(text.replaceAll(/<[^>]*>/g, '').replaceAll(/\s/g, '')).toContain(part.crc32)
})
