import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { createFindPortsDesk, type FindPortsDesk } from '../../src/main/composition/findPortsDesk.ts'
import { startLoopbackRack } from '../../src/main/composition/simulator.ts'
import { createLeases, createMemoryLeaseStore } from '../../src/main/core/rack/leases.ts'
import { createScaledClock, createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { createRackPodClient } from '../../src/main/drivers/http/rackPodClient.ts'
import { openPortUnit } from '../../src/main/drivers/power/openPortUnit.ts'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import { powerSpecSchema } from '../../src/shared/devices/powerSpec.schema.ts'
import type { FindNews, FindWish } from '../../src/shared/rack/findPorts.schema.ts'
import { type FakeSys, openFakeSys } from '../support/fakeSys.ts'
import { servePduDaemon, serveTasmota } from '../support/powerStandIns.ts'
import { createRouterOsStandIn, type RouterOsStandIn, type StandInPort } from '../support/routerOsStandIn.ts'

const never = new AbortController().signal

interface Bench {
  readonly workbench: OpenWorkbench
  readonly desk: FindPortsDesk
  readonly ids: readonly CameraId[]
  readonly standIn: RouterOsStandIn
  readonly leases: ReturnType<typeof createLeases>
  readonly unitId: string
}

const ports = (): StandInPort[] => [
  { name: 'ether1', comment: 'lab', poe: 'auto-on', hasLoad: true, behind: ['02:00:00:00:01:01', '02:00:00:00:01:02'], running: true },
  { name: 'ether2', comment: 'the known one', poe: 'auto-on', hasLoad: true, running: true },
  { name: 'ether3', comment: 'left', poe: 'auto-on', hasLoad: true, running: true, watts: 2.9, behind: ['02:00:00:00:03:01'] },
  { name: 'ether4', poe: 'forced-on', hasLoad: true, running: true },
  { name: 'ether5', poe: 'auto-on', hasLoad: false, running: false },
  { name: 'ether6', comment: 'Uplink to hall 2', poe: 'auto-on', hasLoad: true, running: true },
  { name: 'ether7', poe: 'auto-on', hasLoad: true, running: true, neighbour: true },
  { name: 'ether8', poe: 'off', hasLoad: true, running: false },
  { name: 'ether9', running: true },
]

/** Three cameras on a switch: one port is written down, the others hang on ether4 and ether3, and nobody knows. */
async function openBench(sys?: FakeSys): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-ports-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  const sim = await startLoopbackRack(join(folder, 'sim'), () => undefined, { pods: 3 })
  onTestFinished(async () => sim.close())
  const clock = createScaledClock(createSystemClock(), 8)
  const standIn = createRouterOsStandIn(clock, ports())
  onTestFinished(async () => standIn.close())
  const port = await standIn.listen()
  const workbench = await createWorkbench({ host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined, ...(sys && { serialPorts: sys.ports }) })
  onTestFinished(async () => workbench.close())
  const places = sim.urls.map((url) => /:(\d+)\?api=(\d+)$/.exec(url)?.slice(1).map(Number) ?? [])
  const fed: Readonly<Record<string, number>> = { ether2: 0, ether4: 1, ether3: 2 }
  standIn.behaviour.onRelay = (name, on) => {
    const place = places[fed[name] ?? -1]
    if (place) createRackPodClient({ baseUrl: `http://127.0.0.1:${String(place[1])}`, clock: createSystemClock() }).power(on ? 'on' : 'off', never).catch(() => undefined)
  }
  const ids: CameraId[] = []
  for (const [index, place] of places.entries()) {
    const power = index === 0 ? { power: powerSpecSchema.parse({ kind: 'routeros', host: '127.0.0.1', port, comment: 'the known one' }), password: 'secret' } : {}
    ids.push((await workbench.setup.add({ url: `tcp://127.0.0.1:${String(place[0])}`, name: '', cameraName: `cam-${index}`, chip: sim.chip, ...power }, never)).cameraId)
  }
  await expect.poll(() => workbench.rack.view().pods.every(({ cameras: [shown] }) => shown?.console === 'open'), { timeout: 10_000 }).toBe(true)
  // What is counted is a second start: the first one is over before.
  await expect.poll(() => ids.filter((id) => !/login: *$/.test(workbench.rack.camera(id).console.tail(200))), { timeout: 20_000 }).toEqual([])
  const leases = createLeases({ store: createMemoryLeaseStore(), clock: createSystemClock(), log: () => undefined })
  const desk = createFindPortsDesk({ clock, rack: workbench.rack, setup: workbench.setup, secrets: workbench.secrets, leases, audit: workbench.audit })
  return { workbench, desk, ids, standIn, leases, unitId: 'routeros 127.0.0.1' }
}
async function run({ desk, unitId }: Bench, wish: Partial<FindWish>, onNews: (news: FindNews) => void = () => undefined, signal = never): Promise<FindNews[]> {
  const told: FindNews[] = []
  for await (const news of desk.find({ unitId, typed: '', ports: [], ...wish }, signal)) { told.push(news); onNews(news) }
  return told
}

test('ports that nobody has written down: what may be cut, what never is, and whose console starts', { timeout: 90_000 }, async () => {
  const bench = await openBench()
  const { desk, ids, standIn, workbench, unitId } = bench
  expect(desk.units()).toEqual([{ cameras: ['cam-0'], id: unitId, label: 'RouterOS switch 127.0.0.1', kind: 'routeros', lists: 'itself' }])
  const plan = await desk.look({ unitId, typed: '' }, never)
  expect(plan.ports.map(({ port, why }) => [port, why])).toEqual([
    ['ether1', '2 devices are behind it, so it leads to the network'], ['ether2', 'it is written down for cam-0'], ['ether3', undefined], ['ether4', undefined],
    ['ether5', 'nothing draws power there'], ['ether6', 'its comment says that it leads to the network'], ['ether7', 'another switch or router is behind it'], ['ether8', 'its PoE is off'], ['ether9', 'it has no PoE'],
  ])
  expect(plan.ports[2]).toEqual({ port: 'ether3', comment: 'left', state: 'on', watts: 2.9, link: 'up' })
  expect(plan.watched).toHaveLength(3)
  expect(standIn.switchings).toEqual([])

  // Also somebody who names the uplink does not cut it.
  const told = await run(bench, { ports: ['ether3', 'ether1', 'ether4'] })
  expect(told.map((news) => [news.type, 'port' in news ? news.port : ''])).toEqual([['cutting', 'ether3'], ['seen', 'ether3'], ['skipped', 'ether1'], ['cutting', 'ether4'], ['seen', 'ether4'], ['done', '']])
  const matches = [{ port: 'ether3', cameraId: ids[2]!, camera: 'cam-2' }, { port: 'ether4', cameraId: ids[1]!, camera: 'cam-1' }]
  expect(told.at(-1)).toEqual({ type: 'done', matches })
  expect(told.filter((news) => news.type === 'seen').map(({ after }) => after)).toEqual(['on', 'on'])
  // As they were: the modes too.
  expect(standIn.ports.map(({ poe }) => poe)).toEqual(ports().map(({ poe }) => poe))
  expect(['ether1', 'ether3', 'ether4'].map((port) => standIn.isPowered(port))).toEqual([true, true, true])
  expect(workbench.audit.list({ limit: 20 }).filter(({ what }) => what === 'power cycle').map(({ subject, details }) => [subject, details['before']])).toEqual([['port ether4 of RouterOS switch 127.0.0.1', 'on'], ['port ether3 of RouterOS switch 127.0.0.1', 'on']])
  expect(workbench.audit.list({ limit: 20 }).filter(({ details }) => 'after' in details && 'outcome' in details).map(({ details }) => [details['outcome'], details['after']])).toEqual([['done', 'on'], ['done', 'on']])

  await desk.assign(unitId, matches, never)
  expect((await workbench.inventories.list()).map(({ power }) => power && 'ethernet' in power ? power.ethernet : undefined)).toEqual([undefined, 'ether4', 'ether3'])
  expect(workbench.audit.list({ limit: 20, subject: 'cam-2' }).find(({ what }) => what === 'change power')?.details).toMatchObject({ before: 'a person', after: 'ether3 of RouterOS switch 127.0.0.1', by: 'found out by cutting port ether3' })
  expect(JSON.stringify(workbench.audit.list({ limit: 100 }))).not.toContain('"secret"')
  // The new ones have the password, each its own.
  await workbench.rack.power(ids[2]!, 'off', never)
  expect(standIn.isPowered('ether3')).toBe(false)
  expect((await desk.look({ unitId, typed: '' }, never)).ports[2]?.why).toBe('it is written down for cam-2')
})

test('a cancel in the middle: the port is on again and read back before the cameras are free', { timeout: 60_000 }, async () => {
  const bench = await openBench()
  const { ids, standIn, leases, workbench } = bench
  const stop = new AbortController()
  const powered: boolean[] = []
  standIn.behaviour.onRelay = (_port, on) => { powered.push(on); if (!on) stop.abort(new Error('enough')) }
  await expect(run(bench, { ports: ['ether3', 'ether4'] }, () => undefined, stop.signal)).rejects.toThrow('enough')
  expect(powered).toEqual([false, true])
  expect(standIn.isPowered('ether3')).toBe(true)
  expect(standIn.ports[2]?.poe).toBe('auto-on')
  expect(workbench.audit.list({ limit: 1 })[0]).toMatchObject({ what: 'outcome', details: { outcome: 'failed', after: 'on' } })
  expect(ids.map((id) => leases.holderOf(workbench.rack.camera(id).devices.resource))).toEqual([undefined, undefined, undefined])
})

test('a locked camera whose power nobody knows keeps every port on, and no job begins under a search', { timeout: 60_000 }, async () => {
  const bench = await openBench()
  const { ids, desk, leases, workbench, standIn, unitId } = bench
  const lease = await leases.take(workbench.rack.camera(ids[2]!).devices.resource, 'Restore of cam-2', never)
  const plan = await desk.look({ unitId, typed: '' }, never)
  expect(plan.ports.filter(({ why }) => why === undefined)).toEqual([])
  expect(plan.ports[3]?.why).toBe('cam-2 is in use by Restore of cam-2, and this port may be its own')
  await expect(run(bench, { ports: ['ether4'] })).rejects.toMatchObject({ code: 'pod/busy' })
  expect(standIn.switchings).toEqual([])
  await lease.release()
  // Set aside between two ports: the second is not cut.
  const told = await run(bench, { ports: ['ether4', 'ether3'] }, (news) => {
    if (news.type !== 'cutting') return
    expect(ids.map((id) => leases.holderOf(workbench.rack.camera(id).devices.resource)?.holder)).toEqual(Array(3).fill('finding out whose power is whose'))
    workbench.rack.setInventory(workbench.rack.camera(ids[2]!).spec.id, { labels: [], group: '', notes: '', maintenance: { sinceMs: 0, note: '' } })
  })
  expect(told.map(({ type }) => type)).toEqual(['cutting', 'seen', 'skipped', 'done'])
  expect(standIn.isPowered('ether3')).toBe(true)
  await expect(run(bench, { ports: Array.from({ length: 9 }, (_, index) => `ether${index + 1}`) })).rejects.toMatchObject({ code: 'input/conflict', message: 'Cutting 9 ports was not confirmed' })
})

test('two cameras that turn out to have one adapter do not stop a search by its own lease', { timeout: 60_000 }, async () => {
  const sys = await openFakeSys()
  const bench = await openBench(sys)
  const { ids, leases, workbench } = bench
  // Not plugged in yet, so nobody knows that both names are one adapter's.
  const added: { readonly cameraId: CameraId }[] = []
  for (const [index, name] of ['ttyUSB0', 'serial/by-id/usb-FTDI'].entries()) added.push(await workbench.setup.add({ url: join(sys.devFolder, name), name: '', cameraName: `cam-twin-${index}`, chip: 'hi3516ev300' }, never))
  await sys.alias(await sys.plugIn({ name: 'ttyUSB0', socket: '1-2', ids: ['0403', '6001'], serial: 'A5XK3RJT' }), 'serial/by-id/usb-FTDI')
  const resources = (): string[] => added.map(({ cameraId }) => workbench.rack.camera(cameraId).devices.resource)
  await expect.poll(resources, { timeout: 30_000 }).toEqual(Array(2).fill('usb://0403:6001/A5XK3RJT'))
  const told = await run(bench, { ports: ['ether4'] }, (news) => {
    if (news.type === 'cutting') expect(leases.holderOf(resources()[0]!)?.holder).toBe('finding out whose power is whose')
  })
  expect(told.at(-1)).toEqual({ type: 'done', matches: [{ port: 'ether4', cameraId: ids[1], camera: 'cam-1' }] })
  expect(leases.holderOf(resources()[0]!)).toBeUndefined()
})

test('plugs and daemons have no list: a person says which outlets there are, and each is read where it can be', async () => {
  const deps = { clock: createSystemClock(), secretOf: async () => undefined }
  const plug = await serveTasmota({ relays: 3 })
  onTestFinished(async () => plug.close())
  const tasmota = await openPortUnit({ kind: 'tasmota', host: '127.0.0.1', port: plug.port, relay: 1, user: 'admin' }, deps)
  await tasmota.power('2').set('off', never)
  expect(await tasmota.look(['1', '2', '9', 'x'], never)).toEqual([
    { port: '1', comment: '', state: 'on' }, { port: '2', comment: '', state: 'off', why: 'it is off' }, { port: '9', comment: '', state: 'none', why: 'there is no such relay' }, { port: 'x', comment: '', state: 'none', why: 'relays are counted from 1 to 32' },
  ])
  expect(tasmota.specOf('3')).toMatchObject({ kind: 'tasmota', relay: 3 })
  const daemon = await servePduDaemon()
  onTestFinished(async () => daemon.close())
  const spec = { kind: 'pdudaemon', host: '127.0.0.1', port: daemon.port, pdu: 'pdu01', outlet: '1' } as const
  const pdu = await openPortUnit(spec, deps)
  expect(await pdu.look(['4'], never)).toEqual([{ port: '4', comment: '', state: 'unknown' }])
  expect([pdu.meant(spec, []), pdu.owns({ ...spec, pdu: 'pdu02' })]).toEqual([['1'], false])
  expect(plug.cuts() + daemon.cuts()).toBe(1)
})
