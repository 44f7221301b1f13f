import { expect, test } from 'vitest'
import { createViewerNames } from './writerDesk.ts'

test('a window keeps its name from one console to the next, and another gets it only when it has long gone', () => {
  let nowMs = 0
  const names = createViewerNames({ nowMs: () => nowMs })
  const [first, second, third] = ['a', 'b', 'c'].map((id) => ({ id, name: '' }))
  if (!first || !second || !third) throw new Error('three viewers')
  names.came(first)
  names.came(second)
  expect([names.nameOf(first), names.nameOf(second)]).toEqual(['window 1', 'window 2'])
  // Both go to another console, the second one first.
  names.left(first)
  names.left(second)
  names.came(second)
  names.came(first)
  expect([names.nameOf(first), names.nameOf(second)]).toEqual(['window 1', 'window 2'])
  names.left(first)
  nowMs += 599_999
  expect(names.nameOf(third)).toBe('window 3')
  nowMs += 1
  names.came({ id: 'd', name: '' })
  expect(names.nameOf({ id: 'd', name: '' })).toBe('window 1')
  // Who comes back after that is not mistaken for it.
  names.came(first)
  expect(names.nameOf(first)).toBe('window 4')
})
