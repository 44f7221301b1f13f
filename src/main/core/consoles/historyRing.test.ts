import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHistoryRing } from './historyRing.ts'

test('whatever comes and whatever is asked for: the newest bytes, in place, and an honest count of what is gone', () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 50 }), (pieces, after, max) => {
    const ring = createHistoryRing(16)
    const whole: number[] = []
    for (const piece of pieces) { ring.append(piece); whole.push(...piece) }
    const { position, bytes, skippedBytes } = ring.read(after, max)
    const start = Math.max(0, whole.length - 16)
    expect(ring.end).toBe(whole.length)
    expect(position).toBe(after > whole.length ? start : Math.max(start, after))
    expect(Array.from(bytes)).toEqual(whole.slice(position, position + max))
    expect(skippedBytes).toBe(after > whole.length ? 0 : position - after)
  }))
})
