import { expect, test } from 'vitest'
import { crc32 } from '../../shared/bytes/crc32.ts'
import { decodeEnvironment, defaultEnvironment, encodeEnvironment, layoutOf } from './environment.ts'

test('an environment comes back, and its CRC is the first word', () => {
  const variables = defaultEnvironment('hi3516ev300', 16)
  const image = encodeEnvironment(variables)!
  expect(image.length).toBe(0x10000)
  expect(new DataView(image.buffer).getUint32(0, true)).toBe(crc32(image.subarray(4)))
  expect(decodeEnvironment(image)).toEqual(variables)
  image[100]! ^= 1
  expect(decodeEnvironment(image)).toBeUndefined()
})
test('one that does not fit is refused', () => {
  expect(encodeEnvironment(new Map([['long', 'x'.repeat(0x10000)]]))).toBeUndefined()
})
test('the layouts of the three chip sizes', () => {
  expect(layoutOf(8).rootfsOffset).toBe(0x250000)
  expect(layoutOf(16)).toMatchObject({ kernelOffset: 0x50000, rootfsOffset: 0x350000, rootfsBytes: 0xa00000 })
  expect(layoutOf(32).rootfsBytes).toBe(0x1800000)
})
