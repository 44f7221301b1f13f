import { expect, onTestFinished, test } from 'vitest'
import type { ClientPower } from '../../../src/main/core/fleet/escalateClient.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { type FleetClient, fleetClientSchema } from '../../../src/shared/fleet/fleetView.schema.ts'
import { clientA, clientB } from '../../support/commandFixture.ts'
import { type FleetBench, openFleetBench } from '../../support/fleetBench.ts'

const second = 1_000

interface Rig {
  readonly bench: FleetBench
  readonly cycled: string[]
  rule(uuid: string, rules?: Partial<FleetClient>): void
  /** Begins a reboot that nobody hears of again, and lets its time pass. */
  lose(uuid: string, more?: { readonly action?: 'reboot_host' | 'shutdown_host'; readonly heard?: boolean }): Promise<string>
  heartbeat(uuid: string): void
  step(uuid: string): object | undefined
}

function openRig(cycle: ClientPower['cycle'] = async () => Promise.resolve({ isVerified: true })): Rig {
  const cycled: string[] = []
  const bench = openFleetBench({ power: { knows: () => true, capability: () => ({ by: 'the switch' }), cycle: async (client, command) => { cycled.push(client.uuid); return cycle(client, command) } } })
  onTestFinished(async () => bench.stop())
  return {
    bench, cycled,
    rule: (uuid, rules = {}) => { bench.store.putClient({ ...bench.store.client(uuid) ?? fleetClientSchema.parse({ uuid }), hasPoe: true, powerCycleAllowed: true, escalatesAlone: true, ...rules }) },
    lose: async (uuid, { action = 'reboot_host', heard = false } = {}) => {
      const { command } = bench.service.issue({ clientUuid: uuid, action })
      await bench.clock.advance(10)
      bench.ack(uuid, command.id, 'execution_started')
      await bench.clock.advance(100 * second)
      if (heard) bench.message(`infoscreen/${uuid}/heartbeat`, '{}')
      await bench.clock.advance(51 * second)
      expect(bench.service.get(command.id).command.state).toBe('timed_out')
      return command.id
    },
    heartbeat: (uuid) => { bench.message(`infoscreen/${uuid}/heartbeat`, '{}') },
    step: (uuid) => bench.store.lastEscalation(uuid),
  }
}

test('a screen that never returns: timed out at 150 s, then its power is cycled without anybody asking, once; after 60 s more it is for a person', async () => {
  const rig = openRig()
  rig.rule(clientA)
  await rig.lose(clientA)
  await rig.bench.clock.advance(6 * second)
  expect(rig.cycled).toEqual([clientA])
  expect(rig.step(clientA)).toMatchObject({ step: 'power_cycle', outcome: 'verified' })
  await rig.bench.clock.advance(53 * second)
  expect(rig.step(clientA)).toMatchObject({ step: 'power_cycle' })
  await rig.bench.clock.advance(12 * second)
  expect(rig.step(clientA)).toMatchObject({ step: 'manual' })
  await rig.bench.clock.advance(3_600 * second)
  expect(rig.cycled).toEqual([clientA])
  expect(rig.bench.logged).toHaveLength(2)
  expect(rig.bench.logged[0]).toContain('did not come back: power cycle, verified')
})

test('never by itself: without that rule, after a shutdown, for a screen that is heard of, for a command that failed by its own word', async () => {
  const rig = openRig()
  rig.rule(clientA, { escalatesAlone: false })
  await rig.lose(clientA)
  await rig.bench.clock.advance(120 * second)
  expect(rig.step(clientA)).toBeUndefined()
  rig.rule(clientB)
  await rig.lose(clientB, { action: 'shutdown_host' })
  await rig.bench.clock.advance(120 * second)
  rig.heartbeat(clientB)
  const { command } = rig.bench.service.issue({ clientUuid: clientB, action: 'reboot_host' })
  rig.bench.ack(clientB, command.id, 'failed')
  await rig.bench.clock.advance(300 * second)
  await rig.lose(clientB, { heard: true })
  rig.heartbeat(clientB)
  await rig.bench.clock.advance(80 * second)
  expect([rig.cycled, rig.step(clientB)]).toEqual([[], undefined])
})

test('a rule for the step but none for the power: a person, and nothing is switched', async () => {
  const rig = openRig()
  rig.rule(clientA, { powerCycleAllowed: false })
  await rig.lose(clientA)
  await rig.bench.clock.advance(600 * second)
  expect([rig.cycled, rig.step(clientA)]).toMatchObject([[], { step: 'manual', why: 'No rule allows this client to be power-cycled' }])
})

test('a server that was away itself has heard no silence: after its start, and after the broker was gone, it listens for 90 s first', async () => {
  const rig = openRig()
  rig.rule(clientA)
  const { command } = rig.bench.service.issue({ clientUuid: clientA, action: 'reboot_host' })
  await rig.bench.clock.advance(10)
  rig.bench.ack(clientA, command.id, 'execution_started')
  await rig.bench.clock.advance(100 * second)
  rig.bench.broker.isUp = false
  await rig.bench.clock.advance(60 * second)
  expect(rig.bench.service.get(command.id).command.state).toBe('timed_out')
  rig.bench.broker.isUp = true
  rig.bench.service.wake()
  await rig.bench.clock.advance(85 * second)
  expect(rig.cycled).toEqual([])
  // It was only the broker: the screen is back, and is heard of before that time is over.
  rig.heartbeat(clientA)
  await rig.bench.clock.advance(80 * second)
  expect(rig.cycled).toEqual([])
  await rig.bench.clock.advance(20 * second)
  expect(rig.cycled).toEqual([clientA])
})

test('one after the other: a second screen waits until the first has its power again; a busy camera is tried again, and a command of yesterday is let be', async () => {
  const [one, two] = [clientA, clientB].toSorted() as [string, string]
  let release: (() => void) | undefined
  let isBusy = true
  const rig = openRig(async ({ uuid }) => {
    if (uuid === one) await new Promise<void>((resolve) => { release = resolve })
    else if (isBusy) throw new WorkbenchError('pod/busy', 'cam-door is in use by a restore')
    return { isVerified: false }
  })
  rig.rule(one)
  rig.rule(two)
  for (const uuid of [one, two]) rig.bench.service.issue({ clientUuid: uuid, action: 'reboot_host' })
  await rig.bench.clock.advance(10)
  for (const { id, clientUuid } of rig.bench.service.list({ open: true, limit: 2 })) rig.bench.ack(clientUuid, id, 'execution_started')
  await rig.bench.clock.advance(180 * second)
  expect(rig.cycled).toEqual([one])
  release?.()
  await rig.bench.clock.advance(10 * second)
  expect(rig.cycled).toEqual([one, two])
  expect(rig.step(two)).toMatchObject({ outcome: 'refused' })
  isBusy = false
  await rig.bench.clock.advance(66 * second)
  expect(rig.step(two)).toMatchObject({ step: 'power_cycle', outcome: 'unverified' })
  rig.rule(one, { escalatesAlone: false })
  await rig.lose(one)
  await rig.bench.clock.advance(1_000 * second)
  const before = rig.cycled.length
  rig.rule(one)
  await rig.bench.clock.advance(600 * second)
  expect(rig.cycled).toHaveLength(before)
})
