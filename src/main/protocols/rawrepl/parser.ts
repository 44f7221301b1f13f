import { maxAnswerBytes } from './frame.ts'

export interface RawAnswer {
  readonly out: string
  readonly errors: string
}

/** `undefined`: more has to come. `garbled`: this is no answer to code, or has no end. */
export type RawProgress = RawAnswer | 'garbled' | undefined

/** What the board prints, then 0x04, then what went wrong, then 0x04 and `>`. `head` is what comes first: `OK` after plain raw, nothing after a paste. */
export function readRawAnswer(received: Uint8Array, head: '' | 'OK'): RawProgress {
  if (received.length > maxAnswerBytes) return 'garbled'
  const start = head.length
  for (let at = 0; at < Math.min(start, received.length); at += 1) if (received[at] !== head.charCodeAt(at)) return 'garbled'
  const outEnd = received.indexOf(0x04, start)
  if (outEnd < 0) return undefined
  const errorsEnd = received.indexOf(0x04, outEnd + 1)
  if (errorsEnd < 0 || received.length < errorsEnd + 2) return undefined
  if (received[errorsEnd + 1] !== 0x3e) return 'garbled'
  return { out: latin(received.subarray(start, outEnd)), errors: latin(received.subarray(outEnd + 1, errorsEnd)) }
}

export type MarkedAnswer =
  | { readonly kind: 'said'; readonly lines: readonly string[] }
  | { readonly kind: 'errno'; readonly errno: number }
  | { readonly kind: 'none' }

/** Only lines with the mark of this piece of code count: a program of the board may print between them. */
export function readMarked(out: string, mark: string): MarkedAnswer {
  const said = out.split(/\r?\n/).filter((line) => line.startsWith(`${mark} `)).map((line) => line.slice(mark.length + 1))
  const last = said.at(-1)
  const errno = /^errno (\d{1,6})$/.exec(last ?? '')?.[1]
  if (errno !== undefined) return { kind: 'errno', errno: Number(errno) }
  return last === 'ok' ? { kind: 'said', lines: said.slice(0, -1) } : { kind: 'none' }
}

/** The numbers of MicroPython's own ports, and of the one that is built with Emscripten. */
export function errnoMeaning(errno: number, platform: string): 'not-found' | 'exists' | 'no-space' | 'refused' {
  const [notFound, exists, noSpace] = platform === 'webassembly' ? [44, 20, 51] : [2, 17, 28]
  return errno === notFound ? 'not-found' : errno === exists ? 'exists' : errno === noSpace ? 'no-space' : 'refused'
}

const latin = (bytes: Uint8Array): string => { let out = ''; for (const byte of bytes) out += String.fromCharCode(byte); return out }
/** The end of what came, for a person: bounded and printable. */
export const tailOf = (bytes: Uint8Array): string => latin(bytes.subarray(-200)).replaceAll(/[^\x20-\x7e]+/g, ' ').trim()
