import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTrafficMarks } from './trafficMarks.ts'

test('one mark for a millisecond, one for each write', () => {
  const marks = createTrafficMarks()
  marks.received(0, 1_000)
  marks.received(5, 1_000)
  marks.sent(7, 1_000, Uint8Array.of(0x61, 0xff))
  marks.received(7, 1_000)
  marks.received(9, 1_001)
  expect(marks.after(0, 10)).toEqual([
    { sequence: 1, position: 0, atMs: 1_000 }, { sequence: 2, position: 7, atMs: 1_000, sent: 'a\u00ff' },
    { sequence: 3, position: 7, atMs: 1_000 }, { sequence: 4, position: 9, atMs: 1_001 },
  ])
  expect(marks.after(2, 1).map(({ sequence }) => sequence)).toEqual([3])
  expect(marks.after(4, 10)).toEqual([])
})
test('whatever passes, the memory is bounded and the newest is there', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 60 }), (sizes) => {
    const marks = createTrafficMarks()
    for (const [at, size] of sizes.entries()) marks.sent(at, at, new Uint8Array(size))
    for (let at = 0; at < 9_000; at += 1) marks.received(at, at + 1_000)
    const kept = marks.after(0, 100_000)
    expect(kept.length).toBeLessThanOrEqual(8_192)
    expect(kept.reduce((sum, { sent }) => sum + (sent?.length ?? 0), 0)).toBeLessThanOrEqual(256 * 1024)
    expect(kept.at(-1)?.sequence).toBe(marks.last)
  }), { numRuns: 10 })
})
test('times of bytes that the history has no more are dropped, and counts go on', () => {
  const marks = createTrafficMarks(10_000)
  for (let at = 0; at < 100_000; at += 1) marks.received(at * 100, at)
  const kept = marks.after(0, 100_000)
  expect(kept.length).toBeLessThan(600)
  expect(kept[0]?.position).toBeLessThanOrEqual(100_000 * 100 - 10_000)
  expect(kept.at(-1)).toEqual({ sequence: 100_000, position: 9_999_900, atMs: 99_999 })
  expect(kept.map(({ sequence }) => sequence)).toEqual(Array.from(kept, (_, index) => 100_000 - kept.length + 1 + index))
})
