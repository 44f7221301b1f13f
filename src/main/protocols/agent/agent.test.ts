import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32, hexCrc } from '../../../shared/bytes/crc32.ts'
import { joinBytes } from '../../../shared/lifecycle/byteQueue.ts'
import { decodeCobs, encodeCobs } from './cobs.ts'
import type { AgentAnswer, AgentCommand, AgentFrame } from './frame.ts'
import { createPacketParser, parseAnswer, parseEraseProgress, parseFlashProgress, parsePacket, parseReadData } from './parser.ts'
import { encodeCommand, encodeData, encodePacket, padBitmap, sectorBitmap } from './writer.ts'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.split(' ').filter(Boolean), (pair) => Number.parseInt(pair, 16))
const hexOf = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
const ones = (count: number): string => Array.from({ length: count }, () => '01').join(' ')
const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const answerIn = (hex: string): AgentAnswer | undefined => {
  const [frame] = createPacketParser().push(bytesOf(hex))
  return frame?.kind === 'packet' ? parseAnswer(frame) : undefined
}

/** Sectors of ff; 00 then ff; ff. */
const threeSectors = ((): Uint8Array => {
  const image = new Uint8Array(3 * 0x10000).fill(0xff)
  image[0x10000] = 0
  return image
})()

describe('COBS', () => {
  const rows: readonly [string, string][] = [
    ['', '01'], ['00', '01 01'], ['00 00', '01 01 01'], ['11 22 00 33', '03 11 22 02 33'], ['11 22 33 44', '05 11 22 33 44'],
    ['11 00 00 00', '02 11 01 01 01'], [ones(253), `fe ${ones(253)}`], [ones(254), `ff ${ones(254)} 01`],
    [ones(255), `ff ${ones(254)} 02 01`], [`${ones(254)} 00`, `ff ${ones(254)} 01 01`],
  ]
  test.each(rows)('%.30s', (data, encoded) => {
    expect(hexOf(encodeCobs(bytesOf(data)))).toBe(encoded)
    expect(hexOf(decodeCobs(bytesOf(encoded))!)).toBe(data)
  })
  test('a full last block is read without the block behind it, too', () => {
    expect(decodeCobs(bytesOf(`ff ${ones(254)}`))).toEqual(bytesOf(ones(254)))
  })
  test.each(['00', '03 11 00', '05 11 22', '02', 'ff 01'])('%s is no COBS', (encoded) => { expect(decodeCobs(bytesOf(encoded))).toBeUndefined() })
  test('what is encoded has no zero and is read back', () => {
    const zeroRich = fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { maxLength: 1_100 }).map((list) => Uint8Array.from(list))
    const zeroFree = fc.integer({ min: 0, max: 1_100 }).map((length) => new Uint8Array(length).fill(7))
    fc.assert(fc.property(fc.oneof(zeroRich, zeroFree), (data) => {
      const encoded = encodeCobs(data)
      expect(encoded.includes(0)).toBe(false)
      expect(decodeCobs(encoded)).toEqual(data)
    }))
  })
})

describe('CRC-32', () => {
  const rows: readonly [string, Uint8Array, string][] = [
    ['nothing', new Uint8Array(), '00000000'], ['123456789', textBytes('123456789'), 'cbf43926'], ['hello', textBytes('hello'), '3610a686'],
    ['4096 blank bytes', new Uint8Array(4096).fill(0xff), 'f154670a'], ['00 to ff', Uint8Array.from({ length: 256 }, (_, index) => index), '29058c73'],
    ['64 KiB blank', new Uint8Array(0x10000).fill(0xff), 'deab7e4e'], ['128 KiB blank', new Uint8Array(0x20000).fill(0xff), '154803cc'],
    ['three sectors', threeSectors, 'f20026b7'],
  ]
  test.each(rows)('%s', (_, bytes, crc) => { expect(hexCrc(crc32(bytes))).toBe(crc) })
})

describe('packets', () => {
  const rows: readonly [AgentCommand, string][] = [
    [{ kind: 'info' }, '06 01 1b df 05 a5 00'],
    [{ kind: 'read', address: 0x14000000, lengthBytes: 4096 }, '02 02 01 01 02 14 02 10 01 05 1a ae b9 41 00'],
    [{ kind: 'write', address: 0x42000000, lengthBytes: 5, crc32: 0x3610a686 }, '02 03 01 01 03 42 05 01 01 09 86 a6 10 36 54 40 85 9a 00'],
    [{ kind: 'erase', address: 0x50000, lengthBytes: 0x10000 }, '02 04 01 02 05 01 01 02 01 05 50 e5 33 f2 00'],
    [{ kind: 'crc32', address: 0x14000000, lengthBytes: 0x100000 }, '02 05 01 01 02 14 01 02 10 05 f2 72 3c 73 00'],
    [{ kind: 'reboot' }, '06 06 b8 4a 61 3b 00'],
    [{ kind: 'set-baud', baudRate: 921600 }, '02 08 03 10 0e 05 22 32 f7 74 00'],
    [{ kind: 'set-baud', baudRate: 115200 }, '02 08 03 c2 01 05 b3 cf 62 7d 00'],
    [{ kind: 'scan' }, '06 09 29 57 de ab 00'],
    [{ kind: 'mark-bad', block: 5 }, '03 0c 05 01 01 05 2e ea 0c 34 00'],
    [{ kind: 'memory-bandwidth', lengthBytes: 0, iterations: 0, address: 0 }, '02 0d 01 01 01 01 01 01 01 01 01 01 01 05 fc 26 58 48 00'],
    [
      { kind: 'flash-stream', flashAddress: 0, lengthBytes: threeSectors.length, crc32: crc32(threeSectors), bitmap: sectorBitmap(threeSectors, 0x10000) },
      '02 0b 01 01 01 01 01 02 03 03 b7 26 07 f2 02 42 9e 51 40 00',
    ],
  ]
  test.each(rows)('command $kind', (command, packet) => { expect(hexOf(encodeCommand(command))).toBe(packet) })
  test('DATA', () => { expect(hexOf(encodeData(0, textBytes('hello')))).toBe('02 82 01 0a 68 65 6c 6c 6f 55 0c 0e 84 00') })

  const answers: readonly [string, AgentAnswer][] = [
    ['02 82 01 0a 68 65 6c 6c 6f 55 0c 0e 84 00', { kind: 'data', bytes: Uint8Array.of(0, 0, ...textBytes('hello')) }],
    ['02 83 05 77 d9 77 51 00', { kind: 'ack', status: 0, receivedBytes: undefined, crc32: undefined }],
    ['07 83 02 5b b8 79 bf 00', { kind: 'ack', status: 2, receivedBytes: undefined, crc32: undefined }],
    ['0b 85 44 45 46 49 42 cc 57 78 33 00', { kind: 'ready', text: 'DEFIB' }],
    ['05 81 ef 40 18 01 01 01 02 01 01 01 02 40 01 02 01 02 04 01 01 02 ff 01 01 01 01 01 06 14 5e 23 75 30 00', { kind: 'info', info: {
      jedecId: 'ef4018', flashKind: 'nor', flashBytes: 16 * 1024 * 1024, ramBase: 0x40000000, sectorBytes: 0x10000, version: 4, flashWindow: 0x14000000,
      capabilities: new Set(['flash-stream', 'sector-bitmap', 'page-skip', 'set-baud', 'reboot', 'self-update', 'scan', 'memory-bandwidth']),
    } }],
    ['02 86 02 01 01 05 18 d8 46 f9 00', { kind: 'scan-header', sectorCount: 256 }],
    ['02 86 0e 44 33 22 11 01 4e 7e ab de 3b 68 1b d8 00', { kind: 'scan-records', records: [
      { finding: 'good', crc32: 0x11223344 }, { finding: 'empty', crc32: 0xdeab7e4e },
    ] }],
  ]
  test.each(answers)('answer %s', (packet, answer) => { expect(answerIn(packet)).toEqual(answer) })

  test('an INFO of the first agents claims no capability and has the usual window', () => {
    const old = Uint8Array.of(0xc2, 0x20, 0x18, 0, 0, 0, 0, 1, 0, 0, 0, 0x80, 0, 0, 1, 0)
    expect(parseAnswer({ code: 0x81, data: old })).toMatchObject({ info: { version: 1, flashWindow: 0x14000000, capabilities: new Set(), jedecId: 'c22018' } })
    const second = Uint8Array.of(...old, 2, 0, 0, 0, 0x41, 0, 0, 0)
    expect(parseAnswer({ code: 0x81, data: second })).toMatchObject({ info: { version: 2, capabilities: new Set(['flash-stream', 'scan']) } })
  })
  test('an error ACK may say how far it came', () => {
    expect(parseAnswer({ code: 0x83, data: Uint8Array.of(1, 5, 0, 0, 0) })).toMatchObject({ status: 1, receivedBytes: 5, crc32: undefined })
    expect(parseAnswer({ code: 0x83, data: Uint8Array.of(1, 5, 0, 0, 0, 9, 0, 0, 0) })).toMatchObject({ status: 1, receivedBytes: 5, crc32: 9 })
  })
  test('an unknown sector status is a read error', () => {
    expect(parseAnswer({ code: 0x86, data: Uint8Array.of(9, 0, 0, 0, 0) })).toMatchObject({ records: [{ finding: 'read-error' }] })
  })
  test('memory bandwidth has eight numbers', () => {
    const data = new Uint8Array(new Uint32Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer)
    expect(parseAnswer({ code: 0x87, data })).toEqual({ kind: 'memory-bandwidth', bandwidth: {
      address: 1, lengthBytes: 2, iterations: 3, timerHz: 4, fillTicks: 5, readTicks: 6, copyTicks: 7, architecture: 8,
    } })
  })
  test('progress and read pieces', () => {
    expect(parseReadData(Uint8Array.of(1, 2, 3))).toEqual({ sequence: 0x201, bytes: Uint8Array.of(3) })
    expect(parseReadData(Uint8Array.of(1, 2))).toBeUndefined()
    expect(parseEraseProgress(Uint8Array.of(7, 0, 1, 2, 3))).toEqual({ doneSectors: 7 })
    expect(parseEraseProgress(Uint8Array.of(7))).toBeUndefined()
    expect(parseFlashProgress(Uint8Array.of(7, 0, 0, 1))).toEqual({ done: 7, total: 256 })
    expect(parseFlashProgress(Uint8Array.of(7, 0, 0))).toBeUndefined()
  })
  test.each([[0x81, 15], [0x81, 17], [0x81, 25], [0x83, 0], [0x83, 2], [0x84, 3], [0x84, 5], [0x86, 0], [0x86, 6], [0x87, 31], [0x42, 4]])('code %i with %i bytes is malformed', (code, length) => {
    expect(parseAnswer({ code, data: new Uint8Array(length) })).toMatchObject({ kind: 'malformed', code })
  })
  test('more than fits a packet is refused here, because the agent would only be silent', () => {
    expect(() => encodePacket(1, new Uint8Array(1025))).toThrow(RangeError)
    expect(() => encodeCommand({ kind: 'set-baud', baudRate: 2 ** 32 })).toThrow(RangeError)
    expect(() => encodeCommand({ kind: 'read', address: -1, lengthBytes: 1 })).toThrow(RangeError)
  })
  test('a stream counts on past 65535', () => { expect(encodeData(65_537, textBytes('x'))).toEqual(encodeData(1, textBytes('x'))) })
})

describe('the parser', () => {
  const packets = fc.array(fc.record({ code: fc.nat(255), data: fc.uint8Array({ maxLength: 1024 }) }), { maxLength: 8 })
  const cutAt = (bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
    const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
    return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length))
  }
  test('packets come out as they went in, however the chunks are cut', () => {
    fc.assert(fc.property(packets, fc.array(fc.nat(10_000), { maxLength: 20 }), (sent, cuts) => {
      const parser = createPacketParser()
      const seen = cutAt(joinBytes(sent.map(({ code, data }) => encodePacket(code, data))), cuts).flatMap((chunk) => parser.push(chunk))
      expect(seen).toEqual(sent.map(({ code, data }): AgentFrame => ({ kind: 'packet', code, data })))
    }))
  })
  test('noise never throws, and does not swallow the packet behind its delimiter', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 4_000 }), fc.nat(255), fc.uint8Array({ maxLength: 64 }), (noise, code, data) => {
      const parser = createPacketParser()
      parser.push(noise)
      parser.push(Uint8Array.of(0))
      expect(parser.push(encodePacket(code, data))).toEqual([{ kind: 'packet', code, data }])
    }))
  })
  test('any packet gives an answer and never throws', () => {
    fc.assert(fc.property(fc.integer({ min: 0x80, max: 0x88 }), fc.uint8Array({ maxLength: 64 }), (code, data) => {
      expect(typeof parseAnswer({ code, data }).kind).toBe('string')
    }))
  })
  test('fifty packets in one chunk', () => {
    const chunk = joinBytes(Array.from({ length: 50 }, (_, index) => encodeData(index, textBytes(`${index}`))))
    expect(createPacketParser().push(chunk)).toHaveLength(50)
  })
  test('half a packet waits, and another connection does not see it', () => {
    const [mine, other] = [createPacketParser(), createPacketParser()]
    const packet = encodeCommand({ kind: 'info' })
    expect(mine.push(packet.subarray(0, 3))).toEqual([])
    expect(other.push(packet.subarray(3))).not.toMatchObject([{ kind: 'packet' }])
    expect(mine.push(packet.subarray(3))).toMatchObject([{ kind: 'packet', code: 1 }])
  })
  test('after a reset the old half is gone', () => {
    const parser = createPacketParser()
    parser.push(Uint8Array.of(9, 9, 9))
    parser.reset()
    expect(parser.push(encodeCommand({ kind: 'info' }))).toMatchObject([{ kind: 'packet' }])
  })
  test('every damaged bit is noticed', () => {
    const packet = encodeData(3, textBytes('hello hello'))
    for (let at = 0; at < packet.length - 1; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const damaged = packet.slice()
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit)
        expect(createPacketParser().push(damaged).filter(({ kind }) => kind === 'packet')).toEqual([])
      }
    }
  })
  test('empty frames are no frames; the others say what is wrong with them', () => {
    const parser = createPacketParser()
    expect(parser.push(bytesOf('00 00'))).toEqual([])
    expect(parser.push(bytesOf('05 11 00'))).toEqual([{ kind: 'dropped', reason: 'not-cobs' }])
    expect(parser.push(bytesOf('05 11 22 33 44 00'))).toEqual([{ kind: 'dropped', reason: 'too-short' }])
    expect(parser.push(bytesOf('06 01 1b df 05 a4 00'))).toEqual([{ kind: 'dropped', reason: 'wrong-crc' }])
    expect(parser.push(new Uint8Array(5_000).fill(1))).toEqual([])
    expect(parser.push(Uint8Array.of(0))).toEqual([{ kind: 'dropped', reason: 'too-long' }])
    expect(parser.push(bytesOf('06 01 1b df 05 a5 00'))).toMatchObject([{ kind: 'packet' }])
    expect(parsePacket(new Uint8Array(1_101).fill(1))).toEqual({ kind: 'dropped', reason: 'too-long' })
  })
})

describe('the sector map', () => {
  test('is as long as the sectors need, and padded for old agents', () => {
    const blank = (mebibytes: number, more = 0): Uint8Array => new Uint8Array(mebibytes * 1024 * 1024 + more).fill(0xff)
    expect(sectorBitmap(blank(8), 0x10000)).toEqual(new Uint8Array(16))
    expect(sectorBitmap(blank(16), 0x10000)).toHaveLength(32)
    expect(sectorBitmap(blank(16, 1), 0x10000)).toHaveLength(33)
    expect(sectorBitmap(blank(32), 0x10000)).toHaveLength(64)
    expect(padBitmap(Uint8Array.of(2))).toEqual(Uint8Array.of(2, ...new Uint8Array(31)))
    expect(padBitmap(new Uint8Array(64))).toHaveLength(64)
  })
  test('says 1 exactly where something stands', () => {
    fc.assert(fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), (filled) => {
      const image = new Uint8Array(filled.length * 64).fill(0xff)
      filled.forEach((isFilled, sector) => { if (isFilled) image[sector * 64 + (sector % 64)] = 0x7f })
      const bitmap = sectorBitmap(image, 64)
      expect(filled.map((_, sector) => ((bitmap[sector >> 3] ?? 0) >> (sector & 7) & 1) === 1)).toEqual(filled)
    }))
  })
})
