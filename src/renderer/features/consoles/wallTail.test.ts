import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWallTail } from './wallTail.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('the last lines, cut to the tile, without colours', () => {
  const tail = createWallTail()
  tail.push(bytes('one\r\n\u001b[31mtwo\u001b[0m is long\r\nthree\r\nlogin: '))
  expect(tail.text(3, 6)).toBe('two is\nthree\nlogin:')
  tail.skip()
  tail.push(bytes('# '))
  expect(tail.text(3, 80)).toBe('#')
})
test('a flood leaves its end, wherever it is cut', () => {
  fc.assert(fc.property(fc.array(fc.nat(9_000), { maxLength: 20 }), (cuts) => {
    const whole = bytes(Array.from({ length: 3_000 }, (_, index) => `line ${index}`).join('\n'))
    const tail = createWallTail()
    let from = 0
    for (const cut of [...cuts, whole.length]) { tail.push(whole.subarray(from, from + cut)); from += Math.min(cut, whole.length - from) }
    tail.push(whole.subarray(from))
    expect(tail.text(3, 40)).toBe('line 2997\nline 2998\nline 2999')
  }))
})
test('a console without line ends, and noise, never throw and stay within the tile', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.nat(20), (noise, rows) => {
    const tail = createWallTail()
    tail.push(noise)
    const lines = tail.text(rows, 30).split('\n')
    expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows))
    expect(lines.every((line) => line.length <= 30)).toBe(true)
  }))
})
