import { expect, test } from 'vitest'
import { createJobBook } from '../../../src/main/core/jobs/jobBook.ts'
import { createJobTurns } from '../../../src/main/core/jobs/jobTurns.ts'
import { createMemoryJournal } from '../../../src/main/core/jobs/memoryJournal.ts'
import type { CameraId, JobId } from '../../../src/shared/devices/ids.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'
import { jobId, plan, pod } from '../../support/planFixture.ts'

const never = new AbortController().signal
const cam = (name: string): CameraId => name as CameraId

function bench(supplyOf: (camera: CameraId) => string | undefined, more: { inAll?: number; perSupply?: number } = {}) {
  const clock = createVirtualClock()
  const turns = createJobTurns({ clock, supplyOf, inAll: 3, perSupply: 2, staggerMs: 300, ...more })
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const take = async (name: string, signal = never): Promise<void> => turns.take(cam(name), signal).then((end) => { begun.push(`${name}@${clock.nowMs()}`); ends.set(name, end) })
  return { clock, turns, begun, ends, take }
}

test('no more than so many work at once, and the next begins when one has ended', async () => {
  const { begun, ends, take, clock } = bench(() => undefined)
  for (const name of ['a', 'b', 'c', 'd', 'e']) void take(name)
  await clock.advance(0)
  expect(begun).toEqual(['a@0', 'b@0', 'c@0'])
  await clock.advance(5_000)
  ends.get('b')?.()
  ends.get('b')?.()
  await clock.advance(0)
  expect(begun.slice(3)).toEqual(['d@5000'])
})

test('on one supply they begin one after the other and fewer at once, and hold up nobody on another', async () => {
  const { begun, ends, take, clock } = bench((camera) => (camera.startsWith('x') ? 'switch' : undefined), { inAll: 8 })
  for (const name of ['x1', 'x2', 'x3', 'own']) void take(name)
  await clock.advance(0)
  expect(begun).toEqual(['x1@0', 'own@0'])
  await clock.advance(1_000)
  expect(begun.slice(2)).toEqual(['x2@300'])
  ends.get('x1')?.()
  await clock.advance(0)
  expect(begun.slice(3)).toEqual(['x3@1000'])
})

test('one that is cancelled while it waits leaves its place, and nothing of it was begun', async () => {
  const { begun, ends, take, clock } = bench(() => undefined, { inAll: 1 })
  void take('a')
  const stop = new AbortController()
  const left = expect(take('b', stop.signal)).rejects.toThrow('enough')
  void take('c')
  await clock.advance(0)
  stop.abort(new Error('enough'))
  await left
  ends.get('a')?.()
  await clock.advance(0)
  expect(begun).toEqual(['a@0', 'c@0'])
})

test('a job that waits is queued, and is cancelled without having run', async () => {
  const clock = createVirtualClock()
  let number = 0
  const turns = createJobTurns({ clock, supplyOf: () => undefined, inAll: 1 })
  const jobs = createJobBook({ journal: createMemoryJournal(), clock, log: () => undefined, newJobId: () => jobId(`j${(number += 1)}`), turns })
  const ran: string[] = []
  const start = (name: string): JobId => jobs.start({
    workflow: 'restore', plan, title: name, pod, camera: cam(name),
    run: async ({ signal }) => { ran.push(name); await clock.sleep(1e9, signal); throw new Error('nobody waits so long') },
  })
  const [first, second] = [start('a'), start('b')]
  await clock.advance(0)
  expect([jobs.get(first).state, jobs.get(second).state, ran]).toEqual(['running', 'queued', ['a']])
  jobs.cancel(second)
  await clock.advance(0)
  await expect.poll(() => jobs.get(second).state).toBe('cancelled')
  expect(ran).toEqual(['a'])
  await clock.run(jobs.close())
})
