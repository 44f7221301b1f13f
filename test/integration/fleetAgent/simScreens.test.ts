import { expect, onTestFinished, test } from 'vitest'
import { createScaledClock } from '../../../src/main/drivers/host/systemClock.ts'
import { duplicatesAcks, helperFails, lateAcks, losesAcks, neverReturns, rebootTakes, wrongClock } from '../../../src/main/sim/screens/screenBehaviours.ts'
import { simScreenUuid, type SimScreens, type SimScreensOptions, startSimScreens } from '../../../src/main/sim/screens/startSimScreens.ts'
import { commandMessageSchema, fleetUuidSchema } from '../../../src/shared/fleet/command.schema.ts'
import { clientAccount } from '../../../src/shared/fleet/topics.ts'
import { createRealClock } from '../../support/realClock.ts'
import { openPlainBroker, type PlainBroker } from '../../support/plainBroker.ts'

const idOf = (number: number): string => `c0000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
const command = (number: number, change: object = {}): object => commandMessageSchema.parse({
  schema_version: '1.0', command_id: idOf(number), client_uuid: simScreenUuid(number), action: 'reboot_host', issued_at: new Date().toISOString(),
  expires_at: new Date(Date.now() + 240_000).toISOString(), requested_by: 1, reason: null, ...change,
})
const said = ({ acks }: PlainBroker, number: number): readonly string[] => acks.filter(({ command_id: id }) => id === idOf(number)).map(({ status, error_code: code }) => (code === null ? status : `${status} ${code}`))

async function bench(options: Omit<SimScreensOptions, 'brokerUrl' | 'clock'>): Promise<{ readonly broker: PlainBroker; readonly rack: SimScreens }> {
  const broker = await openPlainBroker()
  // 30 s away are 60 ms here.
  const rack = await startSimScreens({ brokerUrl: broker.url, clock: createScaledClock(createRealClock(), 500), ...options })
  onTestFinished(async () => rack.close())
  return { broker, rack }
}

test('a thousand simulated screens have a thousand accounts at a broker', () => {
  const uuids = Array.from({ length: 1_000 }, (_, index) => simScreenUuid(index + 1))
  expect(uuids.every((uuid) => fleetUuidSchema.safeParse(uuid).success)).toBe(true)
  expect(new Set(uuids.map(clientAccount)).size).toBe(1_000)
})

test('healthy and odd screens at one broker: each says what it was made for, and none restarts twice', async () => {
  const { broker, rack } = await bench({
    count: 8,
    behaviours: { 2: [neverReturns], 3: [helperFails('permission_denied')], 4: [duplicatesAcks(3)], 5: [lateAcks(60_000, 'completed')], 6: [wrongClock(-3_600_000)], 7: [wrongClock(3_600_000)], 8: [losesAcks('accepted'), rebootTakes(1_000)] },
  })
  for (let number = 1; number <= 8; number += 1) for (let time = 0; time < 2; time += 1) await broker.send(simScreenUuid(number), command(number))
  await broker.until('all but the second are over', () => [1, 3, 4, 5, 6, 7, 8].every((number) => said(broker, number).some((each) => each === 'completed' || each.startsWith('failed'))))
  expect(said(broker, 1).at(-1)).toBe('completed')
  expect(new Set(said(broker, 2))).toEqual(new Set(['accepted', 'execution_started']))
  expect(rack.screens[1]?.isOn).toBe(false)
  expect(said(broker, 3)).toContain('failed permission_denied')
  expect(said(broker, 4).filter((each) => each === 'accepted').length).toBeGreaterThanOrEqual(3)
  expect(said(broker, 5).at(-1)).toBe('completed')
  expect(new Set(said(broker, 6))).toEqual(new Set(['failed clock_skew']))
  expect(new Set(said(broker, 7))).toEqual(new Set(['failed stale_command']))
  expect(said(broker, 8)).not.toContain('accepted')
  expect(rack.screens.map(({ reboots }) => [...reboots.values()])).toEqual([[1], [1], [], [1], [1], [], [], [1]])
}, 60_000)

test('a screen that is away gets its command when it is back; noise, foreign and retained commands do nothing', async () => {
  const { broker, rack } = await bench({ count: 1, rebootMs: 300_000 })
  await broker.send(simScreenUuid(1), command(1))
  await broker.until('it is away', () => rack.screens[0]?.isOn === false)
  await broker.send(simScreenUuid(1), command(1, { command_id: idOf(2), action: 'shutdown_host' }))
  await broker.until('it is off', () => said(broker, 2).includes('completed') || said(broker, 2).includes('failed busy'))
  const other = await bench({ count: 1 })
  await other.broker.send(simScreenUuid(1), command(1, { client_uuid: simScreenUuid(2) }))
  await other.broker.send(simScreenUuid(1), '{"x":')
  await other.broker.send(simScreenUuid(1), { ...command(1), x: 1 })
  await other.broker.send(simScreenUuid(1), command(1, { command_id: idOf(3) }), { retain: true })
  // Retained, and fresh to whoever listens already: the broker says so by the flag being away.
  await other.broker.until('the fresh one is done', () => said(other.broker, 3).includes('completed'))
  expect(other.rack.screens[0]?.reboots).toEqual(new Map([[idOf(3), 1]]))
}, 60_000)
