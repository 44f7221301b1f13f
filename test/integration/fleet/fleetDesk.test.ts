import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFleetDesk, type FleetDesk } from '../../../src/main/composition/fleetKeeper.ts'
import { fleetSettingsSchema } from '../../../src/shared/fleet/fleetSettings.schema.ts'
import { serviceFailedTopic } from '../../../src/shared/fleet/topics.ts'
import { eager } from '../../contract/broker.contract.ts'
import { clientA, clientB } from '../../support/commandFixture.ts'
import { openScreen, type ScreenStandIn } from '../../support/simScreen.ts'

let folder: string
let desk: FleetDesk
const screens: ScreenStandIn[] = []
const kept = new Map<string, string>()
const secrets = {
  get: async (ref: string) => Promise.resolve(kept.get(ref)), put: async (ref: string, value: string) => { kept.set(ref, value); return Promise.resolve() }, remove: async (ref: string) => { kept.delete(ref); return Promise.resolve() },
}
const deskOf = (): FleetDesk => createFleetDesk({ clock: eager(), dataFolder: folder, secrets, audit: { around: async (_note, work) => work() }, log: () => undefined })
const within = (): AbortSignal => AbortSignal.timeout(10_000)
const settings = fleetSettingsSchema.parse({ enabled: true, port: 0 })
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'rackbench-fleetdesk-')); kept.clear(); desk = deskOf() })
afterEach(async () => { await Promise.all(screens.splice(0).map(async (screen) => screen.close())); await desk.close(); rmSync(folder, { recursive: true, force: true }) })

async function screenOf(uuid: string, answers?: Parameters<typeof openScreen>[3]): Promise<ScreenStandIn> {
  const { password } = await desk.addAccount(uuid)
  const view = await desk.watch(within()).next()
  const screen = openScreen(view.value!.broker.url!, uuid, password, answers)
  screens.push(screen)
  await screen.link.connected(within())
  return screen
}
const until = async (isSo: () => boolean): Promise<void> => { for (let turn = 0; turn < 1_000 && !isSo(); turn += 1) await new Promise((resolve) => { setTimeout(resolve, 10) }); expect(isSo()).toBe(true) }

test('without a broker nothing is issued, and that is said; with the one within a command goes to its end', async () => {
  expect(() => desk.fleet()).toThrowError(expect.objectContaining({ code: 'input/not-supported' }) as Error)
  await desk.setBroker(settings, undefined)
  const screen = await screenOf(clientA)
  const { service } = desk.fleet()
  const { command } = service.issue({ clientUuid: clientA, action: 'reboot_host' })
  expect(await service.ended(command.id, within())).toMatchObject({ state: 'completed', via: 'embedded' })
  expect(screen.done).toEqual([command.id])
})

test('fault: the broker restarts while a command is under way: it is carried out once, and ends', async () => {
  await desk.setBroker(settings, undefined)
  const url = new URL((await desk.watch(within()).next()).value!.broker.url!)
  const screen = await screenOf(clientA, ['accepted', 'execution_started'])
  const { command } = desk.fleet().service.issue({ clientUuid: clientA, action: 'shutdown_host' })
  await until(() => desk.fleet().service.get(command.id).command.state === 'execution_started')
  await desk.close()
  desk = deskOf()
  await desk.setBroker({ ...settings, port: Number(url.port), clients: [clientA] }, undefined)
  await screen.link.connected(within())
  await screen.link.publish(`infoscreen/${clientA}/commands/ack`, JSON.stringify({ command_id: command.id, status: 'completed', error_code: null, error_message: null }), { retain: false }, within())
  expect(await desk.fleet().service.ended(command.id, within())).toMatchObject({ state: 'completed', endedBy: 'ack' })
  expect(screen.done).toEqual([command.id])
})

test('an account that was made is told to whoever looks, so that settings that are kept next keep it', async () => {
  // Without a broker: its connection would be told too, and the account with it.
  const views = desk.watch(within())
  await views.next()
  await desk.addAccount(clientA)
  let known: readonly string[] = []
  for (let turn = 0; turn < 50 && known.length === 0; turn += 1) {
    const view = await views.next()
    if (view.done !== true) known = view.value.settings.clients
  }
  expect(known).toEqual([clientA])
})

test('what the broker within sees of connections is kept, and no end of the broker itself is the end of a client', async () => {
  await desk.setBroker(settings, undefined)
  const [a] = [await screenOf(clientA), await screenOf(clientB)]
  const { store } = desk.fleet()
  await until(() => store.client(clientA) !== undefined && store.client(clientB) !== undefined)
  await a.close()
  await until(() => store.client(clientA)?.lastDisconnectMs !== undefined)
  await desk.setBroker({ ...settings, enabled: false }, undefined)
  await desk.setBroker({ ...settings, clients: [] }, undefined)
  expect(desk.fleet().store.client(clientB)?.lastDisconnectMs).toBeUndefined()
})

test('health with its broker_connection is kept; an alert that is kept by the broker is shown until it is cleared there', async () => {
  await desk.setBroker(settings, undefined)
  const screen = await screenOf(clientA)
  const { store, service } = desk.fleet()
  const health = async (count: number): Promise<void> => screen.link.publish(`infoscreen/${clientA}/health`, JSON.stringify({ cpu: 3, broker_connection: { reconnect_count: count, last_disconnect_at: '2026-05-12T00:00:00Z' } }), { retain: false }, within())
  await health(0)
  await until(() => store.client(clientA)?.reconnectCount === 0)
  await health(7)
  await until(() => store.client(clientA)?.reconnectCount === 7)
  expect(store.client(clientA)).toMatchObject({ lastDisconnectAt: '2026-05-12T00:00:00Z', reconnects: [{ count: 0 }, { count: 7 }] })
  const alert = (uuid: string): string => JSON.stringify({ event: 'service_failed', client_uuid: uuid, unit: 'infoscreen-simclient.service', failed_at: '2026-05-12T01:00:00Z' })
  await screen.link.publish(serviceFailedTopic(clientA), alert(clientB), { retain: false }, within())
  await screen.link.publish(serviceFailedTopic(clientA), alert(clientA), { retain: true }, within())
  await until(() => store.alert(clientA) !== undefined)
  expect(store.security(1)).toMatchObject([{ kind: 'wrong_client', clientUuid: clientA }])
  await service.clearAlert(clientA, within())
  expect(store.alert(clientA)?.clearedAtMs).toBeGreaterThan(0)
})
