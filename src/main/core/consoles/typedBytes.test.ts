import fc from 'fast-check'
import { expect, test } from 'vitest'
import { typedBytes } from './typedBytes.ts'

test('UTF-8 as it is, Latin-1 one byte a letter', () => {
  expect([...typedBytes('ü')]).toEqual([0xc3, 0xbc])
  expect([...typedBytes('ü', 'latin-1')]).toEqual([0xfc])
})
test('any bytes go through Latin-1', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    expect([...typedBytes(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''), 'latin-1')]).toEqual([...bytes])
  }))
})
test('a letter that Latin-1 lacks is refused by name', () => {
  expect(() => typedBytes('10 €', 'latin-1')).toThrow('"€"')
  expect(() => typedBytes('😀', 'latin-1')).toThrow('Latin-1 has no letter')
})
