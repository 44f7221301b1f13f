import { expect, onTestFinished, test } from 'vitest'
import { powerMany } from '../../src/main/composition/powerMany.ts'
import { createRackPodPower } from '../../src/main/drivers/power/rackPodPower.ts'
import { createManualPower } from '../../src/main/drivers/power/manualPower.ts'
import { createLeases, createMemoryLeaseStore } from '../../src/main/core/rack/leases.ts'
import { createRackBook, type RackBook } from '../../src/main/core/rack/rackBook.ts'
import { createSimRack, type SimRack } from '../../src/main/sim/simRack.ts'
import type { PowerManyNews, PowerManyRequest } from '../../src/shared/contracts/powerMany.contract.ts'
import { type CameraId, cameraIdSchema, podIdSchema } from '../../src/shared/devices/ids.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts'

interface Bench { readonly clock: VirtualClock; readonly sim: SimRack; readonly rack: RackBook; readonly ids: readonly CameraId[]; hold(index: number): Promise<void>; all(more: Partial<PowerManyRequest>, signal?: AbortSignal): Promise<PowerManyNews[]> }

function bench(pods: number): Bench {
  const clock = createVirtualClock()
  const sim = createSimRack({ clock, pods, speed: 'fast', powered: false })
  const leases = createLeases({ clock, log: () => undefined, store: createMemoryLeaseStore() })
  const rack = createRackBook({ clock, log: () => undefined, leases, jobOf: () => undefined, watchJobs: () => undefined })
  const ids = sim.pods.map((pod, index) => {
    const cameraId = cameraIdSchema.parse(`cam-${index + 1}`)
    const power = index === 1 ? createManualPower({ ask: async () => undefined, label: 'a person' }) : createRackPodPower({ pod: pod.pod, clock })
    rack.add({ id: podIdSchema.parse(pod.id), name: pod.id, url: `simulated://${pod.id}`, cameraId, cameraName: cameraId, chip: pod.camera.chip }, { pod: pod.pod, power, openConsole: pod.openConsole, resource: pod.id, simulated: true, flashBytes: 0 })
    return cameraId
  })
  onTestFinished(async () => { await rack.close(); await sim.close() })
  return {
    clock, sim, rack, ids,
    hold: async (index) => { await leases.take(`pod-${index + 1}`, 'Restore cam', new AbortController().signal) },
    all: async (more, signal = new AbortController().signal) => {
      const news: PowerManyNews[] = []
      await clock.run((async () => { for await (const one of powerMany({ rack, clock }, { cameraIds: [...ids], action: 'on', staggerMs: 300, ...more }, signal)) news.push(one) })(), 120_000)
      return news
    },
  }
}
const endOf = (news: readonly PowerManyNews[], id: CameraId | undefined): PowerManyNews | undefined => news.findLast(({ cameraId }) => cameraId === id)

test('one after another with the pause between; who cannot be switched is said, and the others are switched', async () => {
  const { clock, sim, ids, hold, all } = bench(5)
  await hold(3)
  const before = clock.nowMs()
  const news = await all({})
  expect(news.slice(0, 5).map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'waiting'))
  expect(ids.map((id) => endOf(news, id)?.state)).toEqual(['unverified', 'refused', 'unverified', 'refused', 'unverified'])
  expect(endOf(news, ids[1])?.note).toBe('Only a person switches it')
  expect(endOf(news, ids[3])?.note).toContain('is in use by Restore cam')
  expect(sim.pods.map(({ camera }) => camera.power)).toEqual(['on', 'off', 'on', 'off', 'on'])
  expect(clock.nowMs() - before).toBeGreaterThanOrEqual(600)
})
test('above eight cameras their number must be typed, and a camera named twice counts once', async () => {
  const { ids, sim, all } = bench(9)
  for (const confirm of [undefined, '8', '10', 'nine', '']) await expect(all({ confirm })).rejects.toMatchObject({ code: 'input/conflict', hint: 'Type 9' })
  expect(sim.pods.every(({ camera }) => camera.power === 'off')).toBe(true)
  await all({ cameraIds: [...ids, ...ids], confirm: ' 9 ' })
  expect(sim.pods.filter(({ camera }) => camera.power === 'on')).toHaveLength(8)
})
test('whoever stops listening stops those that have not begun', async () => {
  const { clock, sim, rack, ids } = bench(5)
  const stop = new AbortController()
  const news: string[] = []
  const run = (async () => {
    for await (const { cameraId, state } of powerMany({ rack, clock }, { cameraIds: [...ids], action: 'on', staggerMs: 10_000 }, stop.signal)) {
      news.push(`${cameraId} ${state}`)
      if (cameraId === 'cam-1' && state === 'unverified') stop.abort(new Error('left'))
    }
  })()
  await clock.run(run, 120_000)
  expect(news.at(-1)).toBe('cam-2 refused')
  expect(sim.pods.map(({ camera }) => camera.power)).toEqual(['on', 'off', 'off', 'off', 'off'])
})
