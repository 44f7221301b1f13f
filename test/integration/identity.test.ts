import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { resumeJob } from '../../src/main/composition/resumeJob.ts'
import { type LoopbackRack, startLoopbackRack } from '../../src/main/composition/simulator.ts'
import type { PodSpec } from '../../src/main/core/rack/rackBook.ts'
import { agentRequestSchema } from '../../src/shared/agent/agent.schema.ts'
import type { JobId } from '../../src/shared/devices/ids.ts'
import { installRequestSchema } from '../../src/shared/install/install.schema.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { restoreRequestSchema, type RestoreRequest } from '../../src/shared/restore/restore.schema.ts'
import { freeUdpPort } from '../support/freePort.ts'

const never = new AbortController().signal

interface Bench {
  readonly workbench: OpenWorkbench
  readonly rack: LoopbackRack
  readonly spec: PodSpec
  readonly request: (more?: Partial<RestoreRequest>) => RestoreRequest
  readonly ended: (id: JobId) => Promise<Job>
  /** The other camera of the rack is put into the place of this one. */
  readonly swap: () => Promise<void>
}

/** Two cameras with addresses of their own, and an image that leaves those alone. */
async function openBench(faults: readonly string[] = []): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-identity-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  const rack = await startLoopbackRack(join(folder, 'sim'), () => undefined, { pods: 2, faults })
  onTestFinished(async () => rack.close())
  const workbench = await createWorkbench({
    host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: await freeUdpPort(),
    resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined,
  })
  onTestFinished(async () => workbench.close())
  const inputPath = join(folder, 'boot-only')
  await mkdir(inputPath)
  await copyFile(join(rack.imagesFolder, 'mtd0'), join(inputPath, 'mtd0'))
  const pod = (url: string) => ({ url, name: '', cameraName: 'front', chip: rack.chip })
  const spec = workbench.setup.addForNow(pod(rack.urls[0]!))
  return {
    workbench, rack, spec,
    request: (more = {}) => restoreRequestSchema.parse({ cameraId: spec.cameraId, inputPath, profilePath: rack.profilePath, ubootPath: rack.ubootPath, ...more }),
    ended: async (id) => { for await (const event of workbench.jobs.events(id, 0, never)) void event; return workbench.jobs.get(id) },
    swap: async () => { await workbench.rack.remove(spec.id); workbench.setup.addForNow(pod(rack.urls[1]!), undefined, undefined, spec) },
  }
}
const [first, second] = ['02:52:42:00:00:01', '02:52:42:00:00:02']

test('a swapped camera is seen before the first erase and again in each plan, until somebody accepts it', async () => {
  const { workbench: { desk, inventories, audit }, spec, request, ended, swap } = await openBench()
  const job = await ended(await desk.start(request(), undefined, never))
  expect(job).toMatchObject({ verdict: 'restored and booted', identity: { state: 'first', facts: { mac: first, soc: 'hi3516ev300' } } })
  expect(inventories.identity(spec.cameraId).known).toEqual(expect.arrayContaining([expect.objectContaining({ field: 'mac', value: first, job: 'Restore front' })]))

  await swap()
  // Nobody has looked yet, so the plan knows nothing.
  expect((await desk.plan(request(), never)).refusals).toEqual([])
  const stopped = await ended(await desk.start(request({ force: true }), undefined, never))
  expect(stopped).toMatchObject({ verdict: 'failed (state known)', error: { code: 'device/wrong-identity', context: { known: first, found: second } }, identity: { state: 'differs' }, partitions: [{ state: 'pending', writes: 0 }] })
  expect(stopped.error?.message).toMatch(new RegExp(`is ${second}, and was ${first} when "Restore front" read it at \\d{4}-`))
  expect(inventories.identity(spec.cameraId).differences).toMatchObject([{ field: 'mac', known: first, found: second }])

  const [refusal] = (await desk.plan(request(), never)).refusals
  expect(refusal).toMatchObject({ code: 'device/wrong-identity', hint: expect.stringContaining('--accept-identity') as string })
  await expect(desk.start(request(), undefined, never)).rejects.toMatchObject({ code: 'device/wrong-identity' })

  const accepting = await desk.plan(request({ acceptIdentity: true }), never)
  expect(accepting).toMatchObject({ refusals: [], warnings: [expect.stringContaining('It is accepted')] })
  const accepted = await ended(await desk.start(request({ acceptIdentity: true }), accepting.hash, never))
  expect(accepted).toMatchObject({ verdict: 'restored and booted', identity: { state: 'accepted', facts: { mac: second } } })
  // Written down before the job was, and once.
  const acts = audit.list({ limit: 50 }).reverse()
  const index = acts.findIndex(({ what }) => what === 'accept identity')
  expect(acts.slice(index, index + 2)).toMatchObject([{ subject: 'front', details: { camera: spec.cameraId, known: `mac ${first}`, found: `mac ${second}` } }, { what: 'restore', details: { job: accepted.id } }])
  expect(acts.filter(({ what }) => what === 'accept identity')).toHaveLength(1)
  expect(inventories.identity(spec.cameraId)).toMatchObject({ differences: [], known: expect.arrayContaining([expect.objectContaining({ field: 'mac', value: second })]) as unknown })
  expect(await ended(await desk.start(request(), undefined, never))).toMatchObject({ verdict: 'restored and booted', identity: { state: 'same' } })
})

test('the size of the flash that a job has read is kept: for the head of the camera, for the layout of an installation, and against another flash', async () => {
  const { workbench: { desk, installs, inventories, rack: book }, rack, spec, request, ended, swap } = await openBench(['wrong-flash-size:8@pod-2'])
  const wish = (more: object = {}) => installRequestSchema.parse({ cameraId: spec.cameraId, profilePath: rack.profilePath, ubootPath: rack.ubootPath, releasePath: rack.releasePath, ...more })
  const shown = () => book.view().pods[0]?.cameras[0]?.flashBytes
  expect(shown()).toBe(0)
  expect((await installs.plan(wish(), never)).refusals.map(({ message }) => message)).toEqual([expect.stringContaining('Nobody knows how large')])

  expect(await ended(await desk.start(request(), undefined, never))).toMatchObject({ verdict: 'restored and booted', identity: { facts: { flashSize: '16 MiB' } } })
  expect(inventories.identity(spec.cameraId).known).toEqual(expect.arrayContaining([expect.objectContaining({ field: 'flashSize', value: '16 MiB', job: 'Restore front' })]))
  expect(shown()).toBe(16 * 1024 ** 2)
  const plan = await installs.plan(wish(), never)
  expect(plan).toMatchObject({ refusals: [], layout: { name: 'nor16' }, flashBytes: 16 * 1024 ** 2 })
  expect(plan.warnings).toContainEqual(expect.stringMatching(/^The layout is for this flash: "Restore front" read its 16 MiB at \d{4}-.* UTC; the camera is asked again/))
  // Whoever accepts another camera knows nothing of its flash.
  expect((await installs.plan(wish({ acceptIdentity: true }), never)).refusals).toHaveLength(1)

  await swap()
  const stopped = await ended(await installs.start(wish(), undefined, never))
  expect(stopped).toMatchObject({ verdict: 'failed (state known)', error: { code: 'device/wrong-identity' }, identity: { state: 'differs', facts: { flashSize: '8 MiB' } } })
  expect(stopped.error?.message).toContain('its flash size is 8 MiB, and was 16 MiB when "Restore front" read it')
  expect(stopped.partitions.every(({ state, writes }) => state === 'pending' && writes === 0)).toBe(true)
  expect(await ended(await desk.start(request({ acceptIdentity: true }), undefined, never))).toMatchObject({ verdict: 'restored and booted', identity: { state: 'accepted' } })
  expect(shown()).toBe(8 * 1024 ** 2)
})

test('a resume accepts nobody: what was accepted once was said of that camera', async () => {
  const { workbench, request, ended, swap } = await openBench()
  const { desk, installs, jobs } = workbench
  await ended(await desk.start(request(), undefined, never))
  // Cancelled at once, with the acceptance in its request.
  const id = await desk.start(request({ acceptIdentity: true, force: true }), undefined, never)
  jobs.cancel(id)
  expect((await ended(id)).verdict).toBe('cancelled')
  await swap()
  expect(await ended(await resumeJob({ jobs, desk, installs }, id, never))).toMatchObject({ error: { code: 'device/wrong-identity' }, partitions: [{ state: 'pending' }] })
})

test('an acceptance is written down by each kind of job, also of whoever answers, and without the log there is no job', async () => {
  const { workbench, rack, spec, request, ended } = await openBench()
  const { desk, installs, agents, jobs, audit } = workbench
  const files = { cameraId: spec.cameraId, profilePath: rack.profilePath, ubootPath: rack.ubootPath, acceptIdentity: true }
  const stopped = async (id: JobId): Promise<string> => { jobs.cancel(id); return (await ended(id)).workflow }
  const agentRequest = agentRequestSchema.parse({ ...files, agentPath: rack.agentPath, work: { kind: 'info' } })
  const started = [
    await stopped(await installs.start(installRequestSchema.parse({ ...files, releasePath: rack.releasePath, norMib: 16 }), undefined, never)),
    await stopped(await agents.start(agentRequest, (await agents.plan(agentRequest)).hash)),
  ]
  expect(started).toEqual(['install', 'agent'])
  expect(audit.list({ limit: 50 }).filter(({ what }) => what === 'accept identity').map(({ subject, details }) => [subject, details['found']])).toEqual([['front', 'whoever answers'], ['front', 'whoever answers']])
  audit.close()
  await expect(desk.start(request({ acceptIdentity: true }), undefined, never)).rejects.toMatchObject({ message: expect.stringContaining('Nothing was done (accept identity of front)') as string })
  expect(jobs.list()).toHaveLength(2)
})
