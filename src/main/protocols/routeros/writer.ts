import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Sentence, sentenceLimits } from './frame.ts'

/** 1 to 5 bytes, big-endian; the leading one bits of the first say how many follow. */
export function writeLength(lengthBytes: number): Uint8Array {
  if (!Number.isInteger(lengthBytes) || lengthBytes < 0 || lengthBytes > 0xffff_ffff) throw new WorkbenchError('input/malformed', `${lengthBytes} is no length of a word`)
  if (lengthBytes < 0x80) return Uint8Array.of(lengthBytes)
  const low = [lengthBytes & 0xff, (lengthBytes >>> 8) & 0xff, (lengthBytes >>> 16) & 0xff, (lengthBytes >>> 24) & 0xff] as const
  if (lengthBytes < 0x4000) return Uint8Array.of(0x80 | low[1], low[0])
  if (lengthBytes < 0x20_0000) return Uint8Array.of(0xc0 | low[2], low[1], low[0])
  if (lengthBytes < 0x1000_0000) return Uint8Array.of(0xe0 | low[3], low[2], low[1], low[0])
  return Uint8Array.of(0xf0, low[3], low[2], low[1], low[0])
}

/** An empty word would end the sentence early, and its rest would be read as a command of its own. */
export function writeSentence(words: Sentence): Uint8Array {
  const encoder = new TextEncoder()
  const parts: Uint8Array[] = []
  for (const text of words) {
    const word = encoder.encode(text)
    if (word.length === 0 || word.length > sentenceLimits.wordBytes) throw new WorkbenchError('input/malformed', `A word of ${word.length} bytes cannot be sent to a RouterOS switch`)
    parts.push(writeLength(word.length), word)
  }
  if (parts.length === 0) throw new WorkbenchError('input/malformed', 'A sentence without words cannot be sent to a RouterOS switch')
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 1))
  let at = 0
  for (const part of parts) { whole.set(part, at); at += part.length }
  return whole
}
