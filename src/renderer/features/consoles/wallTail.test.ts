import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWallTail } from './wallTail.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('the last lines, cut to the tile, without colours', () => {
  const tail = createWallTail()
  tail.push(bytes('one\r\n\u001b[31mtwo\u001b[0m is long\r\nthree\r\nlogin: '), 0)
  expect(tail.lines(3, 6)).toEqual(['two is', 'three', 'login:'])
  tail.skip()
  tail.push(bytes('# '), 0)
  expect(tail.lines(3, 80)).toEqual(['#'])
  expect(tail.lines(0, 80)).toEqual([])
})
test('a flood leaves its end, wherever it is cut', () => {
  fc.assert(fc.property(fc.array(fc.nat(9_000), { maxLength: 20 }), (cuts) => {
    const whole = bytes(Array.from({ length: 3_000 }, (_, index) => `line ${index}`).join('\n'))
    const tail = createWallTail()
    let from = 0
    for (const cut of [...cuts, whole.length]) { tail.push(whole.subarray(from, from + cut), from); from += Math.min(cut, whole.length - from) }
    tail.push(whole.subarray(from), from)
    expect(tail.lines(3, 40)).toEqual(['line 2997', 'line 2998', 'line 2999'])
  }))
})
test('a console without line ends, and noise, never throw and stay within the tile', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.nat(20), (noise, rows) => {
    const tail = createWallTail()
    tail.push(noise, 0)
    const lines = tail.lines(rows, 30)
    expect(lines.length).toBeLessThanOrEqual(rows)
    expect(lines.every((line) => line.length <= 30)).toBe(true)
  }))
})
test('plain text reads the same by the short way and by the long one', () => {
  const piece = fc.constantFrom('one', 'two  ', '\t', ' ', '\r', '\r\n', '\n', '\n\n', 'x'.repeat(40))
  fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 6 }), (pieces, rows) => {
    const [short, long] = [createWallTail(), createWallTail()]
    // A colour in the oldest line, within what is looked at, is what makes it the long way.
    const text = `first\n${pieces.join('')}`
    short.push(bytes(text), 0)
    long.push(bytes(`\u001b[0m${text}`), 0)
    // Past many empty lines the long way does not look.
    const [all, some] = [short.lines(rows, 30), long.lines(rows, 30)]
    expect(all.slice(all.length - some.length)).toEqual(some)
  }))
})
test('a line is found by its place in the history, for as long as it is shown', () => {
  const tail = createWallTail()
  const text = ['one', '', 'same', 'two', 'same', '\u001b[31mred\u001b[0m', 'end'].join('\r\n')
  tail.push(bytes(text.slice(0, 9)), 1_000)
  tail.push(bytes(text.slice(9)), 1_009)
  const at = (line: string, from = 0): number => 1_000 + text.indexOf(line, from)
  expect(tail.lines(6, 9)).toEqual(['one', 'same', 'two', 'same', 'red', 'end'])
  expect([at('one'), at('same'), at('same', 12), at('\u001b'), at('end')].map((position) => tail.rowAt(position, 6))).toEqual([0, 1, 3, 4, 5])
  // Cut above, before, and not said yet.
  expect([at('same'), at('same', 12), 990, 2_000].map((position) => tail.rowAt(position, 3))).toEqual([undefined, 0, undefined, undefined])
  tail.push(bytes('\r\nmore'), 1_000 + text.length)
  expect(tail.rowAt(at('same', 12), 3)).toBeUndefined()
  expect(tail.rowAt(at('end'), 3)).toBe(1)
})
test('a console that begins with an empty line is read to its beginning, once', () => {
  const tail = createWallTail()
  tail.push(bytes('\nlogin: '), 0)
  expect(tail.lines(5, 80)).toEqual(['login:'])
  tail.skip()
  tail.push(bytes('\n\n\n'), 0)
  expect(tail.lines(5, 80)).toEqual([])
})
test('whatever was said, a place is that of the line that begins there, or none', () => {
  const line = fc.stringMatching(/^[a-z ]{0,12}$/)
  fc.assert(fc.property(fc.array(line, { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 9 }), fc.nat(59), (lines, rows, pick) => {
    const tail = createWallTail()
    tail.push(bytes(lines.join('\n')), 5)
    const at = pick % lines.length
    const wanted = (lines[at] ?? '').trimEnd()
    const row = tail.rowAt(5 + lines.slice(0, at).join('\n').length + (at > 0 ? 1 : 0), rows)
    const shownBelow = lines.slice(at + 1).filter((each) => each.trimEnd() !== '').length
    if (wanted !== '') expect(row).toBe(shownBelow < rows ? tail.lines(rows, 99).length - 1 - shownBelow : undefined)
  }))
})
