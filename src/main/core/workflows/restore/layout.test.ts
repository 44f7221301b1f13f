import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOfLoad, checkFits, cutToFit, groupLoads, offsetsInLoad, placeParts, writingOrder, type PlacedPart } from './layout.ts'
import type { ImagePart, RestoreInput } from './rawInput.ts'

const kib = 1024
const part = (index: number, lengthKib: number): ImagePart => ({ name: `mtd${index}`, source: `mtd${index}`, index, bytes: new Uint8Array(lengthKib * kib).fill(index), partitionBytes: undefined })
const input = (...parts: ImagePart[]): RestoreInput => ({ kind: 'folder', path: '/x', parts, totalBytes: 0, warnings: [] })
const published = input(part(0, 256), part(1, 64), part(2, 3072), part(3, 4272))

test('offsets are the sums of the lengths before', () => {
  expect(placeParts(published, undefined).map(({ name, offsetBytes, eraseBytes }) => [name, offsetBytes, eraseBytes])).toEqual([
    ['mtd0', 0, 0x40000], ['mtd1', 0x40000, 0x10000], ['mtd2', 0x50000, 0x300000], ['mtd3', 0x350000, 0x430000],
  ])
})

test('mtdparts wins, also for NOR and with gaps', () => {
  const text = 'hi_sfc:256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(data)'
  expect(placeParts(input(part(1, 64), part(3, 128)), text).map(({ offsetBytes }) => offsetBytes)).toEqual([0x40000, 0x350000])
  expect(() => placeParts(input(part(1, 65)), text)).toThrow(expect.objectContaining({ code: 'input/too-large' }))
  expect(() => placeParts(input(part(7, 1)), text)).toThrow(expect.objectContaining({ code: 'input/conflict' }))
})

test('a trimmed partition before another is refused: the next one would not start on an erase block', () => {
  expect(() => placeParts(input(part(0, 255), part(1, 64)), undefined)).toThrow(/inside an erase block/)
})

test('overlaps are refused', () => {
  expect(() => placeParts(input(part(0, 128), part(1, 64)), 'x:64k(a),64k@0(b)')).toThrow(expect.objectContaining({ code: 'input/too-large' }))
  expect(() => placeParts(input(part(0, 128), part(1, 64)), 'x:128k(a),64k@64k(b)')).toThrow(/would reach into mtd1/)
})

test('nothing ends behind the flash', () => {
  expect(() => placeParts(input(part(0, 33 * 1024)), undefined)).toThrow(expect.objectContaining({ code: 'input/too-large' }))
  expect(() => { checkFits({ name: 'mtd3', endBytes: 0x800001 }, 0x800000) }).toThrow(/past the 8 MiB/)
  checkFits({ name: 'mtd3', endBytes: 0x800000 }, 0x800000)
})

test('boot is written last, the largest first', () => {
  expect(writingOrder(placeParts(published, undefined)).map(({ name }) => name)).toEqual(['mtd3', 'mtd2', 'mtd1', 'mtd0'])
})

test('small neighbours share a load', () => {
  const loads = groupLoads(writingOrder(placeParts(published, undefined)), 8 * 1024 * kib, 'x')
  expect(loads.map(({ parts }) => parts.map(({ name }) => name))).toEqual([['mtd3'], ['mtd2', 'mtd1', 'mtd0']])
})

test('an image of the whole flash is cut behind the boot area and at the limit, so that boot can go last', () => {
  const flash = input({ ...part(0, 16 * 1024), name: 'flash' })
  const cut = writingOrder(cutToFit(placeParts(flash, undefined), 8 * 1024 * kib))
  expect(cut.map(({ name, offsetBytes, bytes }) => [name, offsetBytes, bytes.length / kib])).toEqual([
    ['flash.1', 0x40000, 8192], ['flash.2', 0x840000, 7936], ['flash.0', 0, 256],
  ])
})

test('whatever is cut and grouped, every byte has its place exactly once', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 12 }), (blocks, limitBlocks) => {
    let at = 0
    const parts = blocks.map((count, index): PlacedPart => {
      const offsetBytes = at
      const bytes = new Uint8Array(count * 0x10000 - (index === blocks.length - 1 ? 5 : 0))
      for (let byte = 0; byte < bytes.length; byte += 251) bytes[byte] = (byte * 7 + index + 1) & 0xff
      at += count * 0x10000
      return { name: `mtd${index}`, source: '', offsetBytes, bytes, eraseBytes: count * 0x10000, isBoot: offsetBytes === 0 }
    })
    const wanted = new Uint8Array(at)
    parts.forEach((each) => { wanted.set(each.bytes, each.offsetBytes) })
    const limit = limitBlocks * 0x10000
    const loads = groupLoads(writingOrder(cutToFit(parts, limit)), limit, 'x')
    const written = new Uint8Array(at)
    const touched = new Uint8Array(at / 4096)
    for (const load of loads) {
      expect(load.lengthBytes).toBeLessThanOrEqual(limit)
      const bytes = bytesOfLoad(load)
      offsetsInLoad(load).forEach((offset, index) => {
        const placed = load.parts[index]!
        written.set(bytes.subarray(offset, offset + placed.bytes.length), placed.offsetBytes)
        for (let byte = 0; byte < placed.bytes.length; byte += 4096) touched[(placed.offsetBytes + byte) / 4096]! += 1
      })
    }
    expect(Buffer.compare(Buffer.from(written), Buffer.from(wanted))).toBe(0)
    expect(touched.reduce((most, count) => Math.max(most, count), 0)).toBe(1)
    expect(loads.at(-1)?.parts.at(-1)?.isBoot).toBe(true)
  }), { numRuns: 30 })
})
