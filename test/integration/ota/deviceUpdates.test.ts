import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createApplianceWay } from '../../../src/main/composition/applianceUpdates.ts'
import { createBoardWay } from '../../../src/main/composition/boardUpdates.ts'
import { createDeviceUpdateDesk, type DeviceUpdateDesk } from '../../../src/main/composition/deviceUpdateDesk.ts'
import { createJobBook, type JobBook } from '../../../src/main/core/jobs/jobBook.ts'
import { createMemoryJournal } from '../../../src/main/core/jobs/memoryJournal.ts'
import { createLeases } from '../../../src/main/core/rack/leases.ts'
import { newJobId } from '../../../src/main/drivers/host/randomness.ts'
import { openSqliteLeases } from '../../../src/main/drivers/storage/sqliteLeases.ts'
import { openMicroPythonBoard, type MicroPythonBoard } from '../../../src/main/sim/microPythonBoard.ts'
import type { JobId } from '../../../src/shared/devices/ids.ts'
import type { JobEvent } from '../../../src/shared/jobs/jobEvent.ts'
import { isFinished, type Job } from '../../../src/shared/jobs/reduceJob.ts'
import type { Clock } from '../../../src/shared/lifecycle/clock.ts'
import { type UpdateDeviceId, type UpdateKind, type UpdateWish } from '../../../src/shared/ota/deviceUpdate.schema.ts'
import { createHurriedClock } from '../../support/hurriedClock.ts'
import { manifestOf } from '../../support/mpyRig.ts'
import { never } from '../../support/otaRig.ts'
import { createRealClock } from '../../support/realClock.ts'
import { appliancePackage, openUpdaterBench } from '../../support/updaterBench.ts'
import { buildZip } from '../../support/zipBuilder.ts'

interface Rig {
  readonly folder: string
  readonly jobs: JobBook
  readonly desk: DeviceUpdateDesk
  readonly events: JobEvent[]
  add(kind: UpdateKind, address: string): Promise<UpdateDeviceId>
  /** Planned and started as the window does it. */
  run(wish: UpdateWish): Promise<Job>
  end(id: JobId): Promise<Job>
  /** The same data folder, opened anew. */
  again(): DeviceUpdateDesk
}

/** With a clock of its own: what the workbench waits must not pass for what the appliance watched. */
async function openRig(clock: Clock): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-device-updates-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'releases/stable'), { recursive: true })
  const store = openSqliteLeases(join(folder, 'journal.sqlite'))
  onTestFinished(() => { store.close() })
  const events: JobEvent[] = []
  const jobs = createJobBook({ journal: createMemoryJournal(), clock, newJobId: () => newJobId(clock.wallMs()), log: () => undefined })
  jobs.listen((_job, event) => { events.push(event) })
  onTestFinished(async () => jobs.close())
  const openDesk = (): DeviceUpdateDesk => createDeviceUpdateDesk({
    clock, dataFolder: folder, jobs, leases: createLeases({ store, clock, log: () => undefined }),
    ways: { appliance: createApplianceWay({ clock, fetch }), board: createBoardWay({ dataFolder: folder }) },
  })
  const desk = openDesk()
  const end = async (id: JobId): Promise<Job> => {
    for await (const event of jobs.events(id, 0, never)) if (event.type.startsWith('job-') && isFinished(jobs.get(id))) break
    return jobs.get(id)
  }
  return {
    folder, jobs, desk, events, end, again: openDesk,
    add: async (kind, address) => (await desk.add({ name: `my ${kind}`, kind, address, releases: join(folder, 'releases'), channel: 'stable', hostAddress: '127.0.0.1' })).id,
    run: async (wish) => end(await desk.start(wish, (await desk.plan(wish, never)).hash, never)),
  }
}

const packageIn = async ({ folder }: Rig, version: string, conduct = 'works'): Promise<void> => writeFile(join(folder, 'releases/stable', `p-${version}.zip`), appliancePackage(version, conduct))

describe('an appliance as a job of the workbench', () => {
  test('an update ends with the version read back from it, a rollback too; both are in the journal with their phases', async () => {
    const bench = await openUpdaterBench()
    const rig = await openRig(createHurriedClock())
    await packageIn(rig, '1.2.0')
    const deviceId = await rig.add('appliance', bench.url())
    expect(await rig.desk.read(deviceId, never)).toMatchObject({ reading: { version: '1.1.0', previous: '1.0.0' }, isDemo: false })
    expect(await rig.desk.releases(deviceId, never)).toMatchObject([{ version: '1.2.0', file: 'p-1.2.0.zip' }])

    const updated = await rig.run({ deviceId, act: 'update', version: '1.2.0' })
    expect(updated).toMatchObject({ state: 'succeeded', verdict: 'updated and read back', versionRead: '1.2.0', title: 'Update my appliance to 1.2.0' })
    expect(updated.phases.map(({ name, state }) => `${name} ${state}`)).toEqual(['ask finished', 'download finished', 'install finished', 'read-back finished'])
    expect(updated.phases.find(({ name }) => name === 'install')).toMatchObject({ writing: true, progress: { doneBytes: 100, totalBytes: 100 } })
    expect(updated.notes.map(({ message }) => message)).toEqual(expect.arrayContaining(['Stopping the services', 'Version 1.2.0 is installed']))
    expect([await bench.link('current'), await bench.link('previous')]).toEqual(['v1.2.0', 'v1.1.0'])
    // As another program with this data folder finds it.
    expect((await rig.again().list())[0]).toMatchObject({ reading: { version: '1.2.0', previous: '1.1.0' }, lastJob: updated.id })

    const back = await rig.run({ deviceId, act: 'rollback', version: '1.1.0' })
    expect(back).toMatchObject({ state: 'succeeded', verdict: 'updated and read back', versionRead: '1.1.0', title: 'Roll my appliance back to 1.1.0' })
    expect([await bench.link('current'), await bench.link('previous'), await bench.names('opt/tope/versions')]).toEqual(['v1.1.0', 'v1.0.0', ['current', 'factory', 'previous', 'v1.0.0', 'v1.1.0']])
    expect(await readFile(join(bench.root, 'run/units/device-api.service'), 'utf8')).toMatch(/^active/)
  })
  test('a version whose service dies: the job fails with the words of the device, and the version that runs is read back', async () => {
    const bench = await openUpdaterBench()
    const rig = await openRig(createHurriedClock())
    await packageIn(rig, '1.3.0', 'refuses')
    const deviceId = await rig.add('appliance', bench.url())
    const job = await rig.run({ deviceId, act: 'update', version: '1.3.0' })
    expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', versionRead: '1.1.0', error: { message: expect.stringContaining('ROLLBACK_LEVEL_1_SUCCESS: 1.1.0') as string } })
    expect((await rig.desk.list())[0]).toMatchObject({ reading: { version: '1.1.0' }, lastJob: job.id })
  })
  test('an updater that is gone in the middle leaves the state unknown, and nobody calls that a success', async () => {
    const bench = await openUpdaterBench()
    const rig = await openRig(createHurriedClock())
    await packageIn(rig, '1.2.0')
    const deviceId = await rig.add('appliance', bench.url())
    const wish: UpdateWish = { deviceId, act: 'update', version: '1.2.0' }
    rig.jobs.listen((_job, event) => { if (event.type === 'phase-started' && event.phase === 'install') void bench.stop() })
    const job = await rig.run(wish)
    expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state unknown)' })
    expect(job.versionRead).toBeUndefined()
    expect((await rig.desk.read(deviceId, never)).problem).toMatchObject({ code: 'link/unreachable' })
  })
  test('a package that brings only what changed: planned for the version that it builds on, refused for every other, and all of the new one is there', async () => {
    const bench = await openUpdaterBench()
    const rig = await openRig(createHurriedClock())
    const deviceId = await rig.add('appliance', bench.url())
    const incremental = async (version: string, base: string): Promise<void> => writeFile(join(rig.folder, 'releases/stable', `p-${version}.zip`), buildZip([
      { name: 'manifest.json', bytes: Buffer.from(JSON.stringify({ version, modules: [{ name: 'notes', src: 'notes', dst: '/opt/tope/services/notes' }] })) },
      { name: 'incremental.json', bytes: Buffer.from(JSON.stringify({ type: 'incremental', base_ref: `v${base}`, head_ref: `v${version}`, deleted: [] })) },
      { name: 'notes', bytes: Buffer.from('what is new') },
    ]))
    await incremental('1.2.0', '1.0.0')
    expect((await rig.desk.plan({ deviceId, act: 'update', version: '1.2.0' }, never)).refusals).toMatchObject([{ code: 'input/conflict', message: 'The package brings only what changed since 1.0.0, and my appliance runs 1.1.0' }])
    await incremental('1.3.0', '1.1.0')
    expect(await rig.run({ deviceId, act: 'update', version: '1.3.0' })).toMatchObject({ state: 'succeeded', versionRead: '1.3.0' })
    expect(await readFile(join(bench.root, 'opt/tope/versions/current/services/notes'), 'utf8')).toBe('what is new')
    expect(await readFile(join(bench.root, 'opt/tope/versions/current/services/device-api/device-api'), 'utf8')).toContain('device-api 1.1.0')
  })
  test('what cannot be: the version that runs, a version that is not there, one that is not the one before, a plan that is old', async () => {
    const bench = await openUpdaterBench()
    const rig = await openRig(createHurriedClock())
    await packageIn(rig, '1.2.0')
    const deviceId = await rig.add('appliance', bench.url())
    const refused = async (wish: Pick<UpdateWish, 'act' | 'version'>): Promise<unknown> => (await rig.desk.plan({ deviceId, ...wish }, never)).refusals.map(({ code, message }) => `${code} ${message}`)
    expect(await refused({ act: 'update', version: '1.1.0' })).toContain('input/conflict my appliance reports 1.1.0 already')
    expect(await refused({ act: 'update', version: '9.9.9' })).toEqual(['input/not-found There is no package of version 9.9.9 on channel stable'])
    expect(await refused({ act: 'rollback', version: '0.9.0' })).toEqual(['input/not-found The version before is 1.0.0, and not 0.9.0'])
    const wish: UpdateWish = { deviceId, act: 'update', version: '1.2.0' }
    const { hash } = await rig.desk.plan(wish, never)
    await packageIn(rig, '1.2.0', 'refuses')
    await expect(rig.desk.start(wish, hash, never)).rejects.toMatchObject({ code: 'input/conflict', message: expect.stringContaining('changed since this plan') as string })
    await expect(rig.desk.add({ name: 'x', kind: 'appliance', address: 'not a url', releases: '/', channel: 'stable', hostAddress: '' })).rejects.toMatchObject({ code: 'input/malformed' })
    expect(await bench.link('current')).toBe('v1.1.0')
  })
  test('an updater that does not tell its version is refused in words; while a job has a device nobody else has', async () => {
    const bench = await openUpdaterBench()
    const rig = await openRig(createHurriedClock())
    await packageIn(rig, '1.2.0')
    bench.files.on('/', Buffer.from('{"status":"ok"}'))
    bench.files.on('/api/v1.0/progress', Buffer.from('{"code":200,"msg":"success","data":{"stage":"idle","progress":0,"message":"","error":null}}'))
    const other = await rig.desk.add({ name: 'other make', kind: 'appliance', address: bench.files.url, releases: join(rig.folder, 'releases'), channel: 'stable', hostAddress: '127.0.0.1' })
    expect((await rig.desk.plan({ deviceId: other.id, act: 'update', version: '1.2.0' }, never)).refusals).toMatchObject([{ code: 'input/not-supported' }])

    const deviceId = await rig.add('appliance', bench.url())
    const wish: UpdateWish = { deviceId, act: 'update', version: '1.2.0' }
    const id = await rig.desk.start(wish, (await rig.desk.plan(wish, never)).hash, never)
    await expect(rig.desk.plan(wish, never)).rejects.toMatchObject({ code: 'pod/busy', context: { job: id } })
    await expect(rig.desk.remove(deviceId)).rejects.toMatchObject({ code: 'pod/busy' })
    expect(await rig.end(id)).toMatchObject({ state: 'succeeded' })
    await rig.desk.remove(deviceId)
    expect((await rig.desk.list()).map(({ name }) => name)).toEqual(['other make'])
  })
})

async function versionOf({ folder }: Rig, version: string, files: Readonly<Record<string, string>>): Promise<void> {
  const at = join(folder, 'releases/stable', version)
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(at, path, '..'), { recursive: true })
    await writeFile(join(at, path), text)
  }
  await manifestOf(at, version)
}
const filesOn = (board: MicroPythonBoard): string => board.python("import os\nfor p in ('','lib'):\n for n in sorted(os.listdir('/'+p)):\n  if n.endswith('.py'):print(p+'/'+n,open('/'+p+'/'+n).read().strip())").trim().replaceAll('\r', '')

describe('a MicroPython board as a job of the workbench', () => {
  test('an update and a rollback of a real MicroPython: exactly the files of each version, and the version read back', async () => {
    const board = await openMicroPythonBoard({ rawPaste: 'works' })
    onTestFinished(board.close)
    const rig = await openRig(createRealClock())
    await versionOf(rig, 'v1.0.0', { 'main.py': 'old', 'lib/gone.py': 'only old' })
    await versionOf(rig, 'v1.1.0', { 'main.py': 'new', 'lib/fresh.py': 'only new' })
    const deviceId = await rig.add('board', `tcp://127.0.0.1:${String(board.port)}`)
    expect((await rig.desk.read(deviceId, never)).reading).toEqual({ atMs: expect.any(Number) as number })
    expect((await rig.desk.releases(deviceId, never)).map(({ version }) => version)).toEqual(['v1.1.0', 'v1.0.0'])

    for (const [act, version, files] of [
      ['update', 'v1.0.0', '/main.py old\nlib/gone.py only old'], ['update', 'v1.1.0', '/main.py new\nlib/fresh.py only new'], ['rollback', 'v1.0.0', '/main.py old\nlib/gone.py only old'],
    ] as const) {
      const job = await rig.run({ deviceId, act, version })
      expect(job).toMatchObject({ state: 'succeeded', verdict: 'updated and read back', versionRead: version })
      expect([version, filesOn(board)]).toEqual([version, files])
    }
    expect((await rig.desk.list())[0]?.reading).toMatchObject({ version: 'v1.0.0', previous: 'v1.1.0' })
    expect(rig.events.filter((event) => event.type === 'noted').map((event) => event.message)).toEqual(expect.arrayContaining(['Nothing had been under way on the board', 'The new version counts from here on']))
  }, 120_000)
  test('the line is lost in the middle of the switch: the recovery is shown, and the version that is read back is true', async () => {
    const board = await openMicroPythonBoard({ rawPaste: 'works' })
    onTestFinished(board.close)
    const rig = await openRig(createRealClock())
    await versionOf(rig, 'v1.0.0', { 'a.py': 'old a', 'b.py': 'old b' })
    await versionOf(rig, 'v1.1.0', { 'a.py': 'new a', 'b.py': 'new b' })
    const deviceId = await rig.add('board', `tcp://127.0.0.1:${String(board.port)}`)
    await rig.run({ deviceId, act: 'update', version: 'v1.0.0' })
    let applied = 0
    const stop = rig.jobs.listen((_job, event) => { if (event.type === 'noted' && /^\d+: /.test(event.message) && (applied += 1) === 1) board.dropLine() })
    const job = await rig.run({ deviceId, act: 'update', version: 'v1.1.0' })
    stop()
    expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', versionRead: 'v1.0.0' })
    expect(filesOn(board)).toContain('/a.py old a\n/b.py old b')
    expect((await rig.desk.list())[0]?.reading).toMatchObject({ version: 'v1.0.0', recovered: 'An earlier update had been interrupted; the board has its old files' })
    expect((await rig.desk.plan({ deviceId, act: 'update', version: 'v1.1.0' }, never)).warnings).toContain('An earlier update had been interrupted; the board has its old files')
    expect(await rig.run({ deviceId, act: 'update', version: 'v1.1.0' })).toMatchObject({ state: 'succeeded', versionRead: 'v1.1.0' })
    expect((await rig.desk.list())[0]?.reading).not.toHaveProperty('recovered')
  }, 120_000)
})
