import { expect, test } from 'vitest'
import { type BatchPlan, batchPlanSchema, type BatchTarget } from '../../../shared/batch/batchPlan.schema.ts'
import { cameraIdSchema } from '../../../shared/devices/ids.ts'
import { encodeEnvironmentBlock } from '../../protocols/uboot/environmentBlock.ts'
import { addressIn, checkPlan, type PlanFacts } from './planCheck.ts'

const targets: readonly BatchTarget[] = ['cam-1', 'cam-2', 'cam-3'].map((name) => ({ camera: cameraIdSchema.parse(name), name, pod: name }))
const planWith = (change: object = {}): BatchPlan => batchPlanSchema.parse({ name: 'x', cameras: { labels: ['qa'] }, workflow: 'restore', images: [{ name: 'fw', path: '/fw' }], ...change })
const factsOf = (change: Partial<PlanFacts> = {}): PlanFacts => ({ plan: planWith(), targets, withoutPing: [], withoutAddress: [], images: [], ...change })
const mac = '02:52:42:00:10:01'

test('an image of one camera is known by the address in its environment, in a partition or anywhere in a whole flash', () => {
  const environment = encodeEnvironmentBlock(new Map([['bootdelay', '1'], ['ethaddr', mac.toUpperCase()]]), 0x10000)
  const flash = new Uint8Array(0x100000).fill(0xff)
  flash.set(environment, 0x40000)
  const part = { name: 'x', source: 'x', index: 0, partitionBytes: undefined }
  expect(addressIn({ parts: [{ ...part, bytes: new Uint8Array(0x1000) }, { ...part, bytes: environment }] })).toBe(mac)
  expect(addressIn({ parts: [{ ...part, bytes: flash }] })).toBe(mac)
  expect(addressIn({ parts: [{ ...part, bytes: new Uint8Array(0x20000).fill(0xff) }, { ...part, bytes: new Uint8Array(3) }] })).toBeUndefined()
  // What every camera has whose environment was ever wiped tells none of them.
  expect(addressIn({ parts: [{ ...part, bytes: encodeEnvironmentBlock(new Map([['ethaddr', '00:00:23:34:45:66']]), 0x10000) }] })).toBeUndefined()
})

test('the dump of one camera for many, or more than once, is warned of before it begins; for one camera and once it is its restore', () => {
  const images = [{ name: 'fw', mac }]
  expect(checkPlan(factsOf({ images })).warnings).toEqual([expect.stringMatching(/^fw is the dump of one camera, .*02:52:42:00:10:01\. Every other camera that gets it has that address too\. Take/)])
  expect(checkPlan(factsOf({ images, plan: planWith({ cycles: 2 }) })).warnings[0]).toContain('before its next restore it is refused')
  expect(checkPlan(factsOf({ images, targets: targets.slice(0, 1), plan: planWith({ cycles: 2 }) })).warnings).toHaveLength(1)
  expect(checkPlan(factsOf({ images, targets: targets.slice(0, 1) }))).toEqual({ warnings: [] })
  expect(checkPlan(factsOf({ images: [{ name: 'fw', problem: 'No mtd files in /fw' }] })).warnings).toEqual(['fw: No mtd files in /fw'])
})

test('a ping that is not there, and cameras that nobody can ask, are a problem; where only some lack it a warning', () => {
  const ping = planWith({ checks: { ping: true } })
  expect(checkPlan(factsOf({ plan: ping, withoutPing: targets })).problem).toMatchObject({ code: 'host/io', message: expect.stringContaining('no ping on the computer that has cam-1, cam-2, cam-3') as string })
  expect(checkPlan(factsOf({ plan: ping, withoutPing: targets.slice(2) }))).toEqual({ warnings: ['There is no ping on the computer that has cam-3: there no attempt can be judged'] })
  expect(checkPlan(factsOf({ plan: ping, targets: [] })).problem).toBeUndefined()
  expect(checkPlan(factsOf({ withoutPing: targets }))).toEqual({ warnings: [] })
  expect(checkPlan(factsOf({ plan: planWith({ checks: { snapshot: true } }), withoutAddress: targets })).problem).toMatchObject({ code: 'input/not-found' })
  expect(checkPlan(factsOf({ plan: ping, withoutAddress: targets.slice(1) }))).toEqual({ warnings: ['Nobody has said where the picture of cam-2, cam-3 is: there the ping cannot be judged'] })
  expect(checkPlan(factsOf({ withoutAddress: targets }))).toEqual({ warnings: [] })
})
