import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressesAt, addressesIn, type ScreenRow } from './terminalLinks.ts'

test('web addresses are found where they stand, without what ends the sentence', () => {
  expect(addressesIn('see https://openipc.org/wiki?x=1, or (http://10.0.0.2:85/).')).toEqual([
    { address: 'https://openipc.org/wiki?x=1', from: 4, to: 32 }, { address: 'http://10.0.0.2:85/', from: 38, to: 57 },
  ])
})
test('nothing but the web is an address', () => {
  for (const text of ['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x', 'vbscript:x', 'https://', 'ftp://x/y']) expect(addressesIn(text)).toEqual([])
})
test('any line gives few places that lie inside it', () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.string({ maxLength: 30 }), fc.constant('https://a/'), fc.constant(' '))).map((parts) => parts.join('')), (line) => {
    const found = addressesIn(line)
    expect(found.length).toBeLessThanOrEqual(16)
    for (const { address, from, to } of found) expect(line.slice(from, to)).toBe(address)
  }))
})
test('a bracket of the address itself belongs to it, one of the text around it does not', () => {
  const found = (line: string) => addressesIn(line).map(({ address }) => address)
  expect(found('(see https://a.b/x_(1)), http://[fe80::1]. <http://c.d/>')).toEqual(['https://a.b/x_(1)', 'http://[fe80::1]', 'http://c.d/'])
})
test('an address that the screen broke is one, in each of its rows; the next line is another one', () => {
  const screen = (width: number, lines: readonly string[]): ScreenRow[] => lines.flatMap((line) => Array.from({ length: Math.max(1, Math.ceil(line.length / width)) }, (_, at) => ({ isWrapped: at > 0, cells: [...line.slice(at * width, (at + 1) * width).padEnd(width)] })))
  const rows = screen(20, ['at http://10.0.0.2/image.jpg, and', 'http://10.0.0.3/', 'a'])
  const at = (row: number) => addressesAt(row, (each) => rows[each])
  const whole = { address: 'http://10.0.0.2/image.jpg', start: { x: 4, y: 1 }, end: { x: 8, y: 2 } }
  expect([at(0), at(1), at(2), at(3), at(9)]).toEqual([[whole], [whole], [{ address: 'http://10.0.0.3/', start: { x: 1, y: 3 }, end: { x: 16, y: 3 } }], [], []])
})
test('a wide letter before it moves an address by its two cells, and a line without end is not walked', () => {
  const wide: ScreenRow = { isWrapped: false, cells: ['界', '', ' ', ...'http://a/', ' '] }
  expect(addressesAt(0, (row) => (row === 0 ? wide : undefined))).toEqual([{ address: 'http://a/', start: { x: 4, y: 1 }, end: { x: 12, y: 1 } }])
  let asked = 0
  const endless: ScreenRow = { isWrapped: true, cells: Array.from({ length: 80 }, () => 'x') }
  expect(addressesAt(50_000, () => { asked += 1; return endless })).toEqual([])
  expect(asked).toBeLessThan(60)
})
