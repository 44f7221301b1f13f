import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc16Xmodem } from '../../../shared/bytes/crc16.ts'
import { encodeBoardQuery, encodeCv6xxHello, encodeData, encodeHead, encodeTail, encodeV500Hello } from './writer.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (...all: number[]): Uint8Array => Uint8Array.from(all)
const text = (words: string): Uint8Array => new TextEncoder().encode(words)

test.each([
  ['empty', bytes(), 0x0000],
  ['00', bytes(0), 0x0000],
  ['41', bytes(0x41), 0x58e5],
  ['"123456789"', text('123456789'), 0x31c3],
  ['ff ff ff ff', bytes(255, 255, 255, 255), 0x99cf],
  ['00 … ff', Uint8Array.from({ length: 256 }, (_, index) => index), 0x7e55],
])('CRC of %s', (_, data, crc) => { expect(crc16Xmodem(data)).toBe(crc) })

test.each([
  [0, 0, 'fe00ff010000000000000000b8a0'],
  [64, 0x04013000, 'fe00ff010000004004013000519c'],
  [64, 0x04017000, 'fe00ff0100000040040170005c50'],
  [128, 0x04013000, 'fe00ff0100000080040130006224'],
  [17408, 0x04010500, 'fe00ff010000440004010500d625'],
  [24576, 0x04010500, 'fe00ff010000600004010500e58c'],
  [236195, 0x41000000, 'fe00ff0100039aa341000000f41a'],
])('HEAD of %i bytes', (lengthBytes, address, frame) => { expect(hex(encodeHead(lengthBytes, address))).toBe(frame) })

test.each([
  [1, bytes(0), 'da01fe00c756'],
  [1, text('Hello'), 'da01fe48656c6c6fc531'],
  [255, bytes(0x55, 0xaa), 'daff0055aadf05'],
  [256, bytes(1, 2, 3, 4), 'da00ff01020304e58c'],
])('DATA %i', (sequence, data, frame) => { expect(hex(encodeData(sequence, data))).toBe(frame) })
test.each([
  [1, new Uint8Array(1024).fill(0xff), 'e4f4'],
  [2, Uint8Array.from({ length: 1024 }, (_, index) => index & 0xff), '490a'],
])('a full DATA %i', (sequence, data, end) => {
  expect(encodeData(sequence, data)).toHaveLength(1029)
  expect(hex(encodeData(sequence, data))).toMatch(new RegExp(`${end}$`))
})

test.each([
  [2, 'ed02fdbab0'], [3, 'ed03fc99a0'], [18, 'ed12edabf2'], [25, 'ed19e6c663'], [232, 'ede81719ad'], [256, 'ed00fffc90'],
])('TAIL %i', (sequence, frame) => { expect(hex(encodeTail(sequence))).toBe(frame) })

test.each([
  ['V500 hello', encodeV500Hello(), 'bd00ff010000000000000000607f'],
  ['CV6xx hello', encodeCv6xxHello(115_200), 'efbeadde1200f00f00c2010008010009c9f5'],
  ['board query', encodeBoardQuery(1_700_000_000), 'ce00ff016553f1006553f10000a6'],
])('%s', (_, frame, wanted) => { expect(hex(frame)).toBe(wanted) })

describe('every frame', () => {
  const word = fc.integer({ min: 0, max: 0xffff_ffff })
  test('has the remainder 0, its numbers in place, and a counter with its complement', () => {
    fc.assert(fc.property(word, word, fc.integer({ min: 1, max: 100_000 }), fc.uint8Array({ minLength: 1, maxLength: 1024 }), (length, address, sequence, data) => {
      const [head, piece, tail] = [encodeHead(length, address), encodeData(sequence, data), encodeTail(sequence)]
      for (const frame of [head, piece, tail, encodeBoardQuery(length)]) expect(crc16Xmodem(frame)).toBe(0)
      expect(new DataView(head.buffer).getUint32(4)).toBe(length)
      expect(new DataView(head.buffer).getUint32(8)).toBe(address)
      for (const frame of [piece, tail]) expect(frame[1]! ^ frame[2]!).toBe(0xff)
      expect(piece[1]).toBe(sequence % 256)
      expect(hex(piece.subarray(3, -2))).toBe(hex(data))
    }))
  })
  test('that would not be taken is not made', () => {
    expect(() => encodeData(1, new Uint8Array(1025))).toThrow(RangeError)
    expect(() => encodeData(1, new Uint8Array())).toThrow(RangeError)
  })
})
