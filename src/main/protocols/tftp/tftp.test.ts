import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TftpFrame } from './frame.ts'
import { agreeOnOptions, burstBlocks } from './options.ts'
import { parseFrame } from './parser.ts'
import { writeAck, writeData, writeError, writeOptionsAck, writeRequest } from './writer.ts'

const limits = { mostBlockBytes: 65_464, burstBudgetBytes: 192 * 1024 }
const word = fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789._/') })
const option = fc.record({ name: word, value: word })
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))

describe('packets', () => {
  test('any bytes give a frame and never throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), (noise) => { expect(typeof parseFrame(noise).kind).toBe('string') }))
  })
  test('noise behind a real opcode gives a frame and never throws', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 7 }), fc.uint8Array({ maxLength: 1_600 }), (opcode, noise) => {
      const frame = parseFrame(Uint8Array.of(0, opcode, ...noise))
      if (frame.kind === 'read-request') expect(frame.options.length).toBeLessThanOrEqual(16)
    }))
  })
  test('what is written is read back', () => {
    const options = fc.uniqueArray(option, { maxLength: 6, selector: ({ name }) => name })
    const requests = fc.record({ kind: fc.constantFrom('read-request' as const, 'write-request' as const), name: word, mode: word, options })
    fc.assert(fc.property(requests, (request) => { expect(parseFrame(writeRequest(request))).toEqual(request) }))
    fc.assert(fc.property(options, (given) => { expect(parseFrame(writeOptionsAck(given))).toEqual({ kind: 'options-ack', options: given }) }))
    fc.assert(fc.property(fc.nat(65_535), fc.uint8Array({ maxLength: 1_500 }), (block, bytes) => {
      expect(parseFrame(writeData(block, bytes))).toEqual({ kind: 'data', block, bytes })
      expect(parseFrame(writeAck(block))).toEqual({ kind: 'ack', block })
    }))
    fc.assert(fc.property(fc.nat(8), word, (number, message) => { expect(parseFrame(writeError(number, message))).toEqual({ kind: 'error', number, message }) }))
  })
  test('block numbers wrap after 65535', () => {
    expect(parseFrame(writeAck(65_536))).toEqual({ kind: 'ack', block: 0 })
    expect(parseFrame(writeData(65_537, new Uint8Array(0)))).toMatchObject({ block: 1 })
  })
  test('what U-Boot sends: options in its order, names and mode in any case', () => {
    expect(parseFrame(bytesOf('\0\x01uImage\0OCTET\0timeout\x005\0BlkSize\x001468\0'))).toEqual({
      kind: 'read-request', name: 'uImage', mode: 'octet', options: [{ name: 'timeout', value: '5' }, { name: 'blksize', value: '1468' }],
    })
  })
  test.each([
    ['', undefined], ['\0', undefined], ['\0\x01name', 1], ['\0\x01\0octet\0', 1], ['\0\x02name\0', 2], ['\0\x03\0', 3], ['\0\x04\0', 4], ['\0\x05\0', 5], ['\0\x09ab', 9], ['\x01\x01a\0octet\0', 257],
  ])('%j is malformed', (text, opcode) => {
    expect(parseFrame(bytesOf(text))).toMatchObject({ kind: 'malformed', opcode } satisfies Partial<TftpFrame>)
  })
  test('a request that goes on and on is malformed, and a name is bounded', () => {
    expect(parseFrame(bytesOf(`\0\x01${'n'.repeat(600)}\0octet\0`)).kind).toBe('malformed')
    expect(parseFrame(bytesOf(`\0\x01n\0octet\0${'a\0b\0'.repeat(600)}`)).kind).toBe('malformed')
  })
  test('an option without its end or its value is left out', () => {
    expect(parseFrame(bytesOf('\0\x01n\0octet\0blksize\x001024\0tsize\x000'))).toMatchObject({ options: [{ name: 'blksize', value: '1024' }] })
  })
  test('control characters of an error message do not reach a terminal', () => {
    expect(parseFrame(bytesOf('\0\x05\0\0\x1b[31mred\0'))).toMatchObject({ message: '?[31mred' })
  })
})

describe('options', () => {
  const agree = (text: string, fileBytes?: number) =>
    agreeOnOptions(text.split(' ').filter(Boolean).map((pair) => ({ name: pair.split('=')[0] ?? '', value: pair.split('=')[1] ?? '' })), limits, fileBytes)
  const answer = (text: string, fileBytes?: number): string => agree(text, fileBytes).accepted.map(({ name, value }) => `${name}=${value}`).join(' ')

  test('none asked: 512 bytes, one block, no answer', () => {
    expect(agree('', 9)).toEqual({ blockBytes: 512, windowBlocks: 1, timeoutMs: undefined, announcedBytes: undefined, accepted: [] })
  })
  test.each([
    ['timeout=5 blksize=1468', 'timeout=5 blksize=1468'],
    ['tsize=0 blksize=512 timeout=1', 'tsize=777 blksize=512 timeout=1'],
    ['blksize=7', ''], ['blksize=8', 'blksize=8'], ['blksize=65464', 'blksize=65464'], ['blksize=70000', 'blksize=65464'],
    ['blksize=-1', ''], ['blksize=1e3', ''], ['blksize=', ''], ['blksize=0x200', ''], ['blksize=99999999999999999999', ''],
    ['timeout=0', ''], ['timeout=255', 'timeout=255'], ['timeout=256', ''], ['timeout=3000', ''],
    ['windowsize=0', ''], ['windowsize=1', 'windowsize=1'], ['windowsize=16', 'windowsize=16'], ['windowsize=65536', ''],
    ['tsize=12', 'tsize=777'], ['multicast=', ''], ['rollover=0 windowsize=4', 'windowsize=4'], ['constructor=1 __proto__=2', ''],
  ])('%s is answered with "%s"', (asked, expected) => { expect(answer(asked, 777)).toBe(expected) })
  test('a writer that announces its length hears it again', () => { expect(answer('tsize=4096')).toBe('tsize=4096') })
  test('whatever is asked, a burst stays within the budget and below 128 KiB', () => {
    fc.assert(fc.property(fc.integer({ min: 8, max: 65_464 }), fc.integer({ min: 1, max: 65_535 }), (block, window) => {
      const { blockBytes, windowBlocks } = agree(`blksize=${block} windowsize=${window}`)
      expect(blockBytes).toBe(block)
      expect(windowBlocks).toBeLessThanOrEqual(window)
      expect(windowBlocks === 1 || blockBytes * windowBlocks <= 128 * 1024).toBe(true)
    }))
    expect(burstBlocks(1_428, limits.burstBudgetBytes)).toBeGreaterThanOrEqual(64)
    expect(burstBlocks(65_464, limits.burstBudgetBytes)).toBe(1)
  })
})
