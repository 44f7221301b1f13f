import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bundleLaneFrames, encodeLaneFrame, unbundleLaneFrames } from './byteLane.ts'

const frame = fc.record({ kind: fc.constantFrom('data', 'skipped'), camera: fc.stringMatching(/^[a-z0-9-]{1,40}$/), position: fc.nat(), bytes: fc.uint8Array({ maxLength: 200 }), skippedBytes: fc.nat(0xffff_ffff) })

test('frames in one message come out as they went in, in order', () => {
  fc.assert(fc.property(fc.array(frame, { minLength: 1, maxLength: 20 }), (frames) => {
    const told = unbundleLaneFrames(bundleLaneFrames(frames.map(encodeLaneFrame)))
    expect(told.map(({ kind, camera, position }) => ({ kind, camera, position }))).toEqual(frames.map(({ kind, camera, position }) => ({ kind, camera, position })))
    for (const [index, { kind, bytes, skippedBytes }] of frames.entries()) {
      if (kind === 'data') expect([...told[index]!.bytes]).toEqual([...bytes])
      else expect(told[index]!.skippedBytes).toBe(skippedBytes)
    }
  }))
})
test('noise and messages that are cut short never throw, and give whole frames only', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => { unbundleLaneFrames(noise); unbundleLaneFrames(Uint8Array.of(3, ...noise)) }))
  const bundle = bundleLaneFrames(['cam-1', 'cam-2'].map((camera) => encodeLaneFrame({ kind: 'data', camera, position: 0, bytes: new Uint8Array(10) })))
  for (let cut = 1; cut < bundle.length; cut += 1) {
    const frames = unbundleLaneFrames(bundle.subarray(0, cut))
    expect(frames.every(({ bytes }) => bytes.length === 10)).toBe(true)
    expect(frames.length).toBeLessThan(2)
  }
})
