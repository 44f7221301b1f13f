import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseMemoryDump } from './memoryDump.ts'

const rows = (bytes: Uint8Array, address: number, gap = '    '): string[] => Array.from({ length: Math.ceil(bytes.length / 16) }, (_, row) => {
  const part = [...bytes.subarray(row * 16, row * 16 + 16)]
  const text = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
  return `${(address + row * 16).toString(16).padStart(8, '0')}:${part.map((byte) => ` ${byte.toString(16).padStart(2, '0')}`).join('')}${gap}${text}`
})
const bytes = Uint8Array.from({ length: 64 }, (_, index) => index * 5)

test('what was printed is what was there, whatever the length and the words in the text column', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.integer({ min: 0, max: 0x1000_0000 }), fc.constantFrom('    ', '  '), (content, start, gap) => {
    expect(parseMemoryDump(rows(content, start * 16, gap).join('\n'), start * 16, content.length)).toEqual(content)
  }))
})
test('a lost line, a short one and a foreign one are no dump', () => {
  const all = rows(bytes, 0x42000000)
  for (let lost = 0; lost < all.length; lost += 1) expect(parseMemoryDump(all.filter((_, index) => index !== lost).join('\n'), 0x42000000, 64)).toBeUndefined()
  expect(parseMemoryDump([...all.slice(0, 3), (all[3] ?? '').slice(0, 40)].join('\n'), 0x42000000, 64)).toBeUndefined()
  expect(parseMemoryDump(all.join('\n'), 0x42000010, 64)).toBeUndefined()
  expect(parseMemoryDump([...all, rows(bytes, 0x42001000)[0]].join('\n'), 0x42000000, 64)).toBeUndefined()
  expect(parseMemoryDump([...all, (all[0] ?? '').replace(' 00', ' 01')].join('\n'), 0x42000000, 64)).toBeUndefined()
  expect(parseMemoryDump(['boot noise', all[0], all[0], ...all.slice(1)].join('\n'), 0x42000000, 64)).toEqual(bytes)
})
test('digits of the text column are not data', () => {
  // A row of two bytes whose text reads like a third.
  expect(parseMemoryDump('42000000: 48 69    ab', 0x42000000, 3)).toBeUndefined()
  expect(parseMemoryDump('42000000: 48 69    ab', 0x42000000, 2)).toEqual(Uint8Array.of(0x48, 0x69))
})
test('hostile text: never anything but bytes of that length, or nothing', () => {
  fc.assert(fc.property(fc.string({ maxLength: 400 }), fc.integer({ min: 1, max: 64 }), (text, length) => {
    const parsed = parseMemoryDump(text, 0, length)
    expect(parsed === undefined || parsed.length === length).toBe(true)
  }))
})
