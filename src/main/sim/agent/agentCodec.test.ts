import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPacketReader, packPacket, sumOf, word, wordBytes } from './agentCodec.ts'

const hexOf = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.split(' '), (pair) => Number.parseInt(pair, 16))

describe("the simulated agent's own packets", () => {
  test('published sums', () => {
    expect(sumOf(new TextEncoder().encode('123456789'))).toBe(0xcbf43926)
    expect(sumOf(new Uint8Array(0x10000).fill(0xff))).toBe(0xdeab7e4e)
  })
  test.each([
    [0x83, '00', '02 83 05 77 d9 77 51 00'], [0x83, '02', '07 83 02 5b b8 79 bf 00'], [0x85, '44 45 46 49 42', '0b 85 44 45 46 49 42 cc 57 78 33 00'],
    [0x86, '00 01 00 00', '02 86 02 01 01 05 18 d8 46 f9 00'],
  ])('%i %s', (code, data, packet) => { expect(hexOf(packPacket(code, bytesOf(data)))).toBe(packet) })
  test('what is packed is read, in any pieces', () => {
    fc.assert(fc.property(fc.nat(255), fc.uint8Array({ maxLength: 1024 }), fc.nat(1100), (code, data, cut) => {
      const packet = packPacket(code, data)
      const reader = createPacketReader()
      expect([...reader.feed(packet.subarray(0, cut)), ...reader.feed(packet.subarray(cut))]).toEqual([{ code, data }])
    }))
  })
  test('both forms of a full last block are read', () => {
    const reader = createPacketReader()
    for (let length = 240; length < 262; length += 1) {
      const packet = packPacket(1, new Uint8Array(length).fill(9))
      expect(reader.feed(packet)).toHaveLength(1)
      // Without the empty block that some encoders leave out.
      if (packet.at(-2) === 1) expect(reader.feed(Uint8Array.of(...packet.subarray(0, -2), 0))).toHaveLength(1)
    }
  })
  test('noise and damage vanish', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 3_000 }), (noise) => {
      const reader = createPacketReader()
      reader.feed(noise)
      reader.feed(Uint8Array.of(0))
      expect(reader.feed(packPacket(6, new Uint8Array()))).toHaveLength(1)
    }))
    expect(createPacketReader().feed(bytesOf('06 01 1b df 05 a4 00'))).toEqual([])
  })
  test('words are little-endian', () => { expect(word(wordBytes(0x80_00_00_01), 0)).toBe(0x80_00_00_01) })
})
