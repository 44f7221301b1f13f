import { expect, test } from 'vitest'
import { batchPlanSchema } from '../../../shared/batch/batchPlan.schema.ts'
import { cameraIdSchema, podIdSchema } from '../../../shared/devices/ids.ts'
import type { CameraView } from '../../../shared/rack/rackView.schema.ts'
import { chosenOf, draftOf, planOf } from './batchDraft.ts'

const camera = (name: string, more: Partial<CameraView> = {}): CameraView => ({
  id: cameraIdSchema.parse(`id-${name}`), name, podId: podIdSchema.parse('pod-1'), chip: '', flashBytes: 0, power: 'on', powerAbility: 'on-off', powerLabel: '', life: 'booted', lifeNote: '',
  bootStage: 4, lastLine: '', activity: [], console: 'open', consoleNote: '', bytesReceived: 0, bytesLost: 0, ...more,
})
const full = batchPlanSchema.parse({
  name: 'Night', cameras: { labels: ['qa'], ids: ['cam-07'] }, workflow: 'restore', images: [{ name: 'a', path: '/a', priority: 7 }, { name: 'b', path: '/b' }], cycles: 10, canary: { cameras: 2 }, priority: 6, force: true,
  stop: { failedPercent: 3, sequential: { acceptable: 0.02, unacceptable: 0.2 } }, retry: { power: { attempts: 3, firstWaitMs: 10 } }, checks: { expect: ['one', 'two'], temperature: { after: 'temp:', maxC: 80 } },
})

test('a plan of a file comes back from the form as it was, with what the form does not show', () => {
  expect(planOf(draftOf(full), full)).toEqual({ plan: full })
})
test('what the form says counts: no canary, no sequential test, other images', () => {
  const draft = { ...draftOf(full), canary: 0, sequential: false, images: [{ name: 'c', path: '/c' }] }
  const made = planOf(draft, full)
  expect(made).toMatchObject({ plan: { images: [{ name: 'c', path: '/c' }], retry: full.retry, force: true } })
  expect('plan' in made && [made.plan.canary, made.plan.stop.sequential]).toEqual([undefined, undefined])
})
test('checks of the form: a ping, a temperature or none, and a canary that waits', () => {
  const made = planOf({ ...draftOf(full), temperature: '', ping: true, thenPause: true }, full)
  expect(made).toMatchObject({ plan: { checks: { ping: true, snapshot: false }, canary: { cameras: 2, thenPause: true } } })
  expect('plan' in made && made.plan.checks.temperature).toBeUndefined()
  expect(planOf({ ...draftOf(full), temperature: 'T=', maxC: '70' }, full)).toMatchObject({ plan: { checks: { temperature: { after: 'T=', maxC: 70 } } } })
  expect(planOf({ ...draftOf(full), maxC: '' }, full)).toEqual({ problem: 'The highest temperature is -60 to 200 °C' })
})
test('what is missing is said in words; an empty field is no zero', () => {
  const good = { ...draftOf(), name: 'x', ids: 'cam-01', images: [{ name: 'a', path: '/a' }] }
  expect(planOf(good)).toHaveProperty('plan')
  expect(planOf(draftOf())).toEqual({ problem: 'Give it a name' })
  expect(planOf({ ...good, ids: ' ' })).toEqual({ problem: 'Choose cameras, by label or by hand' })
  expect(planOf({ ...good, images: [{ name: '', path: '' }] })).toEqual({ problem: 'Name at least one image' })
  expect(planOf({ ...good, images: [{ name: 'a', path: '' }] })).toEqual({ problem: 'Image 1 needs a name and a path' })
  expect(planOf({ ...good, images: [{ name: 'a', path: '/a' }, { name: 'a', path: '/b' }] })).toEqual({ problem: 'Two images have one name' })
  expect(planOf({ ...good, canary: '' })).toEqual({ problem: 'The canary is 1 to 100 cameras, or 0 for none' })
  expect(planOf({ ...good, priority: '10' })).toEqual({ problem: 'The priority is 0 to 9, and 9 is first' })
  expect(planOf({ ...good, cycles: '' })).toEqual({ problem: 'The number of cycles is 1 to 100 000' })
  // A soak writes nothing, whatever stood in the form before.
  expect(planOf({ ...good, workflow: 'soak' })).toMatchObject({ plan: { images: [] } })
})
test('the cameras that it would take: by label and by name, each once, none that is set aside', () => {
  const cameras = [camera('cam-01', { inventory: { labels: ['qa'], group: '', notes: '' } }), camera('cam-02'), camera('cam-03', { inventory: { labels: ['qa'], group: '', notes: '', maintenance: { sinceMs: 0, note: '' } } })]
  const { taken, aside, missing } = chosenOf({ labels: ['qa'], ids: 'cam-01 id-cam-02, cam-09' }, cameras)
  expect([taken, aside].map((each) => each.map(({ name }) => name))).toEqual([['cam-01', 'cam-02'], ['cam-03']])
  expect(missing).toEqual(['cam-09'])
})
