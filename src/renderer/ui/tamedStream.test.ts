import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTamedStream } from './tamedStream.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const tame = (text: string): string => createTamedStream().push(bytes(text))
const esc = '\u001b'

test('what draws stays as it is', () => {
  for (const text of ['plain\r\n', `${esc}[1;31mred${esc}[0m`, `${esc}[38;2;1;2;3m`, `${esc}[2J${esc}[H`, `${esc}[12;40H`, `${esc}[K`, `${esc}7${esc}8`, `${esc}(0lqk${esc}(B`, `${esc}[?1049h${esc}[?25l${esc}[?1h${esc}=`, 'Grüße 漢字 é\t\b', `${esc}[3;20r${esc}M`]) expect(tame(text)).toBe(text)
})
test('nothing reaches clipboard or title, and no link is hidden under words', () => {
  for (const end of ['\u0007', `${esc}\\`]) {
    expect(tame(`a${esc}]52;c;cm0gLXJm${end}b`)).toBe('ab')
    expect(tame(`a${esc}]0;Rackbench: all fine${end}b`)).toBe('ab')
    expect(tame(`${esc}]8;;https://evil.example${end}https://openipc.org${esc}]8;;${end}`)).toBe('https://openipc.org')
    expect(tame(`a${esc}P1$r0m${end}${esc}_x${end}${esc}^x${end}${esc}Xx${end}b`)).toBe('ab')
  }
})
test('nothing that a terminal answers gets to it', () => {
  for (const question of ['[c', '[0c', '[>c', '[=c', '[5n', '[6n', '[?6n', '[?15n', '[>q', '[>0q', '[4$p', '[?2026$p', '[18t', '[21t', '[x', '[?u', 'Z', ']4;1;?\u0007', ']10;?\u0007', 'P$qm\u001b\\', 'P+q544e\u001b\\']) expect(tame(`a${esc}${question}b`)).toBe('ab')
  for (const second of ['\u009b6n', '\u009d52;c;x\u0007', '\u0090$qm\u009c']) expect(tame(second)).not.toMatch(/[\u0080-\u009f]/)
  expect(tame('\u0005')).toBe('')
})
test('mouse and focus reports, other columns and held-back output stay off', () => {
  for (const mode of [3, 5, 9, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2026]) expect(tame(`${esc}[?${String(mode)}h`)).toBe('')
  expect(tame(`${esc}[?25;1003;1h`)).toBe(`${esc}[?25;1h`)
})
test('a bomb of large numbers costs a bounded number of steps', () => {
  expect(tame(`${esc}[2147483647b`)).toBe(`${esc}[256b`)
  expect(tame(`${esc}[2147483647;2147483647H`)).toBe(`${esc}[999;999H`)
  const bomb = tame(`${esc}[99999999L`.repeat(10_000))
  expect(bomb.length / `${esc}[256L`.length).toBeLessThan(16)
  expect(tame(`${esc}c`.repeat(10_000)).length).toBeLessThan(32)
  expect(tame(`${esc}[${'1;'.repeat(100_000)}mred`)).toBe('red')
})
test('one letter carries few accents, and letters keep their order', () => {
  expect(tame(`e${'\u0301'.repeat(100_000)}x`)).toBe(`e${'\u0301'.repeat(4)}x`)
  expect(tame('https://\u202egro.cpinepo')).toBe('https://gro.cpinepo')
})
test('an unfinished string hides no later line', () => {
  expect(tame(`${esc}]noise that never ends\r\nlogin: `)).toBe('\r\nlogin: ')
})
test('the cuts do not matter, noise never throws, and what comes out is clean already', () => {
  const piece = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constantFrom('[6n', '[1;31m', ']52;c;x\u0007', '[?1003h', '[5L', '(0', 'c', 'P1q').map((text) => bytes(`${esc}${text}`)), fc.string({ unit: 'grapheme', maxLength: 5 }).map(bytes))
  fc.assert(fc.property(fc.array(piece, { maxLength: 20 }), fc.array(fc.nat(200), { maxLength: 8 }), (pieces, cuts) => {
    const whole = Uint8Array.from(pieces.flatMap((one) => [...one]))
    const expected = createTamedStream().push(whole)
    const stream = createTamedStream()
    const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length]
    expect(places.slice(1).map((end, index) => stream.push(whole.subarray(places[index], end))).join('')).toBe(expected)
    expect(createTamedStream().push(bytes(expected))).toBe(expected)
  }))
})
test('Latin-1 reads each byte as one letter', () => {
  expect(createTamedStream('latin-1').push(Uint8Array.of(0x47, 0x72, 0xfc, 0xdf, 0x65))).toBe('Grüße')
})
