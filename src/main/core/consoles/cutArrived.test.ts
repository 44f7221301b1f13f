import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutArrived } from './cutArrived.ts'

test('pieces hold every byte with its own time, and none is longer than it may be', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 50 }), (lengths, maxBytes) => {
    const bytes = Uint8Array.from({ length: lengths.reduce((sum, length) => sum + length, 0) }, (_, index) => index)
    const times = (arrivals: readonly { readonly lengthBytes: number; readonly atMs: number }[]): number[] => arrivals.flatMap(({ lengthBytes, atMs }) => Array.from({ length: lengthBytes }, () => atMs))
    const arrivals = lengths.map((lengthBytes, atMs) => ({ lengthBytes, atMs }))
    const pieces = cutArrived({ bytes, arrivals }, maxBytes)
    expect(pieces.flatMap((piece) => [...piece.bytes])).toEqual([...bytes])
    expect(pieces.flatMap((piece) => times(piece.arrivals))).toEqual(times(arrivals))
    expect(pieces.every((piece) => piece.bytes.length <= maxBytes && times(piece.arrivals).length === piece.bytes.length)).toBe(true)
  }))
})
