import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type IndexHeader, nameTemplateSchema } from '../../../shared/captures/captures.schema.ts'
import { indexHeaderBytes, indexRecordBytes, type IndexRecord, recordKinds } from './frame.ts'
import { parseIndexHeader, parseRecord, parseRecords } from './parser.ts'
import { encodeIndexHeader, encodeRecords } from './writer.ts'

const header = {
  rackbench: 'capture', version: 1, camera: 'cam-1', cameraName: 'Gate', chip: 'hi3516ev300', session: '20260512-143001-a1b2c3', part: 1,
  startOffset: 0, startedAtMs: 1_700_000_000_000, process: '12:34:boot',
} as IndexHeader
const record = fc.record({
  kind: fc.constantFrom(...recordKinds), atMs: fc.double({ noNaN: true, min: 0, max: 3.7e12 }), offset: fc.nat(2 ** 31 - 1), lengthBytes: fc.nat(2 ** 31 - 1),
}) as fc.Arbitrary<IndexRecord>

test('what is written is read back', () => {
  fc.assert(fc.property(fc.array(record, { maxLength: 20 }), (given) => { expect(parseRecords(encodeRecords(given))).toEqual(given) }))
  expect(parseIndexHeader(encodeIndexHeader(header))).toEqual(header)
})

test('a name of any letters still fits the header, and is harmless in it', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (cameraName) => {
    const bytes = encodeIndexHeader({ ...header, cameraName })
    expect(bytes).toHaveLength(indexHeaderBytes)
    expect(parseIndexHeader(bytes)?.cameraName).toMatch(/^[\x20-\x7e]{0,64}$/)
  }))
})

test('any one byte of a record changed is seen', () => {
  fc.assert(fc.property(record, fc.nat(indexRecordBytes - 1), fc.integer({ min: 1, max: 255 }), (given, at, change) => {
    const bytes = encodeRecords([given])
    bytes[at] = (bytes[at] ?? 0) ^ change
    expect(parseRecord(bytes, 0)).toBeUndefined()
  }))
})

test('a cut tail and a tail of zeros give the whole records before it', () => {
  const bytes = encodeRecords([{ kind: 'rx', atMs: 1, offset: 0, lengthBytes: 3 }, { kind: 'tx', atMs: 2, offset: 3, lengthBytes: 1 }])
  for (let length = 0; length < bytes.length; length += 1) expect(parseRecords(bytes.subarray(0, length))).toHaveLength(Math.floor(length / indexRecordBytes))
  expect(parseRecords(Uint8Array.of(...bytes, ...new Uint8Array(60)))).toHaveLength(2)
})

test.each([-1, 3.8e12, Infinity, Number.NaN])('a record of the time %d is damaged', (atMs) => {
  expect(parseRecords(encodeRecords([{ kind: 'rx', atMs, offset: 0, lengthBytes: 1 }]))).toEqual([])
})

test('noise is no header and never throws', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), (noise) => { expect(parseIndexHeader(noise)).toBeUndefined(); parseRecords(noise) }))
  const other = encodeIndexHeader({ ...header, camera: '../../etc' as IndexHeader['camera'] })
  expect(parseIndexHeader(other)).toBeUndefined()
})

test.each(['../{session}-{part}', '{session}/{part}', '.{session}{part}', '{session}', '{part}', '{session}-{part}-{host}', 'a\\{session}{part}', '{session}{part}\u0000', '{{session}}{part}', ''])('the name %j is refused', (text) => {
  expect(nameTemplateSchema.safeParse(text).success).toBe(false)
})
test('names of placeholders are taken', () => {
  expect(nameTemplateSchema.safeParse('lab-{date}_{time}.{camera}-{session}-{part}').success).toBe(true)
})
