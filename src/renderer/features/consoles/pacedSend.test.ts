import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linesToSend, piecesOf, rawPieces, sendPaced } from './pacedSend.ts'

test('every line gets the chosen end, whatever the text had', () => {
  const text = 'a\nb\r\nc\rd'
  expect(linesToSend(text, { lineEnd: 'CR', encoding: 'utf-8' })).toEqual(['a\r', 'b\r', 'c\r', 'd'])
  expect(linesToSend(text, { lineEnd: 'CRLF', encoding: 'utf-8' })).toEqual(['a\r\n', 'b\r\n', 'c\r\n', 'd'])
  expect(linesToSend('a\n', { lineEnd: 'none', encoding: 'utf-8' })).toEqual(['a'])
})
test('nothing is lost or cut, and every piece fits into one call', () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 3_000 }), { maxLength: 4 }), fc.boolean(), (lines, perLetter) => {
    const pieces = piecesOf(lines, perLetter)
    expect(pieces.join('')).toBe(lines.join(''))
    for (const piece of pieces) { expect(piece.length).toBeLessThanOrEqual(4_096); expect(piece.isWellFormed()).toBe(true) }
  }))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 5_000 }), (bytes) => {
    expect(Array.from(rawPieces(bytes).join(''), (letter) => letter.charCodeAt(0))).toEqual([...bytes])
  }))
})
test('stop sends nothing more, and a refusal ends it', async () => {
  const stop = new AbortController()
  const sent: string[] = []
  const pieces = ['a', 'b', 'c']
  await sendPaced({ pieces, pauseMs: 1, signal: stop.signal, onSent: (count) => { if (count === 2) stop.abort() }, send: async (piece) => { sent.push(piece); await Promise.resolve() } })
  expect(sent).toEqual(['a', 'b'])
  let tries = 0
  await expect(sendPaced({ pieces, pauseMs: 0, signal: new AbortController().signal, onSent: () => undefined, send: async () => { tries += 1; await Promise.reject(new Error('busy')) } })).rejects.toThrow('busy')
  expect(tries).toBe(1)
})
