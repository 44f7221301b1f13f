import { expect, test } from 'vitest'
import { type LineMark, placeMarks } from './lineMarks.ts'

const mark = (key: number, line: string, words = 'Rule'): LineMark => ({ key, line, words, tone: 'bad' })
const shown = (...texts: readonly string[]) => texts.map((text, row) => ({ row, text })).reverse()
const rowsOf = (lines: ReturnType<typeof shown>, ...marks: readonly LineMark[]): [number, number][] => [...placeMarks(lines, marks.toReversed())].toSorted(([a], [b]) => a - b)

test('each mark gets its line, also where the same words come again and again', () => {
  expect(rowsOf(shown('boot', 'panic: a', 'boot', 'panic: a', '# '), mark(1, 'panic: a'), mark(2, 'panic: a'))).toEqual([[1, 1], [2, 3]])
})
test('of older ones only those that are still there are placed, and none at the line of another', () => {
  expect(rowsOf(shown('panic: a', 'x', 'panic: b'), mark(1, 'panic: a'), mark(2, 'panic: a'), mark(3, 'panic: b'))).toEqual([[2, 0], [3, 2]])
  // The newest is not drawn yet, and does not take the place of the one before.
  expect(rowsOf(shown('oops 1', 'oops 2'), mark(1, 'oops 1'), mark(2, 'oops 2'), mark(3, 'oops 3'))).toEqual([[1, 0], [2, 1]])
  expect(rowsOf(shown('nothing'), mark(1, 'panic'))).toEqual([])
})
test('two rules that met one line stand at one line', () => {
  expect(rowsOf(shown('x', 'panic: oops'), mark(1, 'panic: oops', 'Panic'), mark(2, 'panic: oops', 'Oops'))).toEqual([[1, 1], [2, 1]])
})
test('a line with a prompt before it, and one that was cut, are known by their beginning', () => {
  expect(rowsOf(shown(`# ${'e'.repeat(300)}`), mark(1, 'e'.repeat(280)))).toEqual([[1, 0]])
})
