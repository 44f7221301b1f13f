import { implement, ORPCError } from '@orpc/server'
import { deviceUpdatesContract } from '../../src/shared/contracts/deviceUpdates.contract.ts'
import { type JobId, jobIdSchema, podIdSchema } from '../../src/shared/devices/ids.ts'
import { toWire, WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import type { JobNews } from '../../src/shared/jobs/jobEvent.ts'
import { type UpdateDevice, type UpdateDeviceId, updateDeviceIdSchema, type UpdateDeviceView, type UpdatePlan, type UpdateRelease, type UpdateWish } from '../../src/shared/ota/deviceUpdate.schema.ts'
import type { FixtureJobs } from './fixtureJobs.ts'

type Stream = <T>(first: readonly T[], listen: (tell: (value: T) => void) => () => void, signal: AbortSignal | undefined) => AsyncGenerator<T, void>
export interface FixtureDeviceUpdates {
  list(): readonly UpdateDeviceView[]
  change(id: string, how: (device: UpdateDeviceView) => UpdateDeviceView): void
  /** The next job of that device stands in the middle of its writing phase until this. */
  finish(id: string, end: 'good' | 'bad'): void
}

const deviceId = (text: string): UpdateDeviceId => updateDeviceIdSchema.parse(text)
const base: Pick<UpdateDevice, 'channel' | 'hostAddress'> = { channel: 'stable', hostAddress: '192.168.1.10' }
function firstDevices(nowMs: number): UpdateDeviceView[] {
  return [
    { ...base, id: deviceId('device-gate'), name: 'gate-north', kind: 'appliance', address: 'http://192.168.1.20:12315', releases: '/srv/packages', isDemo: false, reading: { version: '1.1.0', previous: '1.0.0', atMs: nowMs - 4_000 } },
    { ...base, id: deviceId('device-mast'), name: 'mast-south', kind: 'appliance', address: 'http://192.168.1.21:12315', releases: '/srv/packages', isDemo: false, reading: { version: '1.0.0', atMs: nowMs - 86_400_000 }, problem: { code: 'link/unreachable', message: 'the updater at 192.168.1.21:12315 cannot be reached', context: {}, hint: 'Is it on, and does its updater run?' } },
    { ...base, id: deviceId('device-blink'), name: 'blink-04', kind: 'board', address: '/dev/ttyACM0', releases: '/srv/firmware', isDemo: false, reading: { version: 'v1.0.0', atMs: nowMs - 9_000, recovered: 'An earlier update had been interrupted; the board has its old files' } },
  ]
}
const releasesOf = ({ kind }: UpdateDeviceView): UpdateRelease[] => (kind === 'appliance'
  ? [{ version: '1.3.0', file: 'gate-1.3.0.zip', sizeBytes: 4_200_000 }, { version: '1.2.0', file: 'gate-1.2.0.zip', sizeBytes: 4_100_000 }, { version: '', file: 'half.zip', sizeBytes: 1_000, problem: 'the package is damaged or no zip archive' }]
  : [{ version: 'v1.1.0', file: 'v1.1.0', sizeBytes: 41_000 }, { version: 'v1.0.0', file: 'v1.0.0', sizeBytes: 39_000 }])

function planOf(device: UpdateDeviceView, request: UpdateWish): UpdatePlan {
  const isBoard = device.kind === 'board'
  const release = request.act === 'rollback' && !isBoard ? undefined : releasesOf(device).find(({ version }) => version === request.version)
  const middle = isBoard ? [['transfer', 'Transfer and switch']] : request.act === 'rollback' ? [['go-back', 'Go back']] : [['download', 'Download and verify'], ['install', 'Install']]
  return {
    hash: 'd'.repeat(64), request, kind: device.kind, cameraName: device.name, podName: device.name, chip: isBoard ? 'MicroPython' : 'Linux appliance', flashBytes: 0, partitions: [], from: device.reading?.version, to: request.version, release,
    ...(release ? { sha256: '8c1f'.repeat(16) } : {}), units: isBoard || !release ? [] : ['device-api.service', 'motion-control.service'], files: release ? 12 : 0, deletes: isBoard ? ['lib/legacy.py'] : [],
    phases: [['ask', 'Ask the device'], ...middle, ['read-back', 'Read the version back']].map(([name = '', title = '']) => ({ name, title, cancel: name === 'ask' || name === 'download' ? 'anytime' as const : 'at-end' as const, forecastMs: 4_000 })),
    forecastMs: 16_000, warnings: device.reading?.recovered === undefined ? [] : [device.reading.recovered],
    refusals: request.version === device.reading?.version ? [{ code: 'input/conflict', message: `${device.name} reports ${request.version} already`, context: {} }] : [],
  }
}

/** Two appliances and a board; jobs go to the middle of their work and stand there. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- what oRPC infers
export function createFixtureDeviceUpdates(stream: Stream, calls: string[], nowMs: () => number, isNew: boolean, jobs: FixtureJobs) {
  const contract = implement(deviceUpdatesContract)
  let devices = isNew ? [] : firstDevices(nowMs())
  const listeners = new Set<(list: UpdateDeviceView[]) => void>()
  const tell = (): void => { for (const each of listeners) each([...devices]) }
  const deviceOf = (id: string): UpdateDeviceView => { const found = devices.find((device) => device.id === id); if (!found) throw new Error(`no device ${id}`); return found }
  const change: FixtureDeviceUpdates['change'] = (id, how) => { devices = devices.map((device) => (device.id === id ? how(device) : device)); tell() }
  const begin = (device: UpdateDeviceView, plan: UpdatePlan): JobId => {
    const id = jobIdSchema.parse(`20261121-1200${String(jobs.jobs.size).padStart(2, '0')}-abcdef`)
    const [, ...rest] = plan.phases.map(({ name }) => name)
    const working = rest.at(-2) ?? ''
    const say = (...news: JobNews[]): void => { for (const each of news) jobs.add(id, each) }
    say({ type: 'job-queued', workflow: 'update', title: plan.request.act === 'update' ? `Update ${device.name} to ${plan.to}` : `Roll ${device.name} back to ${plan.to}`, pod: podIdSchema.parse(device.id), camera: device.id, plan }, { type: 'job-started' },
      { type: 'phase-started', phase: 'ask' }, { type: 'version-read', version: plan.from ?? '' }, { type: 'phase-finished', phase: 'ask', elapsedMs: 320, note: `it reports ${plan.from ?? ''}` })
    for (const phase of rest.slice(0, -2)) say({ type: 'phase-started', phase }, { type: 'phase-finished', phase, elapsedMs: 2_100, note: '' })
    say({ type: 'phase-started', phase: working, writing: true }, { type: 'noted', level: 'info', message: 'Stopping the services' }, { type: 'phase-progressed', phase: working, step: 'device-api is in place', doneBytes: 40, totalBytes: 100 })
    change(device.id, (each) => ({ ...each, lastJob: id }))
    return id
  }
  const told: FixtureDeviceUpdates = {
    list: () => devices, change,
    finish: (id, end) => {
      const device = deviceOf(id)
      const job = device.lastJob === undefined ? undefined : jobs.jobs.get(device.lastJob)
      if (job?.workflow !== 'update') throw new Error('it has no job')
      const { plan } = job
      if (end === 'bad') {
        jobs.add(job.id, { type: 'noted', level: 'warning', message: 'ROLLBACK_LEVEL_1_SUCCESS: 1.1.0' })
        jobs.add(job.id, { type: 'version-read', version: plan.from ?? '' })
        jobs.add(job.id, { type: 'job-failed', verdict: 'failed (state known)', elapsedMs: 14_000, error: { code: 'device/refused', message: 'SERVICE_START_FAILED: motion-control.service is failed; ROLLBACK_LEVEL_1_SUCCESS: 1.1.0', context: {}, hint: '1.1.0 runs again' } })
        tell()
        return
      }
      jobs.add(job.id, { type: 'phase-finished', phase: job.phase ?? '', elapsedMs: 9_000, note: '' })
      jobs.add(job.id, { type: 'phase-started', phase: 'read-back' })
      jobs.add(job.id, { type: 'version-read', version: plan.to })
      jobs.add(job.id, { type: 'phase-finished', phase: 'read-back', elapsedMs: 210, note: `it reports ${plan.to}` })
      jobs.add(job.id, { type: 'job-succeeded', verdict: 'updated and read back', elapsedMs: 12_000 })
      change(id, (each) => ({ ...each, reading: { version: plan.to, ...(plan.from === undefined ? {} : { previous: plan.from }), atMs: nowMs() } }))
    },
  }
  const routes = {
    watch: contract.watch.handler(({ signal }) => stream([[...devices]], (hear) => { listeners.add(hear); return () => { listeners.delete(hear) } }, signal)),
    add: contract.add.handler(({ input }) => {
      calls.push(`device add ${input.kind} ${input.name} ${input.address} ${input.releases} ${input.channel}`)
      const id = deviceId(`device-${String(devices.length)}`)
      devices = [...devices, { ...input, id, isDemo: false }]
      tell()
      return { id }
    }),
    remove: contract.remove.handler(({ input }) => { calls.push(`device remove ${input.id}`); devices = devices.filter(({ id }) => id !== input.id); tell(); return {} }),
    read: contract.read.handler(({ input }) => { calls.push(`device read ${input.id}`); return deviceOf(input.id) }),
    acceptKey: contract.acceptKey.handler(({ input }) => { calls.push(`device accept ${input.id} ${input.hostKeySha256}`); change(input.id, ({ problem: _over, ...each }) => ({ ...each, reading: { version: '2.0.0', atMs: nowMs() } })); return deviceOf(input.id) }),
    releases: contract.releases.handler(({ input }) => releasesOf(deviceOf(input.id))),
    plan: contract.plan.handler(({ input }) => planOf(deviceOf(input.deviceId), input)),
    buildPackage: contract.buildPackage.handler(({ input }) => {
      calls.push(`package ${input.of === 'folder' ? `${input.folder} ${input.version} ${input.services.map(({ unit, path }) => `${unit}=${path}`).join(',')} -${input.exclude.join(',')}` : `${input.oldPath} ${input.newPath}`} ${input.outPath}`)
      if (input.outPath === '/srv/packages/there.zip') throw new ORPCError('WORKBENCH', { status: 500, message: 'refused', data: toWire(new WorkbenchError('input/conflict', '/srv/packages/there.zip is there already', { hint: 'Choose another name; nothing is overwritten' })) })
      const made = { path: input.outPath, deleted: [], units: ['app.service'], md5: 'a'.repeat(32), sha256: 'b'.repeat(64), wholeBytes: 9_400_000 }
      return input.of === 'folder' ? { ...made, version: input.version, files: 12, keptFiles: 0, sizeBytes: 4_100_000 } : { ...made, version: '1.3.0', base: '1.2.0', files: 2, keptFiles: 10, sizeBytes: 410_000, wholePackageBytes: 4_100_000 }
    }),
    start: contract.start.handler(({ input: { request, planHash } }) => {
      calls.push(`device ${request.act} ${request.deviceId} ${request.version} ${planHash.slice(0, 4)}`)
      const device = deviceOf(request.deviceId)
      return { jobId: begin(device, planOf(device, request)) }
    }),
  }
  return { routes, told }
}
