import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { detectSplBytes, encodeFastbootBlob, maxBlobBytes, withoutLongFfRuns } from './writer.ts'

const none = new Uint8Array()
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list)
const addresses = { splAddress: 0x04010500, stepAddress: 0x04013000, payloadAddress: 0x41000000 }
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')

test('published blobs, byte for byte', () => {
  expect(hex(encodeFastbootBlob({ ...addresses, prestep0: bytes(1, 2, 3, 4), ddrstep0: bytes(5, 6), prestep1: none, spl: text('SPL'), payload: text('AGENT') })))
    .toBe('0401050004013000410000000004010203040002050600000000000353504c000000054147454e54')
  expect(hex(encodeFastbootBlob({
    ...addresses, payloadAddress: 0x81000000, prestep0: none, ddrstep0: bytes(0xde, 0xad, 0xbe, 0xef), prestep1: bytes(0xca, 0xfe), spl: bytes(0x90, 0x90, 0x90, 0x90), payload: bytes(0x55),
  }))).toBe('04010500040130008100000000000004deadbeef0002cafe00000004909090900000000155')
  const large = encodeFastbootBlob({
    ...addresses, prestep0: new Uint8Array(64).fill(0xab), ddrstep0: new Uint8Array(64).fill(0xcd), prestep1: none,
    spl: new Uint8Array(24576).fill(0x90), payload: new Uint8Array(17104).fill(0x55),
  })
  expect(large.length).toBe(41834)
  expect(createHash('sha256').update(large).digest('hex')).toBe('77474c11cafccc2991fa797a05c0d71eb6ad6e5bde393dc3df3dd9a2a0bbc77a')
})

test('a blob over 1 MiB is refused with its excess', () => {
  expect(() => encodeFastbootBlob({ ...addresses, prestep0: none, ddrstep0: none, prestep1: none, spl: none, payload: new Uint8Array(maxBlobBytes) })).toThrow(/26 more/)
})

const image = (length: number, at: number, mark: readonly number[]): Uint8Array => {
  const made = new Uint8Array(length)
  made.set(mark.slice(0, Math.max(0, length - at)), at)
  return made
}
const gzip = [0x1f, 0x8b, 0x08]
const lzma = (dictionary: number): number[] => [0x5d, dictionary & 0xff, (dictionary >> 8) & 0xff, (dictionary >> 16) & 0xff, dictionary >>> 24]

test.each([
  [image(0x8000, 0x52f0, gzip), 0x6000, undefined, 0x5000],
  [image(0x8000, 0x5000, gzip), 0x6000, undefined, 0x5000],
  [image(0x10000, 0x6d00, lzma(1 << 23)), 0x4f00, undefined, 0x6c00],
  [image(0x10000, 0x4410, lzma(1 << 23)), 0x2300, 0x3b00, 0x3b00],
  [image(0x10000, 0, []), 0x6000, undefined, 0x6000],
  [image(0x10000, 0, []), 0x6000, 0x3b00, 0x6000],
  [image(0x10000, 0x3ff0, gzip), 0x6000, undefined, 0x6000],
  [image(0x10000, 0x5000, [0x5d, 0x01, 0x00, 0x80, 0x00]), 0x6000, undefined, 0x6000],
  [image(0x10000, 0x5000, lzma(1 << 25)), 0x6000, undefined, 0x6000],
  [image(0x10000, 0x5000, lzma(1 << 16)), 0x6000, undefined, 0x5000],
  [image(0x10010, 0xffff, gzip), 0x6000, undefined, 0xfc00],
  [image(0x5001, 0x5000, gzip), 0x6000, undefined, 0x6000],
] as const)('SPL length, row %#', (given, fallback, limit, expected) => {
  expect(detectSplBytes(given, fallback, limit)).toBe(expected)
})

test('runs of twelve and more ff become zeros, eleven stay', () => {
  const ff = (count: number): number[] => new Array<number>(count).fill(0xff)
  const zero = (count: number): number[] => new Array<number>(count).fill(0)
  expect([...withoutLongFfRuns(bytes(...ff(11)))]).toEqual(ff(11))
  expect([...withoutLongFfRuns(bytes(...ff(12)))]).toEqual(zero(12))
  expect([...withoutLongFfRuns(bytes(0x41, ...ff(12), 0x42))]).toEqual([0x41, ...zero(12), 0x42])
  expect([...withoutLongFfRuns(bytes(...ff(11), 0, ...ff(13)))]).toEqual([...ff(11), ...zero(14)])
  expect([...withoutLongFfRuns(bytes(0x41, ...ff(20)))]).toEqual([0x41, ...zero(20)])
})
