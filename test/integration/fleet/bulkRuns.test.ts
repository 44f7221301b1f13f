import { afterEach, beforeEach, expect, test } from 'vitest'
import type { BulkView } from '../../../src/main/core/fleet/bulkRuns.ts'
import { type FleetBench, openFleetBench } from '../../support/fleetBench.ts'

let bench: FleetBench
beforeEach(() => { bench = openFleetBench() })
afterEach(async () => { await bench.stop() })
const clients = Array.from({ length: 40 }, (_, n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`)
const start = (chosen = clients): BulkView => bench.service.bulk.start({ clients: chosen, action: 'reboot_host', confirmation: `reboot ${chosen.length}` })
const openOnes = () => bench.service.list({ open: true, limit: 100 })
const endOne = async (status: 'completed' | 'failed'): Promise<void> => { const one = openOnes().at(-1)!; bench.ack(one.clientUuid, one.id, status); await bench.clock.advance(1) }

test('a bulk run wants the words of its preview, and issues at most ten at a time', async () => {
  expect(bench.service.bulk.preview({ clients, action: 'reboot_host' })).toMatchObject({ confirmation: 'reboot 40', items: expect.arrayContaining([{ clientUuid: clients[0], verdict: 'ready' }]) as object })
  expect(() => bench.service.bulk.start({ clients, action: 'reboot_host', confirmation: 'reboot 39' })).toThrowError(expect.objectContaining({ code: 'input/conflict' }) as Error)
  expect(openOnes()).toHaveLength(0)
  const { run } = start()
  await bench.clock.advance(1)
  for (let ended = 0; ended < 40; ended += 1) {
    expect(openOnes()).toHaveLength(Math.min(10, 40 - ended))
    await endOne('completed')
  }
  expect(bench.service.bulk.view(run.id)).toMatchObject({ run: { state: 'done' }, canary: { ended: 40, bad: 0 } })
})

test('4.20 more than 5 % failed or timed out stops the rest, and says why; 1 of 20 does not', async () => {
  const { run } = start()
  await bench.clock.advance(1)
  for (let ended = 0; ended < 19; ended += 1) await endOne('completed')
  await endOne('failed')
  expect(bench.service.bulk.view(run.id).run.state).toBe('running')
  for (let ended = 0; ended < 18; ended += 1) await endOne('completed')
  expect(bench.service.bulk.view(run.id)).toMatchObject({ run: { state: 'running' }, canary: { ended: 38, bad: 1 } })
  await endOne('failed')
  expect(bench.service.bulk.view(run.id)).toMatchObject({ run: { state: 'stopped', why: expect.stringContaining('2 of 39') as string }, canary: { isTriggered: true } })
})

test('a group that stops issues no more, takes back what was not handed over, and each client was checked on its own', async () => {
  const busy = bench.service.issue({ clientUuid: clients[3]!, action: 'reboot_host' }).command
  await bench.clock.advance(1)
  bench.broker.isUp = false
  const { run, items } = start()
  expect(items[3]).toMatchObject({ state: 'refused' })
  expect(items.filter(({ state }) => state === 'issued')).toHaveLength(10)
  const first = bench.service.get(items[0]!.commandId!).command
  bench.ack(first.clientUuid, first.id, 'failed')
  await bench.clock.advance(1)
  const after = bench.service.bulk.view(run.id)
  expect([after.run.state, after.items.filter(({ state }) => state === 'stopped').length]).toEqual(['stopped', 29])
  expect(openOnes().map(({ id }) => id)).toEqual([busy.id])
  bench.broker.isUp = true
  await bench.clock.advance(10_000)
  expect(bench.sent).toHaveLength(1)
})
