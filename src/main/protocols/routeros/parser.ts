import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Reply, type ReplyKind, type Sentence, sentenceLimits } from './frame.ts'

export interface SentenceReader {
  /** The sentences that this piece completes; empty ones are left out. Throws `link/garbled`, and from then on always. */
  push(chunk: Uint8Array): readonly Sentence[]
}

/** Bytes that the prefix still has, told by its first byte; `undefined` for the reserved control bytes. */
function prefixTail(first: number): { readonly moreBytes: number; readonly value: number } | undefined {
  if (first < 0x80) return { moreBytes: 0, value: first }
  if (first < 0xc0) return { moreBytes: 1, value: first & 0x3f }
  if (first < 0xe0) return { moreBytes: 2, value: first & 0x1f }
  if (first < 0xf0) return { moreBytes: 3, value: first & 0x0f }
  return first === 0xf0 ? { moreBytes: 4, value: 0 } : undefined
}

const garbled = (why: string): WorkbenchError => new WorkbenchError('link/garbled', `That is no RouterOS API: ${why}`, {
  hint: 'Check the address and the port: the API answers on 8728, and on 8729 under TLS',
})

export function createSentenceReader(): SentenceReader {
  let words: string[] = []
  let sentenceBytes = 0
  let prefix: { moreBytes: number; value: number } | undefined
  let word: Uint8Array | undefined
  let filled = 0
  let broken: WorkbenchError | undefined

  /** The length is complete: gives the sentence that an empty word ends. */
  const startWord = (lengthBytes: number): Sentence | undefined => {
    prefix = undefined
    if (lengthBytes === 0) {
      const whole = words
      words = []
      sentenceBytes = 0
      return whole.length > 0 ? whole : undefined
    }
    if (lengthBytes > sentenceLimits.wordBytes) throw garbled(`a word of ${lengthBytes} bytes`)
    sentenceBytes += lengthBytes
    if (sentenceBytes > sentenceLimits.sentenceBytes || words.length >= sentenceLimits.sentenceWords) throw garbled('a sentence without end')
    word = new Uint8Array(lengthBytes)
    filled = 0
    return undefined
  }

  const takePrefixByte = (byte: number): Sentence | undefined => {
    if (prefix) prefix = { moreBytes: prefix.moreBytes - 1, value: prefix.value * 256 + byte }
    else prefix = prefixTail(byte)
    if (!prefix) throw garbled(`the length byte 0x${byte.toString(16)}`)
    return prefix.moreBytes === 0 ? startWord(prefix.value) : undefined
  }

  const fillWord = (into: Uint8Array, chunk: Uint8Array, from: number): number => {
    const piece = chunk.subarray(from, from + into.length - filled)
    into.set(piece, filled)
    filled += piece.length
    if (filled === into.length) {
      // Without it a word that begins with U+FEFF would lose it.
      words.push(new TextDecoder('utf-8', { ignoreBOM: true }).decode(into))
      word = undefined
    }
    return from + piece.length
  }

  return {
    push: (chunk) => {
      if (broken) throw broken
      const sentences: Sentence[] = []
      try {
        for (let at = 0; at < chunk.length;) {
          if (word) { at = fillWord(word, chunk, at); continue }
          const sentence = takePrefixByte(chunk[at] ?? 0)
          at += 1
          if (sentence) sentences.push(sentence)
        }
      } catch (error) {
        if (error instanceof WorkbenchError) broken = error
        throw error
      }
      return sentences
    },
  }
}

const kinds: Readonly<Record<string, ReplyKind>> = { '!re': 'row', '!done': 'done', '!trap': 'trap', '!fatal': 'fatal' }

/** Newer versions add replies (`!empty`); they are `other`, and whoever waits for `done` reads on. */
export function parseReply([first = '', ...rest]: Sentence): Reply {
  const attributes = new Map<string, string>()
  const loose: string[] = []
  for (const text of rest) {
    // The value may hold `=` itself, and `.id` begins with a dot.
    const end = text.indexOf('=', 1)
    if (!text.startsWith('=') || end < 0) { loose.push(text); continue }
    const key = text.slice(1, end)
    if (!attributes.has(key)) attributes.set(key, text.slice(end + 1))
  }
  return { kind: Object.hasOwn(kinds, first) ? kinds[first] ?? 'other' : 'other', attributes, loose }
}
