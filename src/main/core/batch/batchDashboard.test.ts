import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evenly, histogramOf } from './batchDashboard.ts'

test('a histogram loses none and stands between the least and the most', () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 300 }), (values) => {
    const { count, bins, leastMs, mostMs } = histogramOf('x', values)
    expect(bins.reduce((a, b) => a + b, 0)).toBe(values.length)
    expect([count, leastMs, mostMs]).toEqual([values.length, Math.min(...values), Math.max(...values)])
  }))
  expect(histogramOf('x', [7, 7, 7]).bins[0]).toBe(3)
  expect(histogramOf('x', [0, 10]).bins.at(-1)).toBe(1)
})
test('of more than can be drawn an even choice, in order; of fewer all', () => {
  expect(evenly([1, 2, 3], 10)).toEqual([1, 2, 3])
  expect(evenly(Array.from({ length: 1_000 }, (_, index) => index), 10)).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900])
})
