import { expect, test } from 'vitest'
import { barsOf, bootField, placeOf } from './batchPlots.ts'

const histogram = { name: 'write', count: 1_001, leastMs: 100, mostMs: 300, bins: [0, 1_000, 0, 1] }

test('a bar for each bin that holds something; one of a thousand is seen', () => {
  const bars = barsOf(histogram, 400, 40)
  expect(bars.map(({ x, height, count, fromMs }) => [x, height, count, fromMs])).toEqual([[100, 40, 1_000, 150], [300, 2, 1, 250]])
})
test('a time stands between the least and the most, and all alike stand at the left', () => {
  expect([placeOf(200, histogram, 400), placeOf(999, histogram, 400), placeOf(5, { ...histogram, leastMs: 5, mostMs: 5 }, 400)]).toEqual([200, 400, 0])
})
test('boots by cycle: one path an image, and nothing where nothing has booted', () => {
  expect(bootField([], 100, 100)).toBeUndefined()
  const field = bootField([{ image: 'a', count: 2, points: [{ cycle: 1, camera: 'x', ms: 5_000 }, { cycle: 3, camera: 'x', ms: 10_000 }] }], 100, 100)
  expect(field).toMatchObject({ lastCycle: 3, dots: [{ image: 'a', count: 2 }] })
  expect(field?.dots[0]?.path.match(/M/g)).toHaveLength(2)
  expect(field?.topMs).toBeGreaterThan(10_000)
})
