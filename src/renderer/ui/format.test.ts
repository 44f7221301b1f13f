import { expect, test } from 'vitest'
import { shortSize } from './format.ts'

test('a rate has four letters at most, and little differences do not show', () => {
  expect([0, 230, 999, 1_000, 9_700, 11_200, 11_400, 102_400, 1_023_000, 1_024_000, 10_000_000].map(shortSize)).toEqual(['0', '230', '999', '1.0K', '9.5K', '11K', '11K', '100K', '999K', '1.0M', '9.5M'])
  for (let bytes = 1; bytes < 5e8; bytes = Math.ceil(bytes * 1.01)) expect(shortSize(bytes).length).toBeLessThanOrEqual(4)
})
