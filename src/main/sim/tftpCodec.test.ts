import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeAck, encodeReadRequest, parseTftpPacket } from './tftpCodec.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('asks in octet mode, the options in the order of U-Boot', () => {
  expect(encodeReadRequest('uImage', [['timeout', '5'], ['blksize', '1468']])).toEqual(bytes('\0\x01uImage\0octet\0timeout\x005\0blksize\x001468\0'))
  expect([...encodeAck(0x1234)]).toEqual([0, 4, 0x12, 0x34])
})
test('reads the three packets of a server', () => {
  expect(parseTftpPacket(Uint8Array.of(0, 3, 1, 2, 9))).toEqual({ kind: 'data', block: 0x102, bytes: Uint8Array.of(9) })
  expect(parseTftpPacket(bytes('\0\x05\0\x01File not found\0'))).toEqual({ kind: 'error', code: 1, text: 'File not found' })
  expect(parseTftpPacket(bytes('\0\x06BLKSIZE\x001024\0'))).toEqual({ kind: 'oack', options: new Map([['blksize', '1024']]) })
})
test('noise is dropped, never thrown', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => { parseTftpPacket(noise) }))
})
