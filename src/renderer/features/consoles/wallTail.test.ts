import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWallTail } from './wallTail.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('the last lines, cut to the tile, without colours', () => {
  const tail = createWallTail()
  tail.push(bytes('one\r\n\u001b[31mtwo\u001b[0m is long\r\nthree\r\nlogin: '))
  expect(tail.lines(3, 6)).toEqual(['two is', 'three', 'login:'])
  tail.skip()
  tail.push(bytes('# '))
  expect(tail.lines(3, 80)).toEqual(['#'])
  expect(tail.lines(0, 80)).toEqual([])
})
test('a flood leaves its end, wherever it is cut', () => {
  fc.assert(fc.property(fc.array(fc.nat(9_000), { maxLength: 20 }), (cuts) => {
    const whole = bytes(Array.from({ length: 3_000 }, (_, index) => `line ${index}`).join('\n'))
    const tail = createWallTail()
    let from = 0
    for (const cut of [...cuts, whole.length]) { tail.push(whole.subarray(from, from + cut)); from += Math.min(cut, whole.length - from) }
    tail.push(whole.subarray(from))
    expect(tail.lines(3, 40)).toEqual(['line 2997', 'line 2998', 'line 2999'])
  }))
})
test('a console without line ends, and noise, never throw and stay within the tile', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.nat(20), (noise, rows) => {
    const tail = createWallTail()
    tail.push(noise)
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
    short.push(bytes(text))
    long.push(bytes(`\u001b[0m${text}`))
    // Past many empty lines the long way does not look.
    const [all, some] = [short.lines(rows, 30), long.lines(rows, 30)]
    expect(all.slice(all.length - some.length)).toEqual(some)
  }))
})
