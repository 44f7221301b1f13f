import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import socs from '../../../../../resources/soc.json' with { type: 'json' }
import { socCatalogueSchema } from '../../../../shared/devices/deviceProfile.schema.ts'
import { cameraIdSchema } from '../../../../shared/devices/ids.ts'
import { type DumpPlan, dumpPlanSchema, type DumpRequest, dumpRequestSchema } from '../../../../shared/dump/dump.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { checkDumpStartable, type DumpFacts, planDump } from './dumpPlan.ts'

const soc = socCatalogueSchema.parse(socs).find(({ name }) => name === 'hi3516ev300')
const facts: DumpFacts = {
  request: dumpRequestSchema.parse({ cameraId: cameraIdSchema.parse('cam-1'), outputPath: '/out' }),
  cameraName: 'cam-1', podName: 'pod-1', chip: 'hi3516ev300', soc, flashBytes: 0x1000000, hasPod: true,
  output: { path: '/out', keptBytes: 0, freeBytes: 0x4000000 },
  boot: { method: 'pod', profile: 'p', uboot: 'u', blob: new Uint8Array(9), problems: [] },
  hostAddress: { address: '10.0.0.1', reason: 'test' }, hostPort: 69,
}
const hashHex = (algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex')
const planOf = (more: Partial<DumpFacts> = {}, request: Partial<DumpRequest> = {}): DumpPlan =>
  planDump({ ...facts, ...more, request: { ...facts.request, ...request } }, { hashHex }).plan
const codes = (plan: DumpPlan): string => plan.refusals.map(({ code }) => code).join()

test('a plan that can be started, in the words of the contract', () => {
  const plan = planOf()
  expect(dumpPlanSchema.parse(plan)).toEqual(plan)
  expect(plan).toMatchObject({ way: 'tftp', tftp: { serverAddress: '10.0.0.1', port: 69 }, loadAddress: 0x42000000, refusals: [] })
  expect(plan.phases.map(({ name }) => name)).toEqual(['check', 'u-boot', 'identify', 'network', 'read', 'keep', 'reset'])
  expect(plan.warnings.join()).toContain('2.3 hours')
  expect(() => { checkDumpStartable(plan, plan.hash) }).not.toThrow()
})
test('the hash is of what is done; room on the disk is not', () => {
  const { hash } = planOf()
  expect(planOf({ output: { path: '/out', keptBytes: 7, freeBytes: 0x5000000 } }).hash).toBe(hash)
  expect(planOf({}, { via: 'md' }).hash).not.toBe(hash)
  expect(planOf({ output: { path: '/other', keptBytes: 0, freeBytes: 0x5000000 } }).hash).not.toBe(hash)
  expect(planOf({ boot: { ...facts.boot, blob: new Uint8Array(8) } }).hash).not.toBe(hash)
  expect(() => { checkDumpStartable(planOf(), 'f'.repeat(64)) }).toThrow(expect.objectContaining({ code: 'input/conflict' }))
})
test('no address of ours: printed, with its time; refused when only sending was wanted', () => {
  const hostAddress = new WorkbenchError('input/conflict', 'Several addresses fit')
  const plan = planOf({ hostAddress })
  expect(plan).toMatchObject({ way: 'md', wayReason: expect.stringContaining('Several addresses fit') as string, refusals: [] })
  expect(plan.tftp).toBeUndefined()
  expect(plan.phases.map(({ name }) => name)).not.toContain('network')
  expect(plan.forecastMs).toBeGreaterThan(7_000_000)
  expect(codes(planOf({ hostAddress }, { via: 'tftp' }))).toBe('input/conflict')
})
test('everything that is wrong is told at once', () => {
  const plan = planOf({
    output: new WorkbenchError('input/conflict', 'there already'), soc: undefined, boot: { ...facts.boot, problems: [new WorkbenchError('input/missing-file', 'no U-Boot')] },
  }, { partition: 'a', form: 'image', deviceIp: 'nowhere' })
  expect(codes(plan)).toBe('input/conflict,input/conflict,input/not-supported,input/missing-file,input/malformed')
  expect(() => { checkDumpStartable(plan, plan.hash) }).toThrow('there already')
})
test('a disk that cannot hold this flash', () => {
  expect(codes(planOf({ output: { path: '/out', keptBytes: 0, freeBytes: 0xffffff } }))).toBe('host/disk-full')
})
test('what the rack knows is the size of its NOR, and nothing of it is said of a NAND or an eMMC', () => {
  const full = { output: { path: '/out', keptBytes: 0, freeBytes: 0xffffff } }
  expect(planOf(full, { flashType: 'nor' })).toMatchObject({ flashBytes: 0x1000000, refusals: [{ code: 'host/disk-full' }] })
  const nand = planOf(full, { flashType: 'nand', via: 'md' })
  expect(nand).toMatchObject({ flashBytes: 0, refusals: [] })
  expect(nand.warnings.join()).toContain('Printing 128 MiB over the console takes up to 18.4 hours')
  expect(planOf({}, { flashType: 'nand' }).hash).not.toBe(planOf({}, { flashType: 'emmc' }).hash)
})
test('what cannot be of NAND is told before anything is touched', () => {
  expect(codes(planOf({}, { flashType: 'nand', form: 'ipctool' }))).toBe('input/not-supported')
  expect(codes(planOf({}, { flashType: 'emmc', via: 'agent' }))).toBe('input/not-supported')
  expect(codes(planOf({}, { flashType: 'nand', mtdparts: 'hi_sfc:1m(a)' }))).toBe('input/conflict')
  expect(codes(planOf({}, { mtdparts: 'hi_sfc:1m(a);hinand:1m(b)', partition: 'b' }))).toBe('')
})
