import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { powerWords } from '../../src/main/composition/powerChanges.ts'
import { startLoopbackRack } from '../../src/main/composition/simulator.ts'
import { identifyPower, type IdentifyDeps, planIdentify, reassigned } from '../../src/main/core/rack/identifyPower.ts'
import { createLeases, createMemoryLeaseStore } from '../../src/main/core/rack/leases.ts'
import type { CameraEntry } from '../../src/main/core/rack/rackBook.ts'
import { createScaledClock, createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import type { IdentifyNews } from '../../src/shared/rack/identify.schema.ts'

const never = new AbortController().signal

interface Bench { readonly workbench: OpenWorkbench; readonly ids: readonly CameraId[]; readonly deps: IdentifyDeps; readonly leases: ReturnType<typeof createLeases> }

/** Consoles over TCP, and each camera's power written down as the pod of that number, right or wrong. */
async function openBench(powers: readonly number[]): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-identify-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  const sim = await startLoopbackRack(join(folder, 'sim'), () => undefined, { pods: Math.max(powers.length, Math.max(...powers) + 1) })
  onTestFinished(async () => sim.close())
  const workbench = await createWorkbench({ host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined })
  onTestFinished(async () => workbench.close())
  const ports = sim.urls.map((url) => /:(\d+)\?api=(\d+)$/.exec(url)?.slice(1).map(Number) ?? [])
  const ids: CameraId[] = []
  for (const [index, power] of powers.entries()) {
    const spec = await workbench.setup.add({ url: `tcp://127.0.0.1:${String(ports[index]?.[0])}`, name: '', cameraName: `cam-${index}`, chip: sim.chip, ...(power < 0 ? {} : { power: { kind: 'rack', host: '127.0.0.1', port: ports[power]?.[1] ?? 0 } }) }, never)
    ids.push(spec.cameraId)
  }
  await expect.poll(() => workbench.rack.view().pods.every(({ cameras: [shown] }) => shown?.console === 'open'), { timeout: 10_000 }).toBe(true)
  const leases = createLeases({ store: createMemoryLeaseStore(), clock: createSystemClock(), log: () => undefined })
  // The waits are shorter than life; the cameras and their pods are as fast as the simulator has them.
  const deps = { clock: createScaledClock(createSystemClock(), 8), leases, audit: workbench.audit, all: () => workbench.rack.pods().flatMap(({ cameraId }) => workbench.rack.find(cameraId) ?? []) }
  return { workbench, ids, deps, leases }
}
const cutsOf = (workbench: OpenWorkbench, ids: readonly CameraId[]): number[] => ids.map((id) => (workbench.rack.find(id)?.console.tail(20_000).match(/U-Boot 20/g) ?? []).length)
const run = async ({ ids, deps }: Bench, agreed: readonly CameraId[], onNews: (news: IdentifyNews) => void = () => undefined): Promise<IdentifyNews[]> => {
  const told: IdentifyNews[] = []
  for await (const news of identifyPower(ids, agreed, deps, never)) { told.push(news); onNews(news) }
  return told
}

test('six cameras: two are crossed, one is right, one is locked, one is in maintenance, and one port answers nobody', { timeout: 60_000 }, async () => {
  const bench = await openBench([1, 0, 2, 3, 6, 5])
  const { workbench, ids, deps, leases } = bench
  await leases.take(workbench.rack.camera(ids[3]!).devices.resource, 'Restore of cam-3 (job j-1)', never)
  await workbench.inventories.change(ids[5]!, { maintenance: { note: 'open' } }, never)
  const plan = planIdentify(ids, deps)
  expect(plan.cuts.map(({ camera }) => camera)).toEqual(['cam-0', 'cam-1', 'cam-2', 'cam-4'])
  expect(plan.skipped).toEqual([{ cameraId: ids[3], camera: 'cam-3', why: 'it is in use by Restore of cam-3 (job j-1)' }, { cameraId: ids[5], camera: 'cam-5', why: expect.stringContaining('in maintenance') as string }])

  // What is counted is a second start, so the first is over before: nothing more comes from a camera that asks for a login.
  await expect.poll(() => ids.filter((id) => !/login: *$/.test(workbench.rack.camera(id).console.tail(200))), { timeout: 20_000 }).toEqual([])
  const before = cutsOf(workbench, ids)
  const told = await run(bench, plan.cuts.map(({ cameraId }) => cameraId))
  expect(told.flatMap((news) => (news.type === 'seen' ? [[news.camera, news.answered.map(({ camera }) => camera)]] : []))).toEqual([['cam-0', ['cam-1']], ['cam-1', ['cam-0']], ['cam-2', ['cam-2']], ['cam-4', []]])
  const matches = [{ port: ids[0], console: ids[1] }, { port: ids[1], console: ids[0] }, { port: ids[2], console: ids[2] }]
  expect(told.at(-1)).toEqual({ type: 'done', matches })
  // Locked and set aside: not a word of a start from them.
  const after = cutsOf(workbench, ids)
  expect([after[3], after[5]]).toEqual([before[3], before[5]])
  // The cameras are free again, and only the locked one is not.
  expect(ids.map((id) => leases.holderOf(workbench.rack.camera(id).devices.resource)?.holder)).toEqual([undefined, undefined, undefined, 'Restore of cam-3 (job j-1)', undefined, undefined])

  const powerOf = async (index: number): Promise<unknown> => (await workbench.inventories.list())[index]?.power
  const [first, second] = [await powerOf(0), await powerOf(1)]
  await workbench.inventories.assignPower(matches as never, never)
  expect([await powerOf(0), await powerOf(1)]).toEqual([second, first])
  // Each camera whose power changed, from what to what; not the one that was right.
  const words = [first, second].map((power) => powerWords(power as never, ''))
  const audited = workbench.audit.list({ limit: 50 })
  const changes = audited.filter(({ what }) => what === 'change power').reverse()
  expect(changes.map(({ subject, details }) => [subject, details['before'], details['after'], details['by']])).toEqual([
    ['cam-0', words[0], words[1], 'found out by cutting ports'], ['cam-1', words[1], words[0], 'found out by cutting ports'],
  ])
  expect(audited.filter(({ what, details }) => what === 'outcome' && changes.some(({ seq }) => seq === details['of'])).map(({ details }) => details['outcome'])).toEqual(['done', 'done'])
})

test('a camera that a job takes in between is not cut, and nothing that was not agreed', { timeout: 60_000 }, async () => {
  const bench = await openBench([0, 1, -1])
  const { workbench, ids, deps, leases } = bench
  expect(planIdentify(ids, deps)).toMatchObject({ cuts: [{ camera: 'cam-0' }, { camera: 'cam-1' }], watched: [{}, {}, { camera: 'cam-2' }], skipped: [{ camera: 'cam-2', why: expect.stringContaining('nobody but a person') as string }] })
  const told = await run(bench, [ids[0]!, ids[1]!], (news) => {
    // Set aside by somebody while the first port is off.
    if (news.type === 'cutting') workbench.rack.setInventory(workbench.rack.camera(ids[1]!).spec.id, { labels: [], group: '', notes: '', maintenance: { sinceMs: 0, note: '' } })
  })
  expect(told.map(({ type }) => type)).toEqual(['cutting', 'seen', 'skipped', 'done'])
  await expect(run(bench, ['cam-x' as CameraId])).rejects.toMatchObject({ code: 'input/conflict' })
  expect((await run(bench, [])).map(({ type }) => type)).toEqual(['done'])
  // A cancel in the middle gives the cameras back.
  const stop = new AbortController()
  await expect((async () => { for await (const news of identifyPower(ids, [ids[0]!], deps, stop.signal)) if (news.type === 'cutting') stop.abort(new Error('enough')) })()).rejects.toThrow('enough')
  expect(leases.holderOf(workbench.rack.camera(ids[0]!).devices.resource)).toBeUndefined()
})

test('a port on the switch of a locked camera is not cut: with crossed wires it may be that camera\'s', async () => {
  const bench = await openBench([0, 1])
  const { workbench, ids, deps, leases } = bench
  const onSwitch = (ethernet: string) => ({ kind: 'routeros', host: '127.0.0.1', ethernet, user: 'admin', tls: false, onMode: 'as-before' }) as const
  for (const [index, id] of ids.entries()) await workbench.rack.changePower(workbench.rack.camera(id).spec.id, onSwitch(`ether${index}`))
  expect(planIdentify([ids[0]!], deps).cuts).toHaveLength(1)
  await leases.take(workbench.rack.camera(ids[1]!).devices.resource, 'Restore of cam-1', never)
  expect(planIdentify([ids[0]!], deps)).toMatchObject({ cuts: [], skipped: [{ why: expect.stringContaining('on the same switch cam-1 is in use by Restore of cam-1, and this port may be its own') as string }] })
  for (const id of ids) await workbench.rack.changePower(workbench.rack.camera(id).spec.id, onSwitch('ether1'))
})

test('two cameras on one line are identified under one lease, and it is given back', { timeout: 60_000 }, async () => {
  const bench = await openBench([0, 1])
  const { ids, deps, leases } = bench
  // As it is where the second name of an adapter was given before it was plugged in.
  const onOneLine = (): CameraEntry[] => deps.all().map((entry) => ({ ...entry, devices: Object.create(entry.devices, { resource: { value: 'usb://0403:6001/A5XK3RJT' } }) as CameraEntry['devices'] }))
  const told = await run({ ...bench, deps: { ...deps, all: onOneLine } }, [ids[0]!], (news) => {
    if (news.type === 'cutting') expect(leases.holderOf('usb://0403:6001/A5XK3RJT')?.holder).toBe('finding out whose power is whose')
  })
  expect(told.map(({ type }) => type)).toEqual(['cutting', 'seen', 'done'])
  expect(leases.holderOf('usb://0403:6001/A5XK3RJT')).toBeUndefined()
})

test('what was found is written down only where each has a port of its own', () => {
  const pod = (name: string, url = `tcp://${name}`) => ({ cameraId: name as CameraId, cameraName: name, url, power: { kind: 'pdudaemon', host: 'h', port: 1, pdu: 'p', outlet: name } }) as const
  const match = (port: string, console: string) => ({ port: port as CameraId, console: console as CameraId })
  expect(reassigned([pod('a'), pod('b'), pod('c')], [match('a', 'b'), match('b', 'a'), match('c', 'c')]).map(({ power }) => power.outlet)).toEqual(['b', 'a', 'c'])
  expect(() => reassigned([pod('a'), pod('b')], [match('a', 'b')])).toThrow('share a port, or have none')
  expect(() => reassigned([pod('a', 'rack://a'), pod('b')], [match('a', 'b'), match('b', 'a')])).toThrow('switched by its pod')
})
