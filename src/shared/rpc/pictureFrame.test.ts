import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseLaneFrame } from './byteLane.ts'
import { encodePictureFrame, parsePictureFrame } from './pictureFrame.ts'

const piece = fc.uint8Array({ minLength: 1, maxLength: 300 })

test('a piece comes back as it was sent, and is no frame of a console', () => {
  fc.assert(fc.property(piece, fc.nat(2_000_000), fc.nat(1_000), fc.nat(0xffff_ffff), fc.string({ unit: 'grapheme-ascii', maxLength: 40 }), (bytes, offsetBytes, more, sequence, camera) => {
    const frame = { camera, offsetBytes, sequence, takenAtMs: 1_795_000_000_000.5, lengthBytes: offsetBytes + bytes.length + more, piece: bytes }
    const whole = encodePictureFrame(frame)
    expect(parsePictureFrame(whole)).toEqual(frame)
    expect(parseLaneFrame(whole)).toBeUndefined()
  }))
})
test('a piece outside its picture, a picture beyond the limit and noise are no frames', () => {
  const good = { camera: 'cam-01', offsetBytes: 0, sequence: 1, takenAtMs: 0, lengthBytes: 10, piece: new Uint8Array(10) }
  for (const wrong of [{ offsetBytes: 1 }, { offsetBytes: -1 }, { offsetBytes: 0.5 }, { offsetBytes: Number.NaN }, { lengthBytes: 9 }, { lengthBytes: 5_000_000 }, { piece: new Uint8Array() }, { piece: new Uint8Array(70_000), lengthBytes: 70_000 }]) {
    expect(parsePictureFrame(encodePictureFrame({ ...good, ...wrong }))).toBeUndefined()
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => { parsePictureFrame(bytes); parsePictureFrame(Uint8Array.from([3, ...bytes])) }))
})
