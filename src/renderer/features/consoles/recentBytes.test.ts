import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRecentBytes } from './recentBytes.ts'

test('the newest bytes, in place; what follows a hole begins anew', () => {
  fc.assert(fc.property(fc.array(fc.record({ size: fc.integer({ min: 1, max: 90_000 }), hole: fc.boolean() }), { minLength: 1, maxLength: 10 }), (pieces) => {
    const recent = createRecentBytes()
    let position = 0
    let unbroken = 0
    for (const [index, { size, hole }] of pieces.entries()) {
      if (hole) { position += 7; unbroken = 0 }
      recent.push(new Uint8Array(size).fill(index), position)
      position += size
      unbroken += size
      if (index % 3 === 0) recent.read()
    }
    const { position: from, bytes } = recent.read()
    expect(bytes.length).toBe(Math.min(unbroken, 128 * 1024))
    expect(from + bytes.length).toBe(position)
    expect(bytes.at(-1)).toBe(pieces.length - 1)
  }))
})
