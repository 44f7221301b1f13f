import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isCutKind, lineKind, requiredLiterals, requiredPieces, requiredWords } from './lineKind.ts'
import { createLineCutter, type CutLine, maxLineBytes } from './plainLine.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
function cut(pieces: readonly Uint8Array[]): CutLine[] {
  const lines: CutLine[] = []
  const cutter = createLineCutter((line) => { lines.push(line) })
  let offset = 0
  for (const piece of pieces) { cutter.push(piece, offset, 1); offset += piece.length }
  cutter.finish()
  return lines
}

test('lines without escapes, with the place of their first byte', () => {
  expect(cut([encode('\r\n\u001b[1;31mpanic\u001b[0m: käse\r\n\n  \nlast')]).map(({ offset, text }) => [offset, text])).toEqual([[2, 'panic: käse'], [31, 'last']])
})
test('the cuts do not matter, and no line is longer than its bound', () => {
  const noise = fc.uint8Array({ maxLength: 4_000 })
  fc.assert(fc.property(noise, fc.array(fc.nat(4_000), { maxLength: 8 }), (bytes, cuts) => {
    const places = [0, ...cuts.map((each) => Math.min(each, bytes.length)).sort((a, b) => a - b), bytes.length]
    const whole = cut([bytes])
    expect(cut(places.slice(1).map((end, index) => bytes.subarray(places[index], end)))).toEqual(whole)
    for (const { text } of whole) expect(text.length).toBeLessThanOrEqual(maxLineBytes)
  }))
  expect(cut([new Uint8Array(1024 * 1024).fill(0x41)])).toHaveLength(1024)
})

test.each([
  ['[    3.204512] mmc0: new SDHC card at address aaaa', '[    #.#] mmc#: new SDHC card at address aaaa'],
  ['eth0: link up, 100Mbps, MAC 00:12:31:ab:cd:ef', 'eth#: link up, #Mbps, MAC #'],
  ['Load address: 0x42000000 crc deadbee5', 'Load address: # crc #'],
  ['crc32 0x42800000 0x40000; echo __rb_9f9f9430 $?', 'crc# # #; echo __rb_# $?'], ['__rb_deadbeef 0', '__rb_# #'], ['__rb_12link up', '__rb_#link up'],
  ['inet 192.168.1.10/24', 'inet #.#.#.#/#'],
])('%j is of the kind %j', (line, kind) => { expect(lineKind(line)).toBe(kind) })

test('one go over a line gives the kind that a step for each sort of number gives', () => {
  const inSteps = (text: string): string => text.replace(/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/gi, '#').replace(/\b0x[0-9a-f]+\b/gi, '#')
    .replace(/[A-Za-z_]*\d\w*/g, (word) => (/^[0-9a-f]+$/i.test(word) ? '#' : word.replace(/\d+/g, '#')))
  const pieces = fc.constantFrom('0', '7', '12', 'a', 'F', 'x', 'X', 'z', '_', ':', '-', ' ', '0x', '0xbeef', 'ab:', '0a:', '00:12:31:ab:cd:ef', 'eth0', '#', '\u00e4', '.')
  fc.assert(fc.property(fc.array(pieces, { maxLength: 20 }).map((all) => all.join('')), (line) => { expect(lineKind(line)).toBe(inSteps(line)) }), { numRuns: 3_000 })
})

test('a long line has a bounded kind that says so', () => {
  expect(isCutKind(lineKind('x'.repeat(500)))).toBe(true)
  expect(isCutKind(lineKind('x'.repeat(200)))).toBe(false)
})

test.each([
  ['panic', ['panic']], ['kernel panic.*VFS', ['kernel panic', 'VFS']], ['a|b', []], ['(a|b) link', [' link']], ['colou?r x', ['colo', 'r x']],
  ['ab+c', ['ab', 'c']], ['a{2}b', ['b']], ['^\\[ *\\d+\\] mmc', ['[', '] mmc']], ['[a|)]up', ['up']], ['\\x41bcd', []], ['ab*', ['a']], ['', []],
])('%j needs %j', (source, literals) => { expect(requiredLiterals(source)).toEqual(literals) })

test.each([['dead link', '0xdead link', [' link']], ['link bad', 'link bad1', ['link ']], ['eth0: link', 'eth0: link up', ['eth', ' link']]])('%j does not require of %j what a number may have swallowed', (source, line, pieces) => {
  expect(requiredPieces(source)).toEqual(pieces)
  for (const piece of pieces) expect(lineKind(line)).toContain(piece)
})

test('only words with an end on both sides are whole', () => {
  expect(requiredWords('exposure 4711 Gain 1\\d (a|b) link_up x')).toEqual(['4711', 'gain', 'link', 'up'])
  expect(requiredWords('k\u00e4se ab\u00e4 cd ef')).toEqual(['cd'])
})

test('a line that matches holds all that its pattern requires, and so does its kind', () => {
  const atom = fc.constantFrom('a', 'e', 'x', 'link', 'dead', '0', '12', '\\d', '\\w', '.', ' ', ':', '[a-f]', '(up|down)', '\\.', 'fail', 'bad', '0x', 'face', '__rb_', '_', 'deadbeef')
  const pattern = fc.array(fc.tuple(atom, fc.constantFrom('', '', '', '+', '*', '?', '{2}')), { maxLength: 6 }).map((parts) => parts.map(([text, many]) => `${text}${many}`).join(''))
  const line = fc.array(fc.constantFrom('a', 'e', 'x', 'link', 'dead', '0', '12', ' ', ':', 'up', 'down', '.', 'fail', 'bad', 'face', 'ff:00:11:22:33:aa', '0xdead', 'beef1', '_', '__rb_', '__rb_deadbeef', '__rb_0f9f9430'), { maxLength: 14 }).map((parts) => parts.join(''))
  fc.assert(fc.property(pattern, line, (source, text) => {
    const match = new RegExp(source).exec(text)
    if (!match) return
    for (const literal of requiredLiterals(source)) expect(match[0]).toContain(literal)
    const words = text.toLowerCase().split(/[^a-z0-9]+/)
    for (const word of requiredWords(source)) expect(words).toContain(word)
    for (const piece of requiredPieces(source)) expect(lineKind(text).toLowerCase()).toContain(piece)
  }), { numRuns: 5_000 })
})
