import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { startLoopbackRack } from '../../../src/main/composition/simulator.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import type { JobEvent } from '../../../src/shared/jobs/jobEvent.ts'
import { type Job, writingPhase } from '../../../src/shared/jobs/reduceJob.ts'
import { restoreRequestSchema } from '../../../src/shared/restore/restore.schema.ts'
import { freeUdpPort } from '../../support/freePort.ts'

const never = new AbortController().signal

interface Bench {
  readonly workbench: OpenWorkbench
  readonly camera: CameraId
  readonly name: string
  readonly url: string
  readonly chip: string
  readonly dataFolder: string
  /** A camera of another line, whose power is the same pod's. */
  readonly neighbour: CameraId
  /** Runs a restore to its end; `at` is called when flash is being written for the first time. */
  restore(at: (job: Job, event: JobEvent) => void): Promise<Job>
}

const environmentIn = async (dataFolder: string): Promise<Parameters<typeof createWorkbench>[0]> => ({
  host: 'cli', version: 'test', dataFolder, homeFolder: dataFolder, tftpPort: await freeUdpPort(), resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined,
})

async function openBench(): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-gate-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const sim = await startLoopbackRack(join(folder, 'sim'), () => undefined, {})
  onTestFinished(async () => sim.close())
  const dataFolder = join(folder, 'data')
  const workbench = await createWorkbench(await environmentIn(dataFolder))
  onTestFinished(async () => workbench.close())
  const [url = ''] = sim.urls
  const { cameraId, cameraName } = workbench.setup.addForNow({ url, name: '', cameraName: 'cam-door', chip: sim.chip })
  const api = Number(/api=(\d+)/.exec(url)?.[1])
  const neighbour = workbench.setup.addForNow({ url: 'tcp://127.0.0.1:9', name: '', cameraName: 'cam-yard', chip: sim.chip, power: { kind: 'rack', host: '127.0.0.1', port: api } })
  return {
    workbench, camera: cameraId, name: cameraName, neighbour: neighbour.cameraId, url, chip: sim.chip, dataFolder,
    restore: async (at) => {
      const request = restoreRequestSchema.parse({ cameraId, inputPath: sim.imagesFolder, profilePath: sim.profilePath, ubootPath: sim.ubootPath })
      const plan = await workbench.desk.plan(request, never)
      let isDone = false
      const stop = workbench.jobs.listen((job, event) => {
        if (isDone || !writingPhase(job) || event.type !== 'partition-changed') return
        isDone = true
        at(job, event)
      })
      const id = await workbench.desk.start(request, plan.hash, never)
      for await (const event of workbench.jobs.events(id, 0, never)) void event
      stop()
      expect(isDone).toBe(true)
      return workbench.jobs.get(id)
    },
  }
}
const refused = async (work: Promise<unknown>): Promise<WorkbenchError> => work.then(() => { throw new Error('it was not refused') }, (error: unknown) => {
  if (!(error instanceof WorkbenchError)) throw error
  return error
})
const acts = ({ workbench }: Bench): string[] => workbench.audit.list({ limit: 100 }).toReversed().map(({ what, subject }) => `${what} ${subject}`)

test('while a job writes flash the power stays: for every act, for a name that is nearly right, and for a neighbour on the same switch', async () => {
  const bench = await openBench()
  const { workbench, camera, neighbour, name } = bench
  const asked: Promise<WorkbenchError>[] = []
  const job = await bench.restore(() => {
    for (const force of [undefined, '', 'cam-doo', 'CAM-DOOR', `${name} `, 'yes']) asked.push(refused(workbench.rack.power(camera, 'off', never, force)))
    asked.push(refused(workbench.rack.power(camera, 'cycle', never)))
    asked.push(refused(workbench.rack.power(neighbour, 'cycle', never)), refused(workbench.rack.power(neighbour, 'off', never, 'cam-yard')))
  })
  const errors = await Promise.all(asked)
  for (const error of errors) expect(error).toMatchObject({ code: 'pod/busy', context: { isWriting: true, typeName: 'cam-door' } })
  expect(errors[0]?.message).toMatch(/"Restore cam-door" is writing the flash of cam-door \(.+\)\. The power of cam-door stays as it is/)
  expect(errors[7]?.message).toContain('cam-yard has its power from the same switch')
  expect(job.verdict).toBe('restored and booted')
  // The job's own switching is in the log once; nobody else's is.
  expect(acts(bench)).toEqual(['restore cam-door', 'power cycle cam-door', 'outcome cam-door'])
})

test('the name of another camera switches nothing, even when no job has it', async () => {
  const bench = await openBench()
  const { workbench, camera, name } = bench
  for (const typed of ['cam-doo', '', 'cam-elsewhere']) expect(await refused(workbench.rack.power(camera, 'off', never, typed))).toMatchObject({ code: 'pod/busy', context: { typeName: 'cam-door' } })
  expect(acts(bench)).toEqual([])
  await workbench.rack.power(camera, 'cycle', never, name)
  expect(acts(bench)).toEqual(['power cycle cam-door', 'outcome cam-door'])
})

test('the exact name switches it: written down first, and the job never ends as done', async () => {
  const bench = await openBench()
  const { workbench, camera, name } = bench
  let switched: Promise<unknown> | undefined
  const job = await bench.restore(() => { switched = workbench.rack.power(camera, 'off', never, name) })
  await switched
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state unknown)', error: { code: 'pod/wrong-power-state', message: expect.stringContaining('somebody who typed') as string } })
  expect(acts(bench).slice(0, 4)).toEqual(['restore cam-door', 'power cycle cam-door', 'power override cam-door', 'power off cam-door'])
  expect(workbench.audit.list({ limit: 100 }).find(({ what }) => what === 'power override')?.details).toMatchObject({ action: 'off', typed: name, job: job.id })
  expect(workbench.audit.verify()).toMatchObject({ state: 'ok' })
}, 60_000)

test('the job of another program on the same data is told with its phase and percent, and is not ended from here', async () => {
  const bench = await openBench()
  const { workbench: mine, name, url, dataFolder } = bench
  const other = await createWorkbench(await environmentIn(dataFolder))
  onTestFinished(async () => other.close())
  const { cameraId } = other.setup.addForNow({ url, name: '', cameraName: 'cam-other', chip: bench.chip })
  const asked: Promise<WorkbenchError>[] = []
  const job = await bench.restore((running) => { asked.push(refused(other.rack.power(cameraId, 'off', never))); expect(other.jobs.find(running.id)).toMatchObject({ title: `Restore ${name}`, state: 'running' }) })
  const [error] = await Promise.all(asked)
  expect(error).toMatchObject({ code: 'pod/busy', context: { isWriting: true, job: job.id } })
  expect(error?.message).toMatch(/^"Restore cam-door" is writing the flash of cam-other \(\S.*\)\. The power of cam-other stays as it is/)
  other.jobs.breakOff(job.id, new WorkbenchError('internal/bug', 'not ours'))
  expect(job.verdict).toBe('restored and booted')
  expect(mine.jobs.find('j-nosuch' as typeof job.id)).toBeUndefined()
}, 60_000)

test('an idle camera is switched, written down before and after, and no job begins meanwhile', async () => {
  const bench = await openBench()
  const { workbench, camera } = bench
  const act = workbench.rack.power(camera, 'cycle', never)
  expect(await refused(workbench.rack.power(camera, 'off', never))).toMatchObject({ code: 'pod/busy', context: { holder: 'Power cycle of cam-door' } })
  expect(workbench.rack.view().pods[0]?.cameras[0]?.leaseHolder).toBeUndefined()
  expect(await act).toEqual({ isVerified: false })
  await workbench.rack.power(camera, 'off', never)
  expect(acts(bench)).toEqual(['power cycle cam-door', 'outcome cam-door', 'power off cam-door', 'outcome cam-door'])
})

test('with an audit log that takes nothing no power is cut and no job starts, and light still comes', async () => {
  const bench = await openBench()
  const { workbench, camera } = bench
  workbench.audit.close()
  for (const action of ['off', 'cycle'] as const) expect((await refused(workbench.rack.power(camera, action, never))).message).toContain('Nothing was done')
  await workbench.rack.power(camera, 'on', never)
  expect(workbench.rack.view().pods[0]?.cameras[0]?.power).toBe('on')
  await expect(bench.restore(() => undefined)).rejects.toMatchObject({ message: expect.stringContaining('Nothing was done (restore of cam-door)') as string })
  expect(workbench.jobs.list()).toEqual([])
})
