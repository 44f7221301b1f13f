import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createDeviceUpdateDesk, type DeviceUpdateDesk } from '../../src/main/composition/deviceUpdateDesk.ts'
import { createSshWay } from '../../src/main/composition/sshApplianceUpdates.ts'
import { createJobBook, type JobBook } from '../../src/main/core/jobs/jobBook.ts'
import { createMemoryJournal } from '../../src/main/core/jobs/memoryJournal.ts'
import { createLeases } from '../../src/main/core/rack/leases.ts'
import { newJobId } from '../../src/main/drivers/host/randomness.ts'
import { openSqliteLeases } from '../../src/main/drivers/storage/sqliteLeases.ts'
import { createSimAppliance } from '../../src/main/sim/appliance/applianceTree.ts'
import { isFinished, type Job } from '../../src/shared/jobs/reduceJob.ts'
import type { UpdateDeviceId, UpdateWish } from '../../src/shared/ota/deviceUpdate.schema.ts'
import { type ApplianceSshd, startApplianceSshd } from '../../src/main/sim/appliance/applianceSshd.ts'
import { createRealClock } from '../support/realClock.ts'
import { startUpdater } from '../support/servedProcess.ts'
import { sshdProgram } from '../support/sshdPeer.ts'
import { appliancePackage } from '../support/updaterBench.ts'
import { describeWithPeer } from './peerGate.ts'

const program = sshdProgram()
const never = new AbortController().signal

describeWithPeer("an appliance in the list of devices, over Debian's OpenSSH, with a stand-in for systemd", program === undefined ? ['sshd (package openssh-server)'] : [], () => {
  let sshd: ApplianceSshd | undefined
  beforeAll(async () => { sshd = await startApplianceSshd(program!) })
  afterAll(async () => { await sshd?.stop() })

  interface Rig {
    readonly root: string
    readonly desk: DeviceUpdateDesk
    readonly jobs: JobBook
    readonly deviceId: UpdateDeviceId
    readonly accepted: string[]
    run(wish: Omit<UpdateWish, 'deviceId'>): Promise<Job>
    link(name: string): Promise<string>
    pack(version: string, conduct?: string): Promise<void>
  }
  async function openRig(isAccepted = true): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'rackbench-ssh-updates-'))
    onTestFinished(async () => rm(folder, { recursive: true, force: true }))
    const root = join(folder, 'appliance')
    await mkdir(root)
    await mkdir(join(folder, 'releases/stable'), { recursive: true })
    const { systemctl } = await createSimAppliance({ root, versions: ['1.0.0', '1.1.0'] })
    const store = openSqliteLeases(join(folder, 'journal.sqlite'))
    onTestFinished(() => { store.close() })
    const clock = createRealClock()
    const jobs = createJobBook({ journal: createMemoryJournal(), clock, newJobId: () => newJobId(clock.wallMs()), log: () => undefined })
    onTestFinished(async () => jobs.close())
    const accepted: string[] = []
    const ssh = createSshWay({ clock, dataFolder: folder, layout: { root, systemctl }, audit: { around: async ({ what, subject }, work) => { accepted.push(`${what} ${subject}`); return work() } } })
    const desk = createDeviceUpdateDesk({ clock, dataFolder: folder, jobs, leases: createLeases({ store, clock, log: () => undefined }), ways: { appliance: ssh, board: ssh } })
    const { port, user, keyFile, hostKeySha256 } = sshd!
    const { id: deviceId } = await desk.add({ name: 'gate', kind: 'appliance', address: `ssh://${user}@127.0.0.1:${port}`, releases: join(folder, 'releases'), channel: 'stable', hostAddress: '127.0.0.1', keyFile })
    if (isAccepted) await desk.acceptKey(deviceId, hostKeySha256, never)
    const end = async (id: Job['id']): Promise<Job> => {
      for await (const event of jobs.events(id as never, 0, never)) if (event.type.startsWith('job-') && isFinished(jobs.get(id as never))) break
      return jobs.get(id as never)
    }
    return {
      root, desk, jobs, deviceId, accepted,
      run: async (wish) => { const whole = { deviceId, ...wish }; return end(await desk.start(whole, (await desk.plan(whole, never)).hash, never)) },
      link: async (name) => readlink(join(root, 'opt/tope/versions', name)),
      pack: async (version, conduct) => writeFile(join(folder, 'releases/stable', `p-${version}.zip`), appliancePackage(version, conduct)),
    }
  }

  test('the first look shows its host key and sends nothing; another key is not taken; the right one is remembered and written down', async () => {
    const { desk, deviceId, accepted } = await openRig(false)
    const { hostKeySha256, port } = sshd!
    expect((await desk.read(deviceId, never)).problem).toMatchObject({ code: 'device/wrong-identity', context: { hostKeySha256 } })
    await expect(desk.acceptKey(deviceId, `SHA256:${'k'.repeat(43)}`, never)).rejects.toMatchObject({ code: 'device/wrong-identity' })
    expect(accepted).toEqual([])
    const view = await desk.acceptKey(deviceId, hostKeySha256, never)
    expect(view.reading).toMatchObject({ version: '1.1.0', previous: '1.0.0' })
    expect(view.problem).toBeUndefined()
    expect(accepted).toEqual([`accept host key 127.0.0.1:${port}`])
    expect((await desk.read(deviceId, never)).problem).toBeUndefined()
  })

  test('an update and a rollback as jobs: each ends with the version that the links of the appliance show', async () => {
    const { run, link, pack, root, desk } = await openRig()
    await pack('1.2.0')
    const updated = await run({ act: 'update', version: '1.2.0' })
    expect(updated).toMatchObject({ state: 'succeeded', verdict: 'updated and read back', versionRead: '1.2.0' })
    expect(updated.phases.map(({ name, state }) => `${name} ${state}`)).toEqual(['ask finished', 'install finished', 'read-back finished'])
    expect([await link('current'), await link('previous')]).toEqual(['v1.2.0', 'v1.1.0'])
    const back = await run({ act: 'rollback', version: '1.1.0' })
    expect(back).toMatchObject({ state: 'succeeded', verdict: 'updated and read back', versionRead: '1.1.0' })
    expect(await link('current')).toBe('v1.1.0')
    expect(await readFile(join(root, 'run/units/motion-control.service'), 'utf8')).toMatch(/^active/)
    expect((await desk.list())[0]).toMatchObject({ reading: { version: '1.1.0', previous: '1.0.0' } })
  })

  test('fault: a service that does not start: the job fails in the words of the deployment, and the version before is read back', async () => {
    const { run, link, pack } = await openRig()
    await pack('1.3.0', 'refuses')
    expect(await run({ act: 'update', version: '1.3.0' })).toMatchObject({
      state: 'failed', verdict: 'failed (state known)', versionRead: '1.1.0', error: { code: 'device/refused', message: expect.stringContaining('ROLLBACK_LEVEL_1_SUCCESS: 1.1.0') as string },
    })
    expect(await link('current')).toBe('v1.1.0')
  })

  test('fault: an interrupted deployment is told in the plan, cleared up first, and then the update goes through', async () => {
    const { run, link, pack, root, desk, deviceId } = await openRig()
    await pack('1.2.0')
    const versions = join(root, 'opt/tope/versions')
    await mkdir(join(versions, 'v1.2.0'))
    await writeFile(join(versions, 'v1.2.0/half'), 'x')
    await writeFile(join(versions, '.deploy.json'), JSON.stringify({ v: 1, version: '1.2.0', from: 'v1.1.0', units: ['device-api.service', 'motion-control.service'] }))
    // A look changes nothing there.
    expect(await desk.read(deviceId, never)).toMatchObject({ reading: { version: '1.1.0' } })
    expect(await readFile(join(versions, 'v1.2.0/half'), 'utf8')).toBe('x')
    expect((await desk.plan({ deviceId, act: 'update', version: '1.2.0' }, never)).warnings).toEqual([expect.stringContaining('was interrupted')])
    const job = await run({ act: 'update', version: '1.2.0' })
    expect(job).toMatchObject({ state: 'succeeded', versionRead: '1.2.0' })
    expect(job.notes.map(({ message }) => message)).toEqual(expect.arrayContaining([expect.stringContaining('had been interrupted')]))
    expect(await link('current')).toBe('v1.2.0')
  })

  test('an appliance that somebody has: the plan says who and since when, a job is refused in the same words, and nothing there changes', async () => {
    const { run, link, pack, root, desk, deviceId } = await openRig()
    await pack('1.2.0')
    const updater = await startUpdater(root)
    const wish = { deviceId, act: 'update', version: '1.2.0' } as const
    const inUse = /in use by the updater of .* \(process \d+\) since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/
    expect((await desk.plan(wish, never)).warnings).toEqual([expect.stringMatching(new RegExp(`^It is ${inUse.source}.*; while that one lives, this update is refused$`))])
    // Not a deployment that was interrupted: that one is still under way.
    await writeFile(join(root, 'opt/tope/versions/.deploy.json'), JSON.stringify({ v: 1, version: '1.2.0', from: 'v1.1.0', units: [] }))
    expect((await desk.plan(wish, never)).warnings).toEqual([expect.stringMatching(inUse)])
    await rm(join(root, 'opt/tope/versions/.deploy.json'))
    expect(await run({ act: 'update', version: '1.2.0' })).toMatchObject({ state: 'failed', error: { code: 'pod/busy', message: expect.stringMatching(inUse) as string } })
    expect(await link('current')).toBe('v1.1.0')
    expect(await updater.end('SIGTERM')).toBe(0)
    expect((await desk.plan(wish, never)).warnings).toEqual([])
  })

  test('an appliance without any version takes its first one, because it can be read back', async () => {
    const { run, link, root, pack, desk, deviceId } = await openRig()
    for (const name of ['current', 'previous', 'factory']) await rm(join(root, 'opt/tope/versions', name))
    await pack('2.0.0')
    expect(await run({ act: 'update', version: '2.0.0' })).toMatchObject({ state: 'succeeded', versionRead: '2.0.0' })
    expect(await link('current')).toBe('v2.0.0')
    expect((await desk.plan({ deviceId, act: 'rollback', version: '1.1.0' }, never)).refusals).toMatchObject([{ code: 'input/not-found' }])
  })
})
