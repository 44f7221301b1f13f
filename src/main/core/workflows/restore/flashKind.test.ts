import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildUbifsSuperblock, buildUbiImage } from '../../../../../test/support/ubiBuilder.ts'
import { chooseFlash, type FlashFacts, flashOfTable, ubiStart } from './flashKind.ts'
import type { RestoreInput } from './rawInput.ts'

const block = 0x20000
const ubi = buildUbiImage([{ id: 0, name: 'a', kind: 'dynamic', data: new Uint8Array(1000).fill(7) }], { eraseBytes: block })
const input = (bytes: Uint8Array = new Uint8Array(10), more: Partial<RestoreInput> = {}): RestoreInput =>
  ({ kind: 'folder', path: '/x', totalBytes: 0, warnings: [], parts: [{ name: 'mtd3', source: 'mtd3', index: 3, bytes, partitionBytes: undefined }], ...more })
const choose = (given: RestoreInput, more: Partial<FlashFacts> = {}): ReturnType<typeof chooseFlash> =>
  chooseFlash({ wanted: 'auto', input: given, mtdparts: undefined, flashBytes: 0, ...more })

test('auto: what the input says, then what was proved on this camera, then NOR, which is assumed', () => {
  expect(choose(input(ubi))).toEqual({ kind: 'nand', reason: 'mtd3 holds UBI', isAssumed: false })
  expect(choose(input(buildUbifsSuperblock(126_976, 4, 8)))).toMatchObject({ kind: 'nand', isAssumed: false })
  expect(choose(input(undefined, { flash: { kind: 'nand', why: 'the backup is of a nand flash' } })).kind).toBe('nand')
  expect(choose(input(), { mtdparts: 'hinand:1m(boot),-(rest)' })).toEqual({ kind: 'nand', reason: 'the partition table is that of hinand', isAssumed: false })
  expect(choose(input(), { mtdparts: 'mmcblk0:1m(boot),-(rest)' }).kind).toBe('emmc')
  const lastRestored = { kind: 'nand', why: 'its last restore was proved there' } as const
  expect(choose(input(), { lastRestored })).toMatchObject({ kind: 'nand', isAssumed: false })
  expect(choose(input(), { lastRestored, mtdparts: 'hi_sfc:1m(boot),-(rest)' }).kind).toBe('nor')
  expect(choose(input(), { flashBytes: 0x1000000 })).toEqual({ kind: 'nor', reason: 'the rack knows a NOR of 16 MiB', isAssumed: true })
  expect(choose(input())).toMatchObject({ kind: 'nor', isAssumed: true })
})

test('an image of a whole chip shows by the UBI inside it, and a disk by its table', () => {
  const whole = new Uint8Array(8 * block).fill(0x33)
  whole.set(ubi, 3 * block)
  expect(choose(input(whole, { kind: 'image' })).kind).toBe('nand')
  const disk = new Uint8Array(4096)
  disk.set(new TextEncoder().encode('EFI PART'), 512)
  expect(choose(input(disk, { kind: 'image' })).kind).toBe('emmc')
})

test('an image for one kind of flash is refused for another', () => {
  expect(() => choose(input(ubi), { wanted: 'nor' })).toThrow(/image for NAND, and NOR was asked for: mtd3 holds UBI/)
  expect(() => choose(input(ubi.slice().fill(0, 0, 4)), { wanted: 'nor' }), 'its first block is the damaged one').toThrow(/image for NAND, and NOR was asked for: mtd3 holds UBI/)
  expect(() => choose(input(ubi), { wanted: 'emmc' })).toThrow(expect.objectContaining({ code: 'input/conflict' }))
  expect(() => choose(input(), { wanted: 'nor', mtdparts: 'hinand:1m(a)' })).toThrow(expect.objectContaining({ code: 'input/conflict' }))
  expect(() => choose(input(), { wanted: 'nand', mtdparts: 'hi_sfc:1m(a)' })).toThrow(/for NOR, and NAND was asked for/)
  expect(choose(input(ubi), { wanted: 'nand' })).toEqual({ kind: 'nand', reason: 'asked for', isAssumed: false })
})

test('an input that contradicts itself is refused, also by auto', () => {
  expect(() => choose(input(ubi), { mtdparts: 'hi_sfc:1m(a),1m(b),1m(c),-(d)' })).toThrow(/contradicts itself/)
})

test('tables of unknown drivers, of several or none say nothing', () => {
  for (const text of ['x:1m(a)', '1m(a)', 'hinand:1m(a);hi_sfc:1m(b)', '', ':::']) expect(flashOfTable(text)).toBeUndefined()
  fc.assert(fc.property(fc.string(), (text) => { flashOfTable(text) }))
})

test('noise of any length is looked through without a fault', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => { expect(ubiStart(noise) === 0).toBe(noise.length >= 64 && noise[0] === 0x55 && noise[1] === 0x42 && noise[2] === 0x49 && noise[3] === 0x23) }))
})
