import { afterEach, expect, test } from 'vitest'
import { denseBytes } from '../../src/main/sim/timing.ts'
import { createRig, type Rig, type RigOptions } from '../support/restoreRig.ts'

let rig: Rig | undefined
afterEach(async () => { await rig?.close(); rig = undefined })
const open = (options: RigOptions = {}): Rig => (rig = createRig(options))

const nandTable = 'hinand:1024k(boot),1024k(env),4096k(kernel),-(rest)'
const images = [{ name: 'mtd2', bytes: denseBytes(500_000, 2) }]
const untouched = (opened: Rig): void => {
  expect(opened.pod.camera.flashTouched).toBe(false)
  expect(opened.pod.camera.commands.filter((line) => /^(?:sf|nand|mmc) (?:erase|write)/.test(line))).toEqual([])
}

test('auto goes to NAND by the table of a NAND, and the plan says why', async () => {
  const opened = open({ secondFlash: 'nand' })
  const job = await opened.restore({ images, request: { mtdparts: nandTable } })
  expect(job.verdict).toBe('restored and booted')
  expect(job.plan).toMatchObject({ request: { flashType: 'auto' }, flash: { kind: 'nand', reason: 'the partition table is that of hinand', isAssumed: false } })
  expect(opened.pod.camera.commands.some((line) => line.startsWith('nand write'))).toBe(true)
})

test('auto without a word about the flash: NOR on a camera that has no other', async () => {
  const opened = open()
  const job = await opened.restore()
  expect(job.verdict).toBe('restored and booted')
  expect(job.plan).toMatchObject({ flash: { kind: 'nor', isAssumed: true } })
  expect(opened.pod.camera.commands).toContain('nand info')
})

test('a memory card or an eMMC beside the NOR is no second flash', async () => {
  expect((await open({ secondFlash: 'emmc' }).restore()).verdict).toBe('restored and booted')
})

test('an assumed NOR is refused where U-Boot finds a NAND as well: which one was meant?', async () => {
  const opened = open({ secondFlash: 'nand' })
  const job = await opened.restore()
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', error: { code: 'device/wrong-identity', context: { planned: 'nor', found: 'nand' } } })
  expect(job.error?.hint).toContain('--flash-type nor or --flash-type nand')
  untouched(opened)
})

test('NOR that was asked for goes to the NOR of a camera with both', async () => {
  expect((await open({ secondFlash: 'nand' }).restore({ request: { flashType: 'nor' } })).verdict).toBe('restored and booted')
})

test('a plan for NOR on a camera without one stops before the first erase, and names what there is', async () => {
  const opened = open({ secondFlash: 'nand', faults: ['command-error:sf-probe'] })
  const job = await opened.restore({ request: { flashType: 'nor' } })
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', error: { code: 'device/wrong-identity', context: { planned: 'nor', found: 'nand' } } })
  expect(job.error?.message).toMatch(/plan is for NOR \(asked for\), and U-Boot finds none but a NAND with blocks of 128 KiB/)
  untouched(opened)
})

test.each([
  ['NAND', { flashType: 'nand', mtdparts: nandTable }], ['eMMC', { flashType: 'emmc', mtdparts: 'mmc:1m(a),1m(b),4m(c)' }], ['NAND, by auto', { flashType: 'auto', mtdparts: nandTable }],
] as const)('a plan for %s on a camera with NOR only', async (_name, request) => {
  const opened = open()
  const job = await opened.restore({ images, request })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-identity', context: { found: 'nor' } } })
  untouched(opened)
})

test('an empty answer of "nand info" is no second flash, and none of "sf probe" no NOR', async () => {
  const both = open({ secondFlash: 'nand', faults: ['command-silent:nand-info'] })
  expect((await both.restore()).verdict).toBe('restored and booted')
  await both.close()
  const opened = open({ faults: ['command-silent:sf-probe'] })
  const job = await opened.restore()
  expect(job).toMatchObject({ state: 'failed', error: { code: 'link/garbled' } })
  untouched(opened)
})

test('an image of a NAND is refused for NOR in the plan already', async () => {
  const { plan } = await open().prepare({ images: [{ name: 'mtd0', bytes: denseBytes(500_000, 2) }], request: { flashType: 'nor', mtdparts: nandTable } })
  expect(plan.refusals[0]).toMatchObject({ code: 'input/conflict' })
  expect(plan.partitions).toEqual([])
})
