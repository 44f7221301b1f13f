import { expect, test } from 'vitest'
import { headOf } from '../../../../shared/bytes/storedBytes.ts'
import { buildUbiImage, type TestVolume } from '../../../../../test/support/ubiBuilder.ts'
import { cutAndOrder, placeOn } from './mediumLayout.ts'
import type { RestoreInput } from './rawInput.ts'

const block = 0x20000
const leb = 126_976
const MiB = 1024 * 1024
const table = 'hinand:1m(boot),1m(env),4m(kernel),32m(ubi),-(rest)'
const input = (...files: readonly (readonly [number, Uint8Array])[]): RestoreInput => ({
  kind: 'folder', path: '/x', totalBytes: 0, warnings: [],
  parts: files.map(([index, bytes]) => ({ name: `mtd${index}`, source: `mtd${index}`, index, bytes, partitionBytes: undefined })),
})
const filled = (length: number): Uint8Array => new Uint8Array(length).fill(7)
const ubi = (...volumes: readonly TestVolume[]): Uint8Array => buildUbiImage(volumes, { eraseBytes: block })
const volume = (id: number, name: string, more: Partial<TestVolume> = {}): TestVolume => ({ id, name, kind: 'dynamic', data: filled(leb), reservedBlocks: 10, ...more })
const place = (given: RestoreInput, mtdparts: string | undefined = table): ReturnType<typeof placeOn> => placeOn('nand', given, mtdparts)

test('offsets come from the table, with gaps and offsets of its own', () => {
  const { parts, mtd } = place(input([0, filled(10)], [2, filled(100)]), 'hinand:1m(boot),1m(env),4m@0x400000(kernel),-(rest)')
  expect(parts.map(({ name, offsetBytes, eraseBytes, isBoot }) => [name, offsetBytes, eraseBytes, isBoot])).toEqual([['mtd0', 0, MiB, true], ['mtd2', 0x400000, 4 * MiB, false]])
  expect(mtd).toEqual({ ids: 'nand0=hinand', parts: 'mtdparts=hinand:1024k(boot),1024k(env),4096k@0x400000(kernel),-(rest)' })
})

test('writing order: raw, then UBI in the order of its making, boot last', () => {
  const { parts } = place(input([0, filled(10)], [1, filled(20)], [2, filled(100)], [3, ubi(volume(0, 'a'), volume(1, 'b', { data: filled(3 * leb) }))]))
  expect(cutAndOrder('nand', parts, 8 * MiB, 'pod').map(({ name }) => name)).toEqual(['mtd2', 'mtd1', 'mtd3:a', 'mtd3:b', 'mtd0'])
})

test('the only volume takes all the space; of several each has its size, and numbers are given where order does not', () => {
  const volumesOf = (bytes: Uint8Array): unknown[] => place(input([3, bytes])).parts.map(({ medium }) => (medium?.kind === 'ubi' ? medium.volume : undefined))
  expect(volumesOf(ubi(volume(0, 'rootfs')))).toEqual([{ name: 'rootfs', type: 'dynamic' }])
  expect(volumesOf(ubi(volume(0, 'a'), volume(1, 'b', { kind: 'static' })))).toEqual([{ name: 'a', type: 'dynamic', sizeBytes: 10 * leb }, { name: 'b', type: 'static', sizeBytes: 10 * leb }])
  expect(volumesOf(ubi(volume(0, 'a'), volume(3, 'b')))).toEqual([{ name: 'a', type: 'dynamic', id: 0, sizeBytes: 10 * leb }, { name: 'b', type: 'dynamic', id: 3, sizeBytes: 10 * leb }])
})

test('an empty volume is one erased block, so that there is something to prove', () => {
  const [part] = place(input([3, ubi(volume(0, 'empty', { data: new Uint8Array() }), volume(1, 'b'))])).parts
  expect(part?.bytes.length).toBe(leb)
  expect(part && headOf(part.bytes).every((byte) => byte === 0xff)).toBe(true)
})

test('no raw part of a UBI image is ever planned', () => {
  for (const { medium } of place(input([3, ubi(volume(0, 'a'), volume(1, 'b'))])).parts) expect(medium?.kind).toBe('ubi')
})

test('UBI is never written raw: not with erased blocks before it, and not when its first block is the damaged one', () => {
  const whole = ubi(volume(0, 'rootfs'))
  const later = new Uint8Array(block + whole.length).fill(0xff)
  later.set(whole, block)
  expect(place(input([3, later])).parts.map(({ name, medium }) => [name, medium?.kind])).toEqual([['mtd3:rootfs', 'ubi']])
  const damaged = whole.slice()
  damaged[0] = 0
  expect(() => place(input([3, damaged]))).toThrow(/^The UBI image mtd3 is damaged: there is UBI from 0x20000 on, and something else before it/)
})

test('a UBI image whose headers are all broken is refused by the name of its file', () => {
  const broken = ubi(volume(0, 'rootfs'))
  for (let at = 0; at < broken.length; at += block) broken[at + 60] = (broken[at + 60] ?? 0) ^ 1
  expect(() => place(input([3, broken]))).toThrow(/^mtd3 is no UBI image, or a damaged one/)
})

test.each<[string, () => unknown, string]>([
  ['no table', () => placeOn('nand', input([0, filled(1)]), undefined), 'input/conflict'],
  ['two chips', () => place(input([0, filled(1)]), 'a:1m(x);b:1m(y)'), 'input/malformed'],
  ['a partition inside a block', () => place(input([0, filled(1)]), 'a:64k(x),1m(y)'), 'input/conflict'],
  ['overlapping partitions', () => place(input([0, filled(1)]), 'a:1m(x),1m@0x80000(y)'), 'input/conflict'],
  ['a part larger than its partition', () => place(input([1, filled(MiB + 1)])), 'input/too-large'],
  ['volumes larger than their partition', () => place(input([0, ubi(volume(0, 'a', { reservedBlocks: 9 }), volume(1, 'b'))])), 'input/too-large'],
  ['a damaged volume', () => place(input([3, ubi(volume(0, 'a', { isHalfUpdated: true }))])), 'input/malformed'],
  ['a volume that cannot be typed', () => place(input([3, ubi(volume(0, 'a;reset'))])), 'input/not-supported'],
  ['two volumes of one name', () => place(input([3, ubi(volume(0, 'a'), volume(1, 'a'))])), 'input/malformed'],
  ['a partition that cannot be typed', () => place(input([0, ubi(volume(0, 'a'))]), 'x:8m(#ubi)'), 'input/not-supported'],
  ['a volume larger than the pod', () => cutAndOrder('nand', place(input([3, ubi(volume(0, 'a', { data: filled(70 * leb), reservedBlocks: 80 }))])).parts, 8 * MiB, 'pod'), 'pod/no-room'],
])('refused: %s', (_what, work, code) => {
  expect(work).toThrow(expect.objectContaining({ code }))
})
