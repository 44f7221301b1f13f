import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32, hexCrc } from '../../../shared/bytes/crc32.ts'
import { unpackLzma } from './lzma.ts'
import { ubootVersionsIn } from './ubootVersion.ts'

/** Packed by liblzma: words, noise, zeros, a version, and a row that repeats. */
const vectors = [
  ['lc=3 lp=0 pb=2', 'XQAAAQD//////////wBBADGMJiMmIgYEzBK79UVr6JmffRuH6mGpXp4O2TyUWltWO+lDXLLCLnh0j8NQ5gL5w812RtGvHQgYq96Rz0bfl3B9FZgYkbulopSbds2UOooYxH/EYDFWm9TOUSwadiCjpVXWrpLCxdVQ4s9OPYlIuu1nClGHRRO7wAbnQamM8ErRzikuNPY0JGPj+VReAvOO//On/qe+B1jLIsFhEsp/AQBJySzShmK/VwhZeHZcAaWpW7KjIHE3ioYfyRpKVcFqLWFmcc/QUCc62UrYjQS4VG37WZ///xP96QA='],
  ['lc=0 lp=2 pb=0', 'EgAAAQD//////////wBBADPiTBj4oTUCTtiXbRxNNrRkWghcCkNYzrKKjttY9yJk8eGO1++jbU1AyuKDHfrGCzA/dFIvouwkESJRiFVCgy9gLiLR+f8dgsSmv31e2thbjT6DkrYDgCkxBTbBtc0ISy0NOqQnG8Q5AqcDZ9C+9pWZJKC8RTSzwRwzxXOaQdAgfxLV7BJ31Aaap8LNtOqFwLBC7ZpdtQW+1Y1RRHQVzOPt5U6lE7V/xFTYqJ4DUoGUtuSNmx7y8Rcq8+QF5tAGP6Rx0YEDp/pEuauJGM9RkZvxiQZU/DBJ/ewj0g=='],
] as const
const packedOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
const mostBytes = 64 * 1024

test.each(vectors)('%s: what was packed comes out', (_settings, text) => {
  const unpacked = unpackLzma(packedOf(text), mostBytes)
  expect([unpacked.length, hexCrc(crc32(unpacked))]).toEqual([1144, '99615a20'])
  expect(ubootVersionsIn(unpacked)).toEqual(['U-Boot 2016.11 (Mar 20 2023 - 11:44:07 +0000)'])
})

test('a told length and the own limit end it', () => {
  const packed = packedOf(vectors[0][1])
  const whole = unpackLzma(packed, mostBytes)
  expect(unpackLzma(packed, 100)).toEqual(whole.subarray(0, 100))
  const told = packed.slice()
  new DataView(told.buffer).setBigUint64(5, 200n, true)
  expect(unpackLzma(told, mostBytes)).toEqual(whole.subarray(0, 200))
})

test('of a stream that is cut off, what came before', () => {
  const packed = packedOf(vectors[0][1])
  const whole = unpackLzma(packed, mostBytes)
  for (let length = 0; length < packed.length; length += 1) {
    const part = unpackLzma(packed.subarray(0, length), mostBytes)
    expect(part).toEqual(whole.subarray(0, part.length))
  }
})

test('noise and damage end, within the limit', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 255 }), (noise, at, flip) => {
    expect(unpackLzma(noise, mostBytes).length).toBeLessThanOrEqual(mostBytes)
    const packed = packedOf(vectors[0][1])
    packed[at % packed.length] = (packed[at % packed.length] ?? 0) ^ flip
    expect(unpackLzma(packed, mostBytes).length).toBeLessThanOrEqual(mostBytes)
    expect(unpackLzma(Uint8Array.from([0x5d, 0, 0, 1, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, ...noise]), mostBytes).length).toBeLessThanOrEqual(mostBytes)
  }))
})
