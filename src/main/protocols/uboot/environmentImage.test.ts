import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32 } from '../../../shared/bytes/crc32.ts'
import { parseEnvironmentImage } from './environmentImage.ts'

function encode(text: string, lengthBytes: number, headBytes = 4): Uint8Array {
  const image = new Uint8Array(lengthBytes)
  image.set(new TextEncoder().encode(`${text}\0`), headBytes)
  new DataView(image.buffer).setUint32(0, crc32(image.subarray(headBytes)), true)
  return image
}

test.each([[0x10000, 4], [0x10000, 5], [0x20000, 4], [0x1000, 5]])('%i bytes with a head of %i', (lengthBytes, headBytes) => {
  const image = encode('bootcmd=run x; y=z\0ethaddr=00:11\0', lengthBytes, headBytes)
  const found = parseEnvironmentImage(Uint8Array.from([...image, ...new Uint8Array(16).fill(0xff)]))
  expect(found).toMatchObject({ lengthBytes })
  expect([...found?.variables ?? []]).toEqual([['bootcmd', 'run x; y=z'], ['ethaddr', '00:11']])
})
test('one wrong bit, and it is none', () => {
  const image = encode('a=b\0', 0x10000)
  image[0x8000] = 1
  expect(parseEnvironmentImage(image)).toBeUndefined()
})
test('any bytes: an environment or nothing', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 0x1100 }), (bytes) => { parseEnvironmentImage(bytes) }))
  expect(parseEnvironmentImage(new Uint8Array(0x10000).fill(0xff))).toBeUndefined()
})
