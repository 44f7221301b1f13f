import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRouterClient } from '@orpc/server'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFleetDesk, type FleetDesk } from '../../../src/main/composition/fleetKeeper.ts'
import { fleetRoutes } from '../../../src/main/composition/fleetRoutes.ts'
import type { AuditNote } from '../../../src/main/core/audit/auditLog.ts'
import type { ClientPower } from '../../../src/main/core/fleet/escalateClient.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'
import { confirmationOf } from '../../../src/shared/fleet/fleetView.schema.ts'
import { eager } from '../../contract/broker.contract.ts'
import { clientA, clientB } from '../../support/commandFixture.ts'
import { openScreen, type ScreenStandIn } from '../../support/simScreen.ts'

let folder: string
let desk: FleetDesk
let notes: AuditNote[]
const screens: ScreenStandIn[] = []
const within = (): AbortSignal => AbortSignal.timeout(10_000)
const door = 'camera-door' as CameraId
const power: ClientPower = { knows: (camera) => camera === door, capability: () => ({ by: 'the switch' }), cycle: async () => Promise.resolve({ isVerified: true }) }
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rackbench-fleetroutes-'))
  notes = []
  const kept = new Map<string, string>()
  const secrets = { get: async (ref: string) => Promise.resolve(kept.get(ref)), put: async (ref: string, value: string) => { kept.set(ref, value); return Promise.resolve() }, remove: async (ref: string) => { kept.delete(ref); return Promise.resolve() } }
  desk = createFleetDesk({ clock: eager(), dataFolder: folder, secrets, power, audit: { around: async (note, work) => { notes.push(note); return work() } }, log: () => undefined })
})
afterEach(async () => { await Promise.all(screens.splice(0).map(async (screen) => screen.close())); await desk.close(); rmSync(folder, { recursive: true, force: true }) })

/** The routes as a client calls them: what goes in and what comes out is checked by the contract. */
const routes = () => createRouterClient(fleetRoutes(desk), {})
type Routes = ReturnType<typeof routes>
async function withBroker(): Promise<{ readonly client: Routes; readonly url: string }> {
  const client = routes()
  await client.setBroker({ enabled: true, port: 0 })
  for await (const view of await client.watch({}, { signal: within() })) if (view.broker.state === 'connected') return { client, url: view.broker.url! }
  throw new Error('the broker within is not there')
}
async function screenOf(client: Routes, url: string, uuid: string): Promise<ScreenStandIn> {
  const { password } = await client.addAccount({ uuid })
  const screen = openScreen(url, uuid, password)
  screens.push(screen)
  await screen.link.connected(within())
  return screen
}

test('without a broker every route that needs one says so; what is wrong in a request is refused before anything happens', async () => {
  const client = routes()
  for (const ask of [client.list({ limit: 1 }), client.clients({}), client.issue({ clientUuid: clientA, action: 'reboot_host' }), client.setClient({ uuid: clientA, hasPoe: true, powerCycleAllowed: true }), client.security({})]) {
    await expect(ask).rejects.toMatchObject({ message: expect.stringContaining('No broker is chosen') as string })
  }
  for (const wrong of [{ clientUuid: 'nobody', action: 'reboot_host' }, { clientUuid: clientA, action: 'format_disk' }, { clientUuid: clientA, action: 'reboot_host', reason: 'x'.repeat(4_001) }]) {
    await expect(client.issue(wrong as never)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  }
  expect(notes).toEqual([])
})

test('a command by its route goes to its end, and is followed, listed and read with its history', async () => {
  const { client, url } = await withBroker()
  const screen = await screenOf(client, url, clientA)
  const followed = (async () => { for await (const command of await client.watchCommands({}, { signal: within() })) if (command.state === 'completed') return command.id; return undefined })()
  const { command, repeated } = await client.issue({ clientUuid: clientA, action: 'reboot_host', idempotencyKey: 'once' })
  expect(await followed).toBe(command.id)
  expect([repeated, (await client.issue({ clientUuid: clientA, action: 'reboot_host', idempotencyKey: 'once' })).repeated]).toEqual([false, true])
  expect(await client.list({ clientUuid: clientA, open: false, limit: 10 })).toMatchObject([{ id: command.id, state: 'completed' }])
  const { events, acks } = await client.get({ id: command.id })
  expect([events[0]?.what, events.at(-1)?.what, acks.length > 0]).toEqual(['queued', 'completed', true])
  await expect(client.cancel({ id: command.id })).rejects.toMatchObject({ message: expect.stringContaining('has ended') as string })
  await expect(client.get({ id: clientB })).rejects.toMatchObject({ message: expect.stringContaining('There is no command') as string })
  expect(await client.escalate({ id: command.id })).toMatchObject({ step: 'none', why: 'This command did not fail' })
  expect(screen.done).toEqual([command.id])
})

test('a bulk run is shown, wants its words, and is looked at by its id', async () => {
  const { client, url } = await withBroker()
  await screenOf(client, url, clientA)
  const wish = { clients: [clientA], action: 'reboot_host' as const }
  const { confirmation, items } = await client.previewBulk(wish)
  expect([confirmation, items]).toEqual([confirmationOf('reboot_host', 1), [{ clientUuid: clientA, verdict: 'ready' }]])
  await expect(client.issueBulk({ ...wish, confirmation: 'yes' })).rejects.toThrow()
  const { run } = await client.issueBulk({ ...wish, confirmation })
  expect(await client.bulk({ id: run.id })).toMatchObject({ run: { id: run.id }, items: [{ clientUuid: clientA }] })
})

test('a client is bound to a camera of the rack, one camera to one client, and each change is written down', async () => {
  const { client } = await withBroker()
  const rules = { hasPoe: true, powerCycleAllowed: true }
  await client.setClient({ uuid: clientA, name: 'screen-door', ...rules, cameraId: door })
  const cameraOf = async (uuid: string): Promise<unknown> => (await client.clients({})).find((each) => each.uuid === uuid)?.cameraId
  expect(await cameraOf(clientA)).toBe(door)
  await expect(client.setClient({ uuid: clientB, ...rules, cameraId: door })).rejects.toMatchObject({ message: expect.stringContaining('belongs to the client screen-door') as string })
  await expect(client.setClient({ uuid: clientB, ...rules, cameraId: 'camera-gone' as CameraId })).rejects.toMatchObject({ message: expect.stringContaining('There is no camera camera-gone') as string })
  // Another rule leaves the camera; null takes it away, and then it is free for another.
  await client.setClient({ uuid: clientA, ...rules, powerCycleAllowed: false })
  expect(await cameraOf(clientA)).toBe(door)
  await client.setClient({ uuid: clientA, ...rules, cameraId: null })
  expect(await cameraOf(clientA)).toBeUndefined()
  await client.setClient({ uuid: clientB, ...rules, cameraId: door })
  expect(await cameraOf(clientB)).toBe(door)
  expect(notes.map(({ what, details }) => [what, details?.['camera'], details?.['mayCycle']])).toEqual([
    ['change fleet client', door, true], ['change fleet client', 'as before', false], ['change fleet client', 'none', true], ['change fleet client', door, true],
  ])
})
