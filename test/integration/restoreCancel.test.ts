import { afterEach, expect, test } from 'vitest'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import type { JobEvent } from '../../src/shared/jobs/jobEvent.ts'
import { createRig, type Rig } from '../support/restoreRig.ts'

let rig: Rig | undefined
afterEach(async () => { await rig?.close(); rig = undefined })

async function cancelWhen(matches: (event: JobEvent) => boolean): Promise<{ readonly job: Job; readonly rig: Rig }> {
  rig = createRig()
  const open = rig
  const stop = open.jobs.listen((job, event) => { if (matches(event)) open.jobs.cancel(job.id) })
  const job = await open.restore()
  stop()
  return { job, rig: open }
}

function expectCleanEnd({ pod, leases, console }: Rig, job: Job): void {
  expect(job.leftBehind).toEqual([])
  expect(pod.staged()).toEqual([])
  expect(leases.holderOf('pod-1')).toBeUndefined()
  expect(console.stats().state).not.toBe('lent')
  // Never between: a partition that was begun is proved.
  for (const part of job.partitions) expect(['erasing', 'writing', 'reading-back', 'unknown']).not.toContain(part.state)
}

for (const phase of ['check', 'u-boot', 'identify', 'compare', 'network', 'fetch:0', 'fetch:1', 'boot-seen']) {
  test(`cancelled as ${phase} begins: at once`, async () => {
    const { job, rig: open } = await cancelWhen((event) => event.type === 'phase-started' && event.phase === phase)
    expect(job).toMatchObject({ state: 'cancelled', verdict: 'cancelled' })
    expectCleanEnd(open, job)
  })
}

test('cancelled while a partition is erased: it is written to its end and proved, the next one is not begun', async () => {
  const { job, rig: open } = await cancelWhen((event) => event.type === 'partition-changed' && event.partition.state === 'erasing')
  expect(job.state).toBe('cancelled')
  expect(job.partitions.map(({ state }) => state)).toEqual(['proved', 'different', 'different', 'different'])
  expect(open.pod.camera.commands).not.toContain('reset')
  expectCleanEnd(open, job)
})

test('cancelled while a partition is written that shares its file with the next: that one is not begun', async () => {
  const { job, rig: open } = await cancelWhen((event) => event.type === 'partition-changed' && event.partition.name === 'mtd2' && event.partition.state === 'writing')
  expect(job.state).toBe('cancelled')
  expect(job.partitions.map(({ name, state }) => `${name} ${state}`)).toEqual(['mtd3 proved', 'mtd2 proved', 'mtd1 in-ram', 'mtd0 in-ram'])
  expect(open.pod.camera.commands).not.toContain('reset')
  expectCleanEnd(open, job)
})

test('cancelled during the upload to the boot ROM: the camera is powered again', async () => {
  const { job, rig: open } = await cancelWhen((event) => event.type === 'staging-progressed' && event.state === 'running')
  expect(job.state).toBe('cancelled')
  expectCleanEnd(open, job)
  expect(open.pod.camera.power).toBe('on')
})

test('cancelled at every twelfth event: always a clean end', async () => {
  let events = 0
  const counting = createRig()
  counting.jobs.listen(() => { events += 1 })
  expect((await counting.restore()).state).toBe('succeeded')
  await counting.close()
  for (let at = 1; at < events; at += 12) {
    let seen = 0
    const { job, rig: open } = await cancelWhen(() => (seen += 1) === at)
    expect(['cancelled', 'succeeded']).toContain(job.state)
    expectCleanEnd(open, job)
    await open.close()
    rig = undefined
  }
})

test('a second job on a busy camera is told who has it, and does not disturb the first', async () => {
  rig = createRig()
  const first = await rig.start()
  const second = await rig.start()
  const refused = await rig.finish(second)
  expect(refused).toMatchObject({ state: 'failed', error: { code: 'pod/busy', context: { holder: `Restore (job ${first})` } } })
  expect((await rig.finish(first)).verdict).toBe('restored and booted')
})

test('the second restore of the same image writes nothing and proves everything', async () => {
  rig = createRig()
  await rig.restore()
  const programmed = rig.pod.camera.programmedBytes
  const again = await rig.restore()
  expect(again.verdict).toBe('restored and booted')
  expect(again.partitions.map(({ action }) => action)).toEqual(['unchanged', 'unchanged', 'unchanged', 'unchanged'])
  for (const part of again.partitions) expect(part.readBackCrc32).toBe(part.crc32)
  expect(rig.pod.camera.programmedBytes).toBe(programmed)
})

test('with force everything is written again', async () => {
  rig = createRig()
  await rig.restore()
  const again = await rig.restore({ request: { force: true } })
  expect(again.partitions.map(({ action }) => action)).toEqual(['written', 'written', 'written', 'written'])
})
