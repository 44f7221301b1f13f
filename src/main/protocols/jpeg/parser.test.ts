import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeMosaic } from '../../sim/mosaicJpeg.ts'
import { checkJpeg } from './parser.ts'

const whole = encodeMosaic(4, 3, (column, row) => [column * 60, row * 80, 128])
const why = (bytes: Uint8Array): string => { const found = checkJpeg(bytes); return found.ok ? 'whole' : found.why }

test('a whole picture tells its size; zeros behind it are left out', () => {
  expect(checkJpeg(whole)).toEqual({ ok: true, widthPx: 32, heightPx: 24, lengthBytes: whole.length })
  expect(checkJpeg(Uint8Array.from([...whole, 0, 0, 0]))).toMatchObject({ ok: true, lengthBytes: whole.length })
})
test('what is no picture is said in words', () => {
  expect(why(new TextEncoder().encode('<svg onload="alert(1)"/>'))).toBe('it is no JPEG')
  expect(why(new Uint8Array())).toBe('it is no JPEG')
  expect(why(whole.subarray(0, whole.length - 2))).toBe('it is cut off')
  expect(why(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9))).toBe('it does not say how large it is')
  expect(why(Uint8Array.from([...whole, 1, 2, 3]))).toBe('it is cut off')
})
test('a picture that claims an enormous size is refused before anybody draws it', () => {
  const bomb = whole.slice()
  const at = bomb.findIndex((byte, index) => byte === 0xff && bomb[index + 1] === 0xc0)
  bomb.set([0xff, 0xff, 0xff, 0xff], at + 5)
  expect(why(bomb)).toBe('it claims 65535 x 65535 pixels')
})
test('every beginning of a picture is cut off, and no bytes make it throw or run on', () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: whole.length - 1 }), (length) => { expect(checkJpeg(whole.subarray(0, length)).ok).toBe(false) }))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
    checkJpeg(bytes)
    checkJpeg(Uint8Array.from([0xff, 0xd8, ...bytes, 0xff, 0xd9]))
  }))
})
