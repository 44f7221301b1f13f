import { onTestFinished, expect, test } from 'vitest'
import { dashboardOf } from '../../../src/main/core/batch/batchDashboard.ts'
import type { Batch } from '../../../src/main/core/batch/batchState.ts'
import { renderBatchHtml } from '../../../src/main/core/batch/reportPage.ts'
import { renderJunit } from '../../../src/main/core/batch/reportTexts.ts'
import type { BatchId } from '../../../src/shared/batch/batchPlan.schema.ts'
import { referenceLayoutImages } from '../../../src/main/sim/referenceLayout.ts'
import { planOf, targetsOf } from './batchRig.ts'
import { badImages, otherImages } from '../../support/nightBench.ts'
import { type NightRig, openNightRig } from './nightRig.ts'

const overNight = async ({ clock, engine }: NightRig, id: BatchId): Promise<Batch> => clock.run((async () => {
  for (let turn = 0; turn < 100_000 && !engine.get(id).end; turn += 1) {
    const news = engine.changed(new AbortController().signal)
    if (!engine.get(id).end) await news
  }
  return engine.get(id)
})(), 86_400_000)

test('the night run: 40 cameras, 3 images of which one boots to a panic; it stops by itself at the canary, says why in one sentence, and its page reads alone', async () => {
  const rig = await openNightRig({ 'fw-2.5.1': referenceLayoutImages(), 'fw-2.5.2': otherImages(), 'fw-2.6-rc1': badImages() })
  onTestFinished(async () => rig.close())
  const plan = planOf({ name: 'Night run', images: ['fw-2.5.1', 'fw-2.5.2', 'fw-2.6-rc1'].map((name) => ({ name, path: `/images/${name}` })), cycles: 10, canary: { cameras: 2 } })
  const id = await rig.clock.run(rig.engine.start(plan, targetsOf(40)))
  const batch = await overNight(rig, id)
  expect(batch.end?.state).toBe('stopped')
  expect(batch.stop?.reason).toBe('canary')
  const { sentence } = batch.end ?? { sentence: '' }
  expect(sentence).toMatch(/^Stopped at the canary: fw-2\.6-rc1 on cam-0[12] failed \(firmware: The console said "\[ .*Kernel panic - not syncing: VFS: Unable to mount root fs.*"\); 38 cameras were not touched\.$/)
  expect(rig.touched()).toEqual(['cam-1', 'cam-2'])
  // The two good images were proved on both canaries by real restores; the bad one was written, proved and not seen to boot.
  const judged = batch.items.filter(({ attempts }) => attempts.length > 0).map(({ image, state }) => `${image?.name ?? ''} ${state}`)
  expect(judged.filter((each) => each === 'fw-2.5.1 passed')).toHaveLength(2)
  expect(judged.filter((each) => each === 'fw-2.5.2 passed')).toHaveLength(2)
  expect(judged.filter((each) => each === 'fw-2.6-rc1 failed').length).toBeGreaterThanOrEqual(1)
  expect(batch.counts['left out']).toBe(1_200 - judged.length)
  const firmware = dashboardOf(batch).causes.find(({ cause }) => cause === 'firmware')
  expect(firmware?.count).toBe(firmware?.evidence.reduce((sum, { count }) => sum + count, 0))
  expect(firmware?.evidence[0]?.sentence).toContain('Kernel panic - not syncing')
  const page = renderBatchHtml(batch)
  expect(page).toContain('Stopped at the canary: fw-2.6-rc1 on cam-0')
  expect(page).toContain("default-src 'none'")
  expect(page).not.toMatch(/<script|<link|<img|https?:\/\//)
  expect(page).toContain('Kernel panic - not syncing')
  expect(page).toContain('prefers-color-scheme:dark')
  expect(renderJunit(batch)).toContain('<failure type="firmware"')
}, 120_000)

test('a soak: power off and on, boot and words on the console, with the time of each boot', async () => {
  const rig = await openNightRig({})
  onTestFinished(async () => rig.close())
  const soak = { workflow: 'soak', images: [], cycles: 3, checks: { expect: ['Starting majestic: OK'], refuse: ['Kernel panic'] } }
  const batch = await overNight(rig, await rig.clock.run(rig.engine.start(planOf(soak), targetsOf(2))))
  expect(batch.end).toMatchObject({ state: 'passed', sentence: 'All 6 passed.' })
  for (const { attempts } of batch.items) {
    expect(attempts[0]?.result?.bootMs).toBeGreaterThan(0)
    expect(attempts[0]?.result?.phases.map(({ name }) => name)).toContain('kernel')
  }
  expect(dashboardOf(batch).boots).toMatchObject([{ image: 'as it is', count: 6 }])
  expect(dashboardOf(batch).boots[0]?.points.map(({ cycle }) => cycle).toSorted()).toEqual([1, 1, 2, 2, 3, 3])
  const failed = await overNight(rig, await rig.clock.run(rig.engine.start(planOf({ ...soak, cycles: 1, checks: { expect: ['Starting nothing: OK'] } }), targetsOf(1))))
  expect(failed.items[0]?.attempts[0]?.result).toMatchObject({ outcome: 'failed', where: 'checks', cause: 'firmware', evidence: 'The console never said "Starting nothing: OK", which the plan expects' })
}, 60_000)
