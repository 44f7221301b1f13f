import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc16Xmodem } from '../../../shared/bytes/crc16.ts'
import { createMarkerCounter, parseBoardAnswer, parseCv6xxGreeting, parseV500Answer } from './parser.ts'
import { encodeV500Hello } from './writer.ts'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const latin = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const answerOf = (cpuId: number, boardId: number): Uint8Array => {
  const body = Uint8Array.of(0xce, cpuId, 0, 0, 0, 0, 0, 0)
  new DataView(body.buffer).setUint32(4, boardId)
  const crc = crc16Xmodem(body)
  return Uint8Array.of(...body, crc >> 8, crc & 0xff, 0xaa)
}

describe('markers', () => {
  const seen = (hex: string): boolean => {
    const counter = createMarkerCounter()
    return [...bytesOf(hex)].map((byte) => counter.push(byte)).at(-1) ?? false
  }
  test.each([
    ['20 20 20 20 20', true], ['20 20 20 20', false], ['20 20 41 20 20 20 20 20', true], ['20 20 41 20 20 20', false],
    ['20 00 20 00 00 20 20 20', true], ['20 20 20 20 aa 20', false],
  ])('%s', (hex, ready) => { expect(seen(hex)).toBe(ready) })
})

describe('the V500 answer', () => {
  const answer = 'bd 00 ff 01 00 00 00 00 72 05 05 00'
  test('gives the chip id, behind noise and before its own end', () => {
    expect(parseV500Answer(bytesOf(answer))).toEqual({ chipId: 0x72050500 })
    expect(parseV500Answer(bytesOf(`41 bd 42 ${answer} 60 7f`))).toEqual({ chipId: 0x72050500 })
    expect(parseV500Answer(bytesOf(answer.slice(0, -3)))).toBeUndefined()
  })
  test('is not our own hello come back', () => {
    expect(parseV500Answer(encodeV500Hello())).toBeUndefined()
    expect(parseV500Answer(Uint8Array.of(...encodeV500Hello(), ...bytesOf(answer)))).toEqual({ chipId: 0x72050500 })
  })
})

test.each([['..uart ddr ', 'uart ddr'], ['boot: uart flash\r\n', 'uart flash'], ['uart dd', undefined], ['', undefined]])('greeting %j', (text, greeting) => {
  expect(parseCv6xxGreeting(latin(text))).toBe(greeting)
})

describe('the board answer', () => {
  test('is found behind a CE of the noise', () => {
    const good = answerOf(0x61, 5)
    expect(parseBoardAnswer(good)).toEqual({ cpuId: 0x61, boardId: 5, checked: true })
    expect(parseBoardAnswer(Uint8Array.of(0xce, 0xce, 1, 2, ...good, 9))).toEqual({ cpuId: 0x61, boardId: 5, checked: true })
    expect(parseBoardAnswer(good.subarray(0, 10))).toBeUndefined()
  })
  test('whose CRC does not fit is marked, and gives way to one that fits', () => {
    const wrong = answerOf(0x61, 5)
    wrong[7]! ^= 2
    expect(parseBoardAnswer(wrong)).toEqual({ cpuId: 0x61, boardId: 7, checked: false })
    expect(parseBoardAnswer(Uint8Array.of(...wrong, ...answerOf(0x61, 5)))).toEqual({ cpuId: 0x61, boardId: 5, checked: true })
  })
})

test('any bytes are noise or an answer, never an exception, and an answer stays one behind any noise without its start', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
    parseV500Answer(noise)
    parseCv6xxGreeting(noise)
    parseBoardAnswer(noise)
    const quiet = noise.map((byte) => (byte === 0xce ? 0 : byte))
    expect(parseBoardAnswer(Uint8Array.of(...quiet, ...answerOf(1, 3)))).toEqual({ cpuId: 1, boardId: 3, checked: true })
  }))
})
