import { expect, test } from 'vitest'
import { drawAt, drawFigures, drawPath, topOf } from './drawLine.ts'

const points = [{ atMs: 0, watts: 2 }, { atMs: 15_000, watts: 1 }, { atMs: 30_000 }, { atMs: 60_000, watts: 0 }]

test('a line of steps, with a gap where nobody could tell, that ends where a reading is too old', () => {
  expect(drawPath(points, { fromMs: 0, untilMs: 300_000, wide: 300, high: 100, topWatts: 2 })).toBe('M0.0,0.0H15.0V50.0H30.0M60.0,100.0H135.0')
  expect(drawPath([], { fromMs: 0, untilMs: 1, wide: 1, high: 1, topWatts: 2 })).toBe('')
})

test('what it drew at a moment, and in all', () => {
  expect([drawAt(points, -1), drawAt(points, 14_999), drawAt(points, 15_000), drawAt(points, 40_000), drawAt(points, 135_000), drawAt(points, 136_000)]).toEqual([undefined, 2, 1, undefined, 0, undefined])
  expect(drawFigures(points)).toEqual({ least: 0, most: 2, mean: 1 })
  expect(drawFigures([{ atMs: 0 }])).toBeUndefined()
  expect([topOf([]), topOf(points), topOf([{ atMs: 0, watts: 12.4 }])]).toEqual([2, 3, 14])
})
