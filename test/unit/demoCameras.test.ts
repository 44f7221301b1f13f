import { expect, test } from 'vitest'
import { demoCamerasOf } from '../../src/main/composition/demoRack.ts'

test('the demo rack has as many cameras as are wished for, and twelve for what is no number of cameras', () => {
  expect([1, 40, 100].map(demoCamerasOf)).toEqual([1, 40, 100])
  expect([undefined, Number('forty'), Number(undefined), 0, 101, 1.5].map(demoCamerasOf)).toEqual([12, 12, 12, 12, 12, 12])
})
