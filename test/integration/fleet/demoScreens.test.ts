import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { demoScreens } from '../../../src/main/composition/demoScreens.ts'
import { createFleetDesk, type FleetDesk } from '../../../src/main/composition/fleetKeeper.ts'
import type { FleetView } from '../../../src/shared/contracts/fleet.contract.ts'
import { fleetSettingsSchema } from '../../../src/shared/fleet/fleetSettings.schema.ts'
import { createScaledClock } from '../../../src/main/drivers/host/systemClock.ts'
import { clientA } from '../../support/commandFixture.ts'
import { createRealClock } from '../../support/realClock.ts'

const within = (): AbortSignal => AbortSignal.timeout(15_000)
const settings = fleetSettingsSchema.parse({ enabled: true, port: 0 })

interface Bench { readonly desk: FleetDesk; readonly folder: string; readonly logged: string[]; view(): Promise<FleetView>; invite(): Promise<() => Promise<void>> }

async function openBench(): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-demo-screens-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const [kept, logged] = [new Map<string, string>(), [] as string[]]
  const secrets = { get: async (ref: string) => Promise.resolve(kept.get(ref)), put: async (ref: string, value: string) => { kept.set(ref, value); return Promise.resolve() }, remove: async (ref: string) => { kept.delete(ref); return Promise.resolve() } }
  const clock = createRealClock()
  const desk = createFleetDesk({ clock, dataFolder: folder, secrets, audit: { around: async (_note, work) => work() }, log: (line) => { logged.push(line) } })
  onTestFinished(async () => desk.close())
  // Their eight seconds are 40 ms.
  return { desk, folder, logged, invite: async () => desk.invite(demoScreens(createScaledClock(clock, 200))), view: async () => (await desk.watch(within()).next()).value! }
}
const until = async (isSo: () => boolean): Promise<void> => { for (let turn = 0; turn < 500 && !isSo(); turn += 1) await new Promise((resolve) => { setTimeout(resolve, 10) }); expect(isSo()).toBe(true) }

test('where no broker was chosen the demo brings one with its screens: they take commands at once, and nothing stays of them but what was issued', async () => {
  const { desk, folder, logged, view, invite } = await openBench()
  const leave = await invite()
  expect(await view()).toMatchObject({ broker: { url: expect.stringMatching(/^mqtt:\/\/127\.0\.0\.1:\d+$/) as string, forDemo: true }, settings: { enabled: false, clients: [] } })
  const { service, store } = desk.fleet()
  const clients = store.clients(100)
  expect(clients.map(({ name }) => name)).toEqual(Array.from({ length: 8 }, (_, index) => `sim-screen-0${String(index + 1)}`))
  const issued = [0, 6].map((index) => service.issue({ clientUuid: clients[index]!.uuid, action: 'reboot_host' }).command.id)
  expect(await Promise.all(issued.map(async (id) => service.ended(id, within())))).toMatchObject([{ state: 'completed', via: 'demo' }, { state: 'failed', errorCode: 'permission_denied', via: 'demo' }])
  await leave()
  expect((await view()).broker).toEqual({ state: 'off', reconnectCount: 0 })
  await expect(readFile(join(folder, 'fleet.json'), 'utf8')).rejects.toMatchObject({ code: 'ENOENT' })
  await desk.setBroker(settings, undefined)
  expect(desk.fleet().store.clients(100)).toEqual([])
  expect(desk.fleet().store.commands({ limit: 10 }).map(({ id }) => id).toSorted()).toEqual(issued.toSorted())
  expect(logged).toEqual([])
})

test('a broker within that a person chose is used and stays, with its own accounts; chosen later it has the screens too', async () => {
  const { desk, view, invite, logged } = await openBench()
  await desk.setBroker({ ...settings, clients: [clientA] }, undefined)
  const leave = await invite()
  const chosen = (await view()).broker
  expect(chosen.forDemo).toBeUndefined()
  await until(() => desk.fleet().store.clients(100).filter(({ lastSeenMs }) => lastSeenMs !== undefined).length === 8)
  await leave()
  expect((await view()).broker.url).toBe(chosen.url)
  expect((await view()).settings.clients).toEqual([clientA])
  expect(desk.fleet().store.clients(100)).toEqual([])

  await desk.setBroker({ ...settings, enabled: false }, undefined)
  const again = await invite()
  await desk.setBroker(settings, undefined)
  expect((await view()).broker.forDemo).toBeUndefined()
  const { service, store } = desk.fleet()
  const { command } = service.issue({ clientUuid: store.clients(1)[0]!.uuid, action: 'reboot_host' })
  expect(await service.ended(command.id, within())).toMatchObject({ state: 'completed', via: 'embedded' })
  await again()
  expect((await view()).broker.state).not.toBe('off')
  expect(logged).toEqual([])
})

test('to a broker elsewhere no simulated screen goes, and none is opened beside it', async () => {
  const { desk, view, invite } = await openBench()
  await desk.setBroker({ ...settings, broker: 'external', url: 'mqtt://127.0.0.1:9' }, undefined)
  await expect(invite()).rejects.toMatchObject({ code: 'input/not-supported' })
  expect((await view()).broker.url).toBeUndefined()
  expect(desk.fleet().store.clients(10)).toEqual([])
})
