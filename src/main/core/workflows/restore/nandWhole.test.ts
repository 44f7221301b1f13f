import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildUbiImage } from '../../../../../test/support/ubiBuilder.ts'
import { parseMtdparts } from '../../../protocols/mtdparts/parser.ts'
import { cutAndOrder, placeOn } from './mediumLayout.ts'
import { cutWhole, withoutErasedEnd } from './nandWhole.ts'
import type { ImagePart, RestoreInput } from './rawInput.ts'

const block = 0x20000
const lebBytes = 126_976
const text = 'hinand:512k(boot),256k(env),1024k(kernel),2048k(ubi),-(data)'
const table = parseMtdparts(text)
const at = { boot: 0, env: 4 * block, kernel: 6 * block, ubi: 14 * block, data: 30 * block }
const ubi = buildUbiImage([{ id: 0, name: 'rootfs', kind: 'dynamic', data: new Uint8Array(3 * lebBytes).fill(9), reservedBlocks: 5 }, { id: 1, name: 'conf', kind: 'static', data: new Uint8Array(100).fill(8), reservedBlocks: 2 }], { eraseBytes: block })

/** 4 MiB: boot and kernel not full, env erased, UBI, and a rest with one block in use. */
function chip(change: (bytes: Uint8Array) => void = () => undefined, blocks = 32): Uint8Array {
  const bytes = new Uint8Array(blocks * block).fill(0xff)
  bytes.fill(1, at.boot, at.boot + 3 * block - 500)
  bytes.fill(2, at.kernel, at.kernel + 5 * block)
  bytes.set(ubi, at.ubi)
  if (blocks > 30) bytes.fill(4, at.data, at.data + 100)
  change(bytes)
  return bytes
}
const whole = (bytes: Uint8Array): ImagePart => ({ name: 'flash', source: 'nand.bin', index: 0, bytes, partitionBytes: undefined })
const input = (bytes: Uint8Array): RestoreInput => ({ kind: 'image', path: '/nand.bin', parts: [whole(bytes)], totalBytes: bytes.length, warnings: [] })
const cut = (bytes: Uint8Array, parts = table): ReturnType<typeof cutWhole> => cutWhole(whole(bytes), parts)

test('partition by partition: raw without its erased end, UBI as its volumes, boot last', () => {
  const { parts, warnings, mtd } = placeOn('nand', input(chip()), text)
  expect(cutAndOrder('nand', parts, 8 * 1024 * 1024, 'pod').map(({ name, offsetBytes, bytes, eraseBytes, medium }) => [name, offsetBytes, bytes.length, eraseBytes, medium?.kind])).toEqual([
    ['mtd2', at.kernel, 5 * block, 8 * block, 'nand'], ['mtd4', at.data, block, block, 'nand'], ['mtd1', at.env, 2048, 2 * block, 'nand'],
    ['mtd3:rootfs', at.ubi, 3 * lebBytes, 16 * block, 'ubi'], ['mtd3:conf', at.ubi, 100, 16 * block, 'ubi'], ['mtd0', 0, 3 * block, 4 * block, 'nand'],
  ])
  expect(mtd?.ids).toBe('nand0=hinand')
  expect(warnings).toHaveLength(1)
})

test('without a table nothing of it is placed', () => {
  expect(() => placeOn('nand', input(chip()), undefined)).toThrow(/must be known/)
})

test.each<[string, () => unknown, RegExp]>([
  ['an image with spare bytes', () => cut(new Uint8Array(4 * 1024 * 1024 / 32 * 33)), /spare bytes \(OOB\)/],
  ['one with larger spare bytes', () => cut(new Uint8Array(4 * 1024 * 1024 / 128 * 135)), /spare bytes \(OOB\)/],
  ['an image that ends inside a block', () => cut(chip().subarray(0, 31 * block + 2048)), /ends inside an erase block/],
  ['an image that ends inside a partition', () => cut(chip().subarray(0, 20 * block)), /ends at 0x280000, inside ubi/],
  ['data before the first partition', () => cut(chip(), parseMtdparts('x:256k@0x80000(env),-(rest)')), /holds data at 0x0, which belongs to no partition/],
  ['data between partitions', () => cut(chip(), parseMtdparts('x:512k(boot),1024k@0x100000(kernel),-(rest)')), /holds data at 0xc0000/],
  ['data behind the last partition', () => cut(chip(), parseMtdparts('x:512k(boot),256k(env),1024k(kernel),2048k(ubi)')), /holds data at 0x3c0000, which belongs to no partition/],
  ['raw data before the UBI of its partition', () => cut(chip(), parseMtdparts('x:512k(boot),256k(env),-(rest)')), /other data before the UBI/],
  ['other data behind the UBI of its partition', () => placeOn('nand', input(chip((bytes) => { bytes.fill(5, at.ubi + 10 * block, at.ubi + 11 * block) })), text), /damaged/],
  ['UBI of which only one block is left', () => cut(chip((bytes) => { bytes.fill(0xff, at.ubi + block, at.data) })), /erase blocks cannot be told/],
  ['a UBIFS without UBI', () => cut(chip((bytes) => { bytes.set(ubifsAlone(), at.kernel) })), /UBIFS without the UBI/],
  ['UBI of two block sizes', () => cut(chip((bytes) => { bytes.fill(0xff, at.data, at.data + 2 * block); bytes.set(buildUbiImage([{ id: 0, name: 'x', kind: 'dynamic', data: new Uint8Array(10) }], { eraseBytes: 2 * block }).subarray(0, 4 * block), at.kernel) })), /one chip has one size/],
])('refused: %s', (_what, work, why) => {
  expect(work).toThrow(why)
})

function ubifsAlone(): Uint8Array {
  const node = new Uint8Array(4096)
  const view = new DataView(node.buffer)
  view.setUint32(0, 0x06101831, true)
  view.setUint8(20, 6)
  return node
}

test('gaps that are erased, and partitions behind the image, are no reason to refuse', () => {
  const gap = cut(chip(), parseMtdparts('x:512k(boot),1024k@0xc0000(kernel),-(rest)'))
  expect(gap.parts.map(({ index }) => index)).toEqual([0, 1, 2])
  const short = cut(chip(undefined, 30))
  expect(short.parts.map(({ name }) => name)).toEqual(['mtd0', 'mtd1', 'mtd2', 'mtd3'])
  expect(short.warnings).toEqual(['data lies behind the end of the image and stays as it is'])
})

test('an erased block in the middle of raw data is written as it is, and told: it may have been a bad one', () => {
  const { warnings } = cut(chip((bytes) => { bytes.fill(0xff, at.kernel + block, at.kernel + 2 * block) }))
  expect(warnings.join()).toMatch(/^kernel has 1 erased block before its end/)
})

test('UBI whose first block was bad is UBI all the same', () => {
  const { parts } = cut(chip((bytes) => { bytes.fill(0xff, at.ubi, at.ubi + block); bytes.set(ubi, at.ubi + block) }))
  expect(parts[3]?.bytes.subarray(0, 4)).toEqual(new TextEncoder().encode('UBI#'))
  expect(parts[3]?.bytes.length).toBe(ubi.length)
})

test('whatever is cut, nothing is lost: the pieces and erased blocks between them are the image', () => {
  const bounds = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 })
  fc.assert(fc.property(bounds, fc.array(fc.constantFrom(0xff, 1, 2), { minLength: 8, maxLength: 8 }), (sizes, fills) => {
    const bytes = new Uint8Array(8 * block)
    fills.forEach((fill, index) => bytes.fill(fill, index * block, (index + 1) * block))
    const list = sizes.map((size, index) => `${String(size * 128)}k(p${String(index)})`).join(',')
    const parts = parseMtdparts(`x:${list}`)
    let pieces
    try { pieces = cut(bytes, parts).parts } catch (error) { expect(error).toMatchObject({ code: 'input/conflict' }); return }
    const again = new Uint8Array(bytes.length).fill(0xff)
    for (const { index, bytes: piece } of pieces) again.set(withoutErasedEnd(piece), parts[index]?.offsetBytes)
    expect(Buffer.compare(again, bytes)).toBe(0)
  }), { numRuns: 60 })
})
