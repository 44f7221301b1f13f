import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { startLoopbackRack } from '../../../src/main/composition/simulator.ts'
import { createDrawWatch, type DrawWatch } from '../../../src/main/core/rack/drawWatch.ts'
import { createSystemClock } from '../../../src/main/drivers/host/systemClock.ts'
import { createRouterOsConnection } from '../../../src/main/drivers/power/routerOsConnection.ts'
import { createRouterOsPower } from '../../../src/main/drivers/power/routerOsPower.ts'
import type { PowerController } from '../../../src/shared/devices/power.ts'
import { createRouterOsStandIn, type RouterOsStandIn } from '../../support/routerOsStandIn.ts'
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts'

const never = new AbortController().signal
const manual: PowerController = { ability: 'manual', label: 'a hand', cycle: async () => undefined }

interface Desk { readonly clock: VirtualClock; readonly standIn: RouterOsStandIn; readonly draw: DrawWatch; readonly told: (number | undefined)[]; readonly read: (number | undefined)[]; readonly troubles: (string | undefined)[]; readonly asked: () => number; power: PowerController; held: boolean }

function openDesk(password = 'secret'): Desk {
  const clock = createVirtualClock()
  const standIn = createRouterOsStandIn(clock, [{ name: 'ether3', poe: 'forced-on', hasLoad: true, watts: 4.2 }])
  const connection = createRouterOsConnection({ label: 'RouterOS at lab:8728', user: 'admin', password, openLine: standIn.openLine, clock })
  const told: (number | undefined)[] = []
  const read: (number | undefined)[] = []
  const troubles: (string | undefined)[] = []
  const power = createRouterOsPower({ connection, clock, port: { ethernet: 'ether3' } })
  const draw = createDrawWatch({ clock, power: () => desk.power, isHeld: () => desk.held, changed: () => { told.push(draw.watts()) }, read: (watts) => { read.push(watts) }, trouble: (trouble) => { troubles.push(trouble) } })
  const desk: Desk = { clock, standIn, draw, told, read, troubles, asked: () => standIn.commands.filter((each) => each.startsWith('/interface/ethernet/poe/print')).length, power, held: false }
  const over = new AbortController()
  const running = draw.run(over.signal)
  onTestFinished(async () => { over.abort(); await running; await connection.close(); await standIn.close() })
  return desk
}

test('what a port gives is read again and again, told when it is another, and gone with a switch that cannot say', async () => {
  const desk = openDesk()
  await desk.clock.advance(100)
  desk.standIn.ports[0]!.watts = 5.1
  await desk.clock.advance(15_000)
  await desk.clock.advance(15_000)
  expect(desk.told).toEqual([4.2, 5.1])
  expect(desk.read.slice(0, 3)).toEqual([4.2, 5.1, 5.1])
  desk.power = manual
  await desk.clock.advance(15_000)
  expect(desk.told).toEqual([4.2, 5.1, undefined])
})

test.each(['short-circuit', 'overload', 'voltage-too-low'] as const)('a port that says %s is told once, and well again when it was so twice', async (trouble) => {
  const desk = openDesk()
  const [port] = desk.standIn.ports
  await desk.clock.advance(100)
  port!.trouble = trouble
  await desk.clock.advance(60_000)
  expect([desk.troubles, desk.draw.watts()]).toEqual([[trouble], undefined])
  // The switch tries again, and for a moment it reads like an empty port.
  port!.trouble = undefined
  await desk.clock.advance(15_000)
  port!.trouble = trouble
  await desk.clock.advance(45_000)
  expect(desk.troubles).toEqual([trouble])
  port!.trouble = undefined
  await desk.clock.advance(30_000)
  expect(desk.troubles).toEqual([trouble, undefined])
  port!.trouble = trouble
  await desk.clock.advance(15_000)
  expect(desk.troubles).toEqual([trouble, undefined, trouble])
})

test('a port in trouble whose camera gets another switch is no alarm any more, and one that is switched off neither', async () => {
  const desk = openDesk()
  desk.standIn.ports[0]!.trouble = 'overload'
  await desk.clock.advance(100)
  desk.power = manual
  await desk.clock.advance(15_000)
  expect(desk.troubles).toEqual(['overload', undefined])
  const off = openDesk()
  off.standIn.ports[0]!.trouble = 'overload'
  await off.clock.advance(100)
  off.standIn.ports[0]!.poe = 'off'
  await off.clock.advance(30_000)
  expect(off.troubles).toEqual(['overload', undefined])
})

test('while a job has the camera its switch is asked nothing', async () => {
  const desk = openDesk()
  await desk.clock.advance(100)
  desk.held = true
  await desk.clock.advance(120_000)
  expect(desk.asked()).toBe(1)
  desk.held = false
  await desk.clock.advance(15_000)
  expect(desk.asked()).toBe(2)
})

test('a reading from before an act on the power does not come back after it', async () => {
  const desk = openDesk()
  desk.standIn.behaviour.answerAfterMs = 500
  await desk.clock.advance(600)
  desk.draw.forget()
  await desk.clock.advance(5_000)
  expect(desk.told).toEqual([])
})

test('a refused password is tried once, and again when somebody has acted: some switches lock an account after a few', async () => {
  const desk = openDesk('wrong')
  const logins = (): number => desk.standIn.commands.filter((each) => each.startsWith('/login')).length
  await desk.clock.advance(3_600_000)
  expect([logins(), desk.told]).toEqual([1, []])
  desk.draw.forget()
  await desk.clock.advance(3_600_000)
  expect(logins()).toBe(2)
})

test('a switch that does not answer is asked ever more rarely, and five minutes apart in the end', async () => {
  const desk = openDesk()
  desk.standIn.behaviour.fault = () => 'drop'
  const logins = (): number => desk.standIn.commands.length
  await desk.clock.advance(1_800_000)
  const before = logins()
  await desk.clock.advance(3_600_000)
  expect(logins() - before).toBeGreaterThanOrEqual(11)
  expect(logins() - before).toBeLessThanOrEqual(13 * 2)
  desk.standIn.behaviour.fault = () => undefined
  await desk.clock.advance(310_000)
  expect(desk.told).toEqual([4.2])
})

async function openRealSwitch(trouble?: 'short-circuit') {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-watts-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  const sim = await startLoopbackRack(join(folder, 'sim'), () => undefined, { pods: 1 })
  onTestFinished(async () => sim.close())
  const standIn = createRouterOsStandIn(createSystemClock(), [{ name: 'ether3', poe: 'forced-on', hasLoad: true, watts: 4.2, trouble }])
  onTestFinished(async () => standIn.close())
  const port = await standIn.listen()
  const workbench = await createWorkbench({ host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined })
  onTestFinished(async () => workbench.close())
  const [, uart = ''] = /:(\d+)\?api=/.exec(sim.urls[0] ?? '') ?? []
  const { cameraId } = await workbench.setup.add({ url: `tcp://127.0.0.1:${uart}`, name: '', cameraName: 'cam', chip: sim.chip, power: { kind: 'routeros', host: '127.0.0.1', port, ethernet: 'ether3', user: 'admin', tls: false, onMode: 'as-before' }, password: 'secret' }, never)
  return { workbench, cameraId }
}

test('the watts of a real switch are on the camera of the rack, and gone while it is off', { timeout: 30_000 }, async () => {
  const { workbench, cameraId } = await openRealSwitch()
  const watts = (): number | undefined => workbench.rack.view().pods[0]?.cameras[0]?.watts
  await expect.poll(watts, { timeout: 10_000 }).toBe(4.2)
  await workbench.rack.power(cameraId, 'off', never)
  expect(watts()).toBeUndefined()
  const { isMeasured, points } = workbench.rack.draw(cameraId)
  expect([isMeasured, points.map((point) => point.watts)]).toEqual([true, [4.2, undefined]])
  // A replay of tomorrow has them too.
  const [session] = await workbench.captures.sessions({ camera: cameraId })
  expect((await workbench.captures.timeline(session!.session, [], never)).watts.map((point) => point.watts)).toEqual([4.2, undefined])
})

test('a short circuit at the port is an alarm of its camera, in words, until the port is well', { timeout: 30_000 }, async () => {
  const { workbench, cameraId } = await openRealSwitch('short-circuit')
  const alarms = (): { count: number; words: string } | undefined => workbench.rack.view().pods[0]?.cameras[0]?.alarms
  await expect.poll(alarms, { timeout: 10_000 }).toMatchObject({ count: 1, tone: 'bad', words: expect.stringMatching(/^Power: short circuit: .*RouterOS switch 127\.0\.0\.1/) as string })
  const looking = new AbortController()
  const { value } = await workbench.consoles.rules.watch({ cameraId, after: 0 }, looking.signal).next()
  looking.abort()
  expect(value).toMatchObject([{ ruleId: 'power', notify: true, tone: 'bad' }])
})

test('a camera that no switch can measure says so, and a simulated one is read like any other, also when its power is switched', { timeout: 30_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-watts-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  const workbench = await createWorkbench({ host: 'cli', version: 'test', dataFolder: folder, homeFolder: folder, tftpPort: 0, demoCameras: 1, resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined })
  onTestFinished(async () => workbench.close())
  const known = workbench.setup.addForNow({ url: 'tcp://127.0.0.1:9', name: '', cameraName: 'cam', chip: 'hi3516ev300' })
  expect(workbench.rack.draw(known.cameraId)).toEqual({ isMeasured: false, points: [] })
  await workbench.setup.openDemo()
  const cameraId = workbench.rack.pods().find(({ id }) => id !== known.id)!.cameraId
  await workbench.rack.power(cameraId, 'off', never)
  const { isMeasured, points } = workbench.rack.draw(cameraId)
  expect([isMeasured, points.at(-1)?.watts]).toEqual([true, 0])
})
