import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Capture, CaptureRecord } from './frame.ts'
import { parseCapture } from './parser.ts'
import { encodeCapture, encodeCaptureHeader, encodeRecord } from './writer.ts'

const example = '44 43 41 50 01 00 00 c2 01 00 68 69 33 35 31 36 65 76 33 30 30 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 00 00 '
  + 'e8 03 00 00 00 00 00 00 01 05 00 20 20 20 20 20 dc 05 00 00 00 00 00 00 00 01 00 aa'
const exampleBytes = Uint8Array.from(example.split(' '), (pair) => Number.parseInt(pair, 16))
const exampleCapture: Capture = {
  baudRate: 115_200, chip: 'hi3516ev300', isTimed: true,
  records: [
    { timeUs: 1000, direction: 'from-device', bytes: new Uint8Array(5).fill(0x20) },
    { timeUs: 1500, direction: 'to-device', bytes: Uint8Array.of(0xaa) },
  ],
}
const malformed = expect.objectContaining({ code: 'input/malformed' }) as Error

describe('capture files', () => {
  test('the known example, both ways', () => {
    expect(encodeCapture(exampleCapture)).toEqual(exampleBytes)
    expect(parseCapture(exampleBytes)).toEqual({ ...exampleCapture, note: undefined })
  })
  test('what is written is read back', () => {
    const record = fc.record({
      timeUs: fc.nat(2 ** 31 - 1), direction: fc.constantFrom('to-device' as const, 'from-device' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    })
    const capture = fc.record({
      baudRate: fc.nat(4_000_000), chip: fc.string({ maxLength: 32, unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789') }), isTimed: fc.boolean(), records: fc.array(record, { maxLength: 10 }),
    })
    fc.assert(fc.property(capture, (given) => { expect(parseCapture(encodeCapture(given))).toEqual({ ...given, note: undefined }) }))
  })
  test('any bytes give a capture or an error of ours', () => {
    const parse = (file: Uint8Array): void => {
      try {
        expect(parseCapture(file).records.length).toBeLessThanOrEqual(file.length)
      } catch (error) {
        expect(error).toBeInstanceOf(WorkbenchError)
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), parse))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => { parse(Uint8Array.of(...exampleBytes.subarray(0, 48), ...noise)) }))
  })
  test('a file that was cut anywhere gives what is whole, and says so', () => {
    for (let length = 48; length <= exampleBytes.length; length += 1) {
      const { records, note } = parseCapture(exampleBytes.subarray(0, length))
      expect(records).toHaveLength(length >= 76 ? 2 : length >= 64 ? 1 : 0)
      expect(note === undefined).toBe([48, 64, 76].includes(length))
    }
    expect(parseCapture(exampleBytes.subarray(0, 70)).note).toBe('The file ends in the middle of record 2; the 6 bytes from there on are left out')
    expect(() => parseCapture(exampleBytes.subarray(0, 47))).toThrow(malformed)
  })
  test.each([[0, 0x45, 'another beginning'], [4, 2, 'another version'], [56, 2, 'an unknown direction'], [54, 1, 'an impossible time']])('byte %i as %i is %s', (at, value) => {
    const file = exampleBytes.slice()
    file[at] = value
    expect(() => parseCapture(file)).toThrow(malformed)
  })
  test('a huge transfer is split, nothing becomes nothing', () => {
    const bytes = Uint8Array.from({ length: 150_000 }, (_, index) => index % 251)
    const { records } = parseCapture(encodeCapture({ ...exampleCapture, records: [{ timeUs: 7, direction: 'from-device', bytes }] }))
    expect(records.map((record) => [record.timeUs, record.bytes.length])).toEqual([[7, 65_535], [7, 65_535], [7, 18_930]])
    expect(encodeRecord({ timeUs: 7, direction: 'to-device', bytes: new Uint8Array() })).toHaveLength(0)
  })
  test('a long chip name is cut between letters', () => {
    expect(parseCapture(encodeCaptureHeader({ baudRate: 1, chip: `${'a'.repeat(31)}é`, isTimed: false }))).toMatchObject({ chip: 'a'.repeat(31), isTimed: false })
    const cutByOthers = exampleBytes.slice()
    cutByOthers.set(new TextEncoder().encode(`${'a'.repeat(31)}é`).subarray(0, 32), 10)
    expect(parseCapture(cutByOthers).chip).toBe('a'.repeat(31))
  })
  test('control characters of a chip name do not reach a terminal', () => {
    const file = exampleBytes.slice()
    file[10] = 0x1b
    expect(parseCapture(file).chip).toBe('?i3516ev300')
  })
  test('too many records are not opened', () => {
    const file = new Uint8Array(48 + 11 * 2_000_001)
    file.set(exampleBytes.subarray(0, 48))
    expect(() => parseCapture(file)).toThrow(expect.objectContaining({ code: 'input/too-large' }) as Error)
  })
  test('what the format cannot hold is refused', () => {
    const record: CaptureRecord = { timeUs: -1, direction: 'to-device', bytes: Uint8Array.of(1) }
    expect(() => encodeRecord(record)).toThrow(RangeError)
    expect(() => encodeCaptureHeader({ baudRate: 2 ** 32, chip: '', isTimed: true })).toThrow(RangeError)
  })
})
