import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createClientPower } from '../../../src/main/composition/clientPower.ts'
import { createWorkbench, type OpenWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'
import { powerSpecSchema } from '../../../src/shared/devices/powerSpec.schema.ts'
import { type FleetClient, fleetClientSchema } from '../../../src/shared/fleet/fleetView.schema.ts'
import { clientA } from '../../support/commandFixture.ts'
import { type FleetBench, openFleetBench } from '../../support/fleetBench.ts'
import { freeUdpPort } from '../../support/freePort.ts'
import { type RelayStandIn, servePduDaemon, serveTasmota } from '../../support/powerStandIns.ts'

const never = new AbortController().signal

interface Rig {
  readonly workbench: OpenWorkbench
  readonly bench: FleetBench
  readonly relay: RelayStandIn
  camera(name: string, power: object | undefined): CameraId
  bind(cameraId: CameraId | undefined, rules?: Partial<FleetClient>): void
  /** A reboot of that client which failed, and nothing was heard of it since. */
  lost(): Promise<string>
  acts(): string[]
}

async function openRig(kind: 'tasmota' | 'pdudaemon' = 'tasmota'): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-client-power-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const relay = kind === 'tasmota' ? await serveTasmota({ relays: 2 }) : await servePduDaemon()
  onTestFinished(async () => relay.close())
  const workbench = await createWorkbench({ host: 'cli', version: 'test', dataFolder: folder, homeFolder: folder, tftpPort: await freeUdpPort(), resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined })
  onTestFinished(async () => workbench.close())
  const bench = openFleetBench({ power: createClientPower({ rack: workbench.rack, audit: workbench.audit }) })
  onTestFinished(async () => bench.stop())
  // Nobody is there; each is a line of its own.
  let line = 8
  return {
    workbench, bench, relay,
    camera: (name, power) => workbench.setup.addForNow({ url: `tcp://127.0.0.1:${(line += 1)}`, name: '', cameraName: name, chip: 'hi3516ev300', ...(power ? { power: powerSpecSchema.parse({ host: '127.0.0.1', port: relay.port, ...power }) } : {}) }).cameraId,
    bind: (cameraId, rules = {}) => { bench.store.putClient({ ...bench.store.client(clientA) ?? fleetClientSchema.parse({ uuid: clientA, name: 'screen-door' }), hasPoe: true, powerCycleAllowed: true, cameraId, ...rules }) },
    lost: async () => {
      const { command } = bench.service.issue({ clientUuid: clientA, action: 'reboot_host' })
      await bench.clock.advance(10)
      bench.ack(clientA, command.id, 'failed')
      await bench.clock.advance(95_000)
      return command.id
    },
    acts: () => workbench.audit.list({ limit: 100 }).toReversed().map(({ what, subject, details }) => `${what} ${subject}${what === 'outcome' ? ` ${String(details['outcome'])}` : ''}`),
  }
}

test('a client that is bound to a camera of the rack is switched off and on by its switch, read back, and written down before', async () => {
  const rig = await openRig()
  rig.bind(rig.camera('cam-door', { kind: 'tasmota', relay: 2 }))
  const id = await rig.lost()
  expect(await rig.bench.service.escalate(id)).toMatchObject({ step: 'power_cycle', outcome: 'verified', why: expect.stringContaining('Tasmota') as string })
  expect([rig.relay.cuts(), rig.relay.hasPower(2)]).toEqual([1, true])
  expect(rig.acts()).toEqual(['escalate client screen-door', 'power cycle cam-door', 'outcome cam-door done', 'outcome screen-door done'])
  expect(rig.workbench.audit.list({ limit: 100 }).find(({ what }) => what === 'escalate client')?.details).toMatchObject({ client: clientA, command: id })
  expect(rig.bench.store.lastEscalation(clientA)).toMatchObject({ step: 'power_cycle', outcome: 'verified' })
})

test('a switch that cannot be asked is said to be one', async () => {
  const rig = await openRig('pdudaemon')
  rig.bind(rig.camera('cam-door', { kind: 'pdudaemon', pdu: 'pdu01', outlet: '3' }))
  expect(await rig.bench.service.escalate(await rig.lost())).toMatchObject({ step: 'power_cycle', outcome: 'unverified', why: expect.stringContaining('cannot be asked') as string })
  expect(rig.relay.cuts()).toBe(1)
})

test('fault: a switch that lies is no power cycle that happened; after 60 s it is for a person', async () => {
  const rig = await openRig()
  rig.relay.lies = true
  rig.bind(rig.camera('cam-door', { kind: 'tasmota', relay: 1 }))
  const id = await rig.lost()
  expect(await rig.bench.service.escalate(id)).toMatchObject({ step: 'power_cycle', outcome: 'failed' })
  expect(rig.relay.cuts()).toBe(0)
  expect(rig.acts().at(-1)).toBe('outcome screen-door failed')
  expect(rig.bench.store.lastEscalation(clientA)).toMatchObject({ outcome: 'failed' })
  await rig.bench.clock.advance(60_000)
  expect(await rig.bench.service.escalate(id)).toMatchObject({ step: 'manual' })
})

test('only by capability and a rule: unbound, gone from the rack, by hand, set aside, on an outlet with others, without a rule: a person, and nothing is switched', async () => {
  const rig = await openRig()
  const [byHand, alone] = [rig.camera('cam-hand', undefined), rig.camera('cam-alone', { kind: 'tasmota', relay: 1 })]
  const shared = rig.camera('cam-left', { kind: 'tasmota', relay: 2 })
  rig.camera('cam-right', { kind: 'tasmota', relay: 2 })
  rig.bind(undefined)
  const id = await rig.lost()
  const next = async (): Promise<unknown> => { await rig.bench.clock.advance(61_000); return rig.bench.service.escalate(id) }
  const manual = (why: string): object => ({ step: 'manual', why: expect.stringContaining(why) as string })
  expect(await next()).toMatchObject(manual('is bound to this client'))
  rig.bind('camera-gone' as CameraId)
  expect(await next()).toMatchObject(manual('not in the rack'))
  rig.bind(byHand)
  expect(await next()).toMatchObject(manual('switched by a person'))
  rig.bind(shared)
  expect(await next()).toMatchObject(manual('also feeds cam-right'))
  rig.bind(alone, { powerCycleAllowed: false })
  expect(await next()).toMatchObject(manual('No rule'))
  rig.bind(alone, { hasPoe: false })
  expect(await next()).toMatchObject(manual('No managed PoE'))
  const pod = rig.workbench.rack.pods().find(({ cameraId }) => cameraId === alone)!
  rig.workbench.rack.setInventory(pod.id, { ...pod.inventory, maintenance: { note: 'lens', sinceMs: 1 } } as NonNullable<typeof pod.inventory>)
  rig.bind(alone)
  expect(await next()).toMatchObject(manual('set aside'))
  expect([rig.relay.requests, rig.acts()]).toEqual([[], []])
})

test('while a job has the camera its power stays, and that counts as nothing done', async () => {
  const rig = await openRig()
  const camera = rig.camera('cam-door', { kind: 'tasmota', relay: 1 })
  rig.bind(camera)
  const id = await rig.lost()
  // Two acts on one camera: the second is refused while the first has it, as a job would.
  const first = rig.workbench.rack.power(camera, 'cycle', never)
  expect(await rig.bench.service.escalate(id)).toMatchObject({ step: 'power_cycle', outcome: 'refused', why: expect.stringContaining('in use by') as string })
  await first
  expect(rig.relay.cuts()).toBe(1)
  await rig.bench.clock.advance(60_000)
  expect(await rig.bench.service.escalate(id)).toMatchObject({ outcome: 'verified' })
})
