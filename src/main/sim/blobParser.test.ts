import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BootBlob, parseBootBlob } from './blobParser.ts'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

/** Written from the table of fields, not from the parser. */
function encode(blob: BootBlob): Uint8Array {
  const u16 = (value: number): number[] => [value >> 8, value & 0xff]
  const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)]
  return Uint8Array.from([
    ...u32(blob.splAddress), ...u32(blob.stepAddress), ...u32(blob.payloadAddress),
    ...u16(blob.prestep0.length), ...blob.prestep0, ...u16(blob.ddrstep0.length), ...blob.ddrstep0, ...u16(blob.prestep1.length), ...blob.prestep1,
    ...u32(blob.spl.length), ...blob.spl, ...u32(blob.payload.length), ...blob.payload,
  ])
}

const some = fc.uint8Array({ minLength: 1, maxLength: 80 })
const blobs: fc.Arbitrary<BootBlob> = fc.record({
  splAddress: fc.nat(0xffffffff), stepAddress: fc.nat(0xffffffff), payloadAddress: fc.nat(0xffffffff),
  prestep0: fc.uint8Array({ maxLength: 80 }), ddrstep0: some, prestep1: fc.uint8Array({ maxLength: 80 }), spl: some, payload: some,
})

describe('the published blob', () => {
  test('addresses come in the order SPL, step, payload', () => {
    const parsed = parseBootBlob(bytesOf('04 01 05 00 04 01 30 00 41 00 00 00 00 04 01 02 03 04 00 02 05 06 00 00 00 00 00 03 53 50 4c 00 00 00 05 41 47 45 4e 54'))
    expect(parsed).toEqual({ ok: true, blob: {
      splAddress: 0x04010500, stepAddress: 0x04013000, payloadAddress: 0x41000000,
      prestep0: bytesOf('01020304'), ddrstep0: bytesOf('0506'), prestep1: new Uint8Array(), spl: bytesOf('53504c'), payload: bytesOf('4147454e54'),
    } })
  })
  test('no PRESTEP0 and a PRESTEP1', () => {
    const parsed = parseBootBlob(bytesOf('04 01 05 00 04 01 30 00 81 00 00 00 00 00 00 04 de ad be ef 00 02 ca fe 00 00 00 04 90 90 90 90 00 00 00 01 55'))
    expect(parsed).toMatchObject({ ok: true, blob: { payloadAddress: 0x81000000, prestep1: bytesOf('cafe') } })
  })
  test('41834 bytes, with the published sum', () => {
    const blob: BootBlob = {
      splAddress: 0x04010500, stepAddress: 0x04013000, payloadAddress: 0x41000000, prestep0: new Uint8Array(64).fill(0xab), ddrstep0: new Uint8Array(64).fill(0xcd),
      prestep1: new Uint8Array(), spl: new Uint8Array(24_576).fill(0x90), payload: new Uint8Array(17_104).fill(0x55),
    }
    const bytes = encode(blob)
    expect(createHash('sha256').update(bytes).digest('hex')).toBe('77474c11cafccc2991fa797a05c0d71eb6ad6e5bde393dc3df3dd9a2a0bbc77a')
    expect(parseBootBlob(bytes)).toEqual({ ok: true, blob })
  })
})

test('what was encoded comes back', () => {
  fc.assert(fc.property(blobs, (blob) => { expect(parseBootBlob(encode(blob))).toEqual({ ok: true, blob }) }))
})
test('one byte more or any number less is refused', () => {
  fc.assert(fc.property(blobs, fc.nat(), (blob, cut) => {
    const bytes = encode(blob)
    expect(parseBootBlob(Uint8Array.from([...bytes, 0]))).toEqual({ ok: false, reason: '1 trailing bytes' })
    expect(parseBootBlob(bytes.subarray(0, cut % bytes.length)).ok).toBe(false)
  }))
})
test('noise is refused or parsed, never thrown', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => { expect(typeof parseBootBlob(bytes).ok).toBe('boolean') }))
})
