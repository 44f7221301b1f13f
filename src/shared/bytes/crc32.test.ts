import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32, hexCrc, joinCrc32 } from './crc32.ts'

test('the check value that everybody gives', () => {
  expect(hexCrc(crc32(new TextEncoder().encode('123456789')))).toBe('cbf43926')
})

test('the CRCs of two pieces make that of the whole', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 4_000 }), fc.uint8Array({ maxLength: 4_000 }), (first, second) => {
    expect(joinCrc32(crc32(first), crc32(second), second.length)).toBe(crc32(Uint8Array.from([...first, ...second])))
  }))
  const large = new Uint8Array(3 * 1024 * 1024 + 1).map((_, index) => index * 7)
  expect(joinCrc32(crc32(large.subarray(0, 1_000_001)), crc32(large.subarray(1_000_001)), large.length - 1_000_001)).toBe(crc32(large))
})
