import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressesIn } from './terminalLinks.ts'

test('web addresses are found where they stand, without what ends the sentence', () => {
  expect(addressesIn('see https://openipc.org/wiki?x=1, or (http://10.0.0.2:85/).')).toEqual([
    { address: 'https://openipc.org/wiki?x=1', from: 4, to: 32 }, { address: 'http://10.0.0.2:85/', from: 38, to: 57 },
  ])
})
test('nothing but the web is an address', () => {
  for (const text of ['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x', 'vbscript:x', 'https://', 'ftp://x/y']) expect(addressesIn(text)).toEqual([])
})
test('any line gives few places that lie inside it', () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.string({ maxLength: 30 }), fc.constant('https://a/'), fc.constant(' '))).map((parts) => parts.join('')), (line) => {
    const found = addressesIn(line)
    expect(found.length).toBeLessThanOrEqual(16)
    for (const { address, from, to } of found) expect(line.slice(from, to)).toBe(address)
  }))
})
