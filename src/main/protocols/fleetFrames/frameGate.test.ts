import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFrameGate } from './frameGate.ts'

const frame = (length: number): number[] => {
  const bytes = [0x30]
  let rest = length
  do { bytes.push((rest % 128) + (rest >= 128 ? 128 : 0)); rest = Math.floor(rest / 128) } while (rest > 0)
  return [...bytes, ...Array.from({ length }, (_, index) => index & 0xff)]
}

test('however the bytes are cut, frames of the allowed length pass and a longer one does not', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }), (lengths, cuts) => {
    const gate = createFrameGate(200)
    const whole = Uint8Array.from(lengths.flatMap(frame))
    let passes = true
    for (let at = 0, turn = 0; at < whole.length && passes; turn += 1) {
      const size = cuts[turn % cuts.length]!
      passes = gate.admit(whole.subarray(at, at + size))
      at += size
    }
    expect(passes).toBe(lengths.every((length) => length <= 200))
  }))
})

test('a length without end is none, and nothing passes after it', () => {
  const gate = createFrameGate(1_000)
  expect(gate.admit(Uint8Array.of(0x30, 0x80, 0x80))).toBe(true)
  expect(gate.admit(Uint8Array.of(0x80, 0x80))).toBe(false)
  expect(gate.admit(Uint8Array.of(0))).toBe(false)
})

test('whatever comes, nothing is thrown', () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => { const gate = createFrameGate(500); for (const chunk of chunks) expect(typeof gate.admit(chunk)).toBe('boolean') }))
})
