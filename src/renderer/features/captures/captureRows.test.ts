import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CapturePiece } from '../../../shared/captures/captures.schema.ts'
import { hexRows, isLine, rowAt, rowsUntil, textRows } from './captureRows.ts'
import { decoded, foundAgain, hitSpans, segmentsOf } from './visibleText.ts'

const piece = (kind: CapturePiece['kind'], bytes: string, offset: number, atMs = offset): CapturePiece => ({ kind, bytes, offset, atMs, droppedBytes: 0 })
const story = (rows: ReturnType<typeof textRows>): string[] => rows.map((row) => (isLine(row) ? `${row.kind}@${String(row.offset)} ${row.bytes}` : `${row.kind}@${String(row.offset)}`))

test('lines of both directions stand where they began, with marks between', () => {
  const rows = textRows([piece('rx', 'one\r\n# ', 0), piece('tx', 'ls\r', 7), piece('rx', 'ls\r\n\r\nx', 10), piece('lost', '', 17), piece('found', '', 17, 40), piece('rx', 'y', 17, 50)])
  expect(story(rows)).toEqual(['rx@0 one', 'rx@5 # ls', 'tx@7 ls', 'rx@15 ', 'rx@16 x', 'lost@17', 'found@17', 'rx@17 y'])
  expect(rows[6]).toMatchObject({ awayMs: 23 })
  expect(rowAt(rows, 6)).toBe(1)
  expect(rowAt(rows, 999)).toBe(7)
  expect(rowAt([], 5)).toBe(0)
})
test('a line without an end is cut at 1024 bytes', () => {
  expect(textRows([piece('rx', 'x'.repeat(3000), 0)]).map(({ offset }) => offset)).toEqual([0, 1024, 2048])
})
test('where pieces are cut changes no row', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', '\r', '\n', '\u00ff'), maxLength: 60 })
  fc.assert(fc.property(letters, fc.array(fc.nat(60), { maxLength: 5 }), (text, cuts) => {
    const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length]
    const pieces = places.slice(1).map((end, index) => piece('rx', text.slice(places[index], end), places[index] ?? 0, 5))
    expect(story(textRows(pieces))).toEqual(story(textRows([piece('rx', text, 0, 5)])))
    expect(story(hexRows(pieces))).toEqual(story(hexRows([piece('rx', text, 0, 5)])))
    expect(hexRows(pieces).map((row) => (isLine(row) ? row.bytes : '')).join('')).toBe(text)
  }))
})
test('replay shows a line as it grew', () => {
  const rows = textRows([piece('rx', 'boot', 0, 100), piece('rx', 'ing', 4, 200), piece('rx', '\nup\n', 7, 300)])
  expect(story([...rowsUntil(rows, 99)])).toEqual([])
  expect(story([...rowsUntil(rows, 150)])).toEqual(['rx@0 boot'])
  expect(story([...rowsUntil(rows, 250)])).toEqual(['rx@0 booting'])
  expect(story([...rowsUntil(rows, 300)])).toEqual(['rx@0 booting', 'rx@8 up'])
})

test('controls, escapes and letters that turn the text are shown, never given to the page', () => {
  expect(segmentsOf('\u001b[1;31mFAIL\u001b[0m ok\u0007\u202eevil')).toEqual([
    { kind: 'control', text: '^[[1;31m' }, { kind: 'plain', text: 'FAIL' }, { kind: 'control', text: '^[[0m' }, { kind: 'plain', text: ' ok' },
    { kind: 'control', text: '^G<202e>' }, { kind: 'plain', text: 'evil' },
  ])
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
    const shown = segmentsOf(text).map((segment) => segment.text).join('')
    // eslint-disable-next-line no-control-regex -- none of these may come through
    expect(shown).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/)
  }))
})
test('bytes are read as UTF-8, and what is none shows as that', () => {
  expect(decoded('\u00c3\u00a4\u00ff')).toBe('ä\ufffd')
})
test('hits are marked in the line that the search gave, and found again in the line as it was', () => {
  const words = { text: 'panic KERNEL', isPattern: false, ignoreCase: false }
  expect(hitSpans('Kernel panic: panicked', words)).toEqual([[0, 6], [7, 12]])
  expect(hitSpans('crc 5a1c09ff', { text: '[0-9a-f]{8}', isPattern: true, ignoreCase: false })).toEqual([[4, 12]])
  expect(hitSpans('x', { text: '(', isPattern: true, ignoreCase: false })).toEqual([])
  expect(foundAgain('\u001b[1mKernel\u001b[0m panic', ['Kernel', 'panic'])).toEqual([[4, 10], [15, 20]])
  expect(segmentsOf('a kernel b', [[2, 8]]).map(({ kind }) => kind)).toEqual(['plain', 'hit', 'plain'])
})
