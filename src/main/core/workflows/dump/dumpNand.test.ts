import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deviceOf, findLayout, stretchesOf } from './dumpLayout.ts'
import { onGoodBlocks, placeOf } from './dumpNand.ts'
import type { NandFacts } from '../restore/nandMap.ts'

const block = 0x20000
const factsOf = (bad: readonly number[], blocks: number): NandFacts =>
  ({ geometry: { blockBytes: block, pageBytes: 2048, flashBytes: blocks * block }, table: undefined, bad: new Set(bad.map((each) => each * block)) })
const layoutOf = (mtdparts: string, blocks: number): ReturnType<typeof findLayout> =>
  findLayout({ request: { form: 'folder', mtdparts }, mtdparts: undefined, bootargs: undefined, flashBytes: blocks * block, kind: 'nand' })

/** `nand read` of U-Boot: from an offset on, and bad blocks are left out. */
function readBlocks(from: number, count: number, bad: ReadonlySet<number>): number[] {
  const got: number[] = []
  for (let at = from; got.length < count; at += block) if (!bad.has(at)) got.push(at)
  return got
}

test('every good block of every partition is read once and in order, and none of another partition', () => {
  const parts = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 2 }), length: fc.integer({ min: 1, max: 12 }) }), { minLength: 1, maxLength: 8 })
  fc.assert(fc.property(parts, fc.uniqueArray(fc.integer({ min: 0, max: 111 })), fc.integer({ min: 1, max: 9 }), (list, badList, most) => {
    let next = 0
    const table = list.map(({ gap, length }, index) => {
      const at = next + gap
      next = at + length
      return { name: `p${index}`, at, length }
    })
    const facts = factsOf(badList, 112)
    const { ranges } = onGoodBlocks(layoutOf(`hinand:${table.map(({ name, at, length }) => `${length * 128}k@${at * 128}k(${name})`).join(',')}`, 112), facts, 'folder')
    const seen = new Map<string, number[]>()
    for (const stretch of stretchesOf(ranges, most * block)) {
      const got = readBlocks(placeOf(stretch.offsetBytes, block, facts.bad), stretch.lengthBytes / block, facts.bad)
      for (const { range, rangeOffsetBytes, stretchOffsetBytes, lengthBytes } of stretch.slices) {
        const own = seen.get(range.name) ?? []
        expect(rangeOffsetBytes).toBe(own.length * block)
        seen.set(range.name, [...own, ...got.slice(stretchOffsetBytes / block, (stretchOffsetBytes + lengthBytes) / block)])
      }
    }
    for (const { name, at, length } of table) {
      const good = Array.from({ length }, (_, index) => (at + index) * block).filter((each) => !facts.bad.has(each))
      expect(seen.get(name) ?? []).toEqual(good)
    }
  }))
})

test('a partition of bad blocks only has no file, and that is told', () => {
  const { ranges, warnings } = onGoodBlocks(layoutOf('hinand:256k(a),256k(b)', 4), factsOf([2, 3], 4), 'folder')
  expect(ranges.map(({ name }) => name)).toEqual(['a'])
  expect(warnings).toEqual(['b has 2 bad blocks, at 0x40000, 0x60000: its file is that much shorter than the partition'])
})

test('of a table for two chips the part for the one that is dumped is taken, and alone is kept in the record', () => {
  const both = 'hi_sfc:1m(boot),-(rest);hinand:4m(kernel),-(ubi)'
  expect(deviceOf(both, 'nand').parts.map(({ name }) => name)).toEqual(['kernel', 'ubi'])
  expect(layoutOf(both, 64).mtdparts).toBe('hinand:4096k(kernel),-(ubi)')
  expect(() => deviceOf('a:1m(x);b:1m(y)', 'nand')).toThrow(expect.objectContaining({ code: 'input/malformed' }))
  expect(() => deviceOf('hi_sfc:1m(x)', 'nand')).toThrow(expect.objectContaining({ code: 'input/conflict' }))
  expect(deviceOf('spi:1m(x)', 'nor').id).toBe('spi')
})
