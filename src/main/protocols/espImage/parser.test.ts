import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describedBytes, readEspDescription } from './parser.ts'

const image = (): Uint8Array => {
  const bytes = new Uint8Array(describedBytes)
  bytes[0] = 0xe9
  bytes.set([0x32, 0x54, 0xcd, 0xab], 32)
  bytes.set(new TextEncoder().encode('0.8.0-rc1'), 48)
  bytes.set(new TextEncoder().encode('esp32-csi-node'), 80)
  return bytes
}
test('an image tells its version and its project', () => { expect(readEspDescription(image())).toEqual({ version: '0.8.0-rc1', project: 'esp32-csi-node' }) })
test('no image, a short one and one without a description tell nothing', () => {
  expect(readEspDescription(new Uint8Array(300_000).fill(0xab))).toBeUndefined()
  expect(readEspDescription(image().subarray(0, describedBytes - 1))).toBeUndefined()
  expect(readEspDescription(image().fill(0, 32, 36))).toBeUndefined()
})
test('whatever is in it, what comes out is short and printable', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (texts) => {
    const bytes = image()
    bytes.set(texts, 48)
    const { version, project } = readEspDescription(bytes) ?? { version: '', project: '' }
    expect(version + project).toMatch(/^[\x20-\x7e]{0,64}$/)
  }))
})
