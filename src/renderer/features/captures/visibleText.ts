/** What is shown of text that a camera chose. Controls are never given to the page as they are. */
export interface Segment { readonly kind: 'plain' | 'control' | 'hit'; readonly text: string }
export type Span = readonly [from: number, until: number]

/** Escape sequences as a whole, single controls, and letters that turn or hide their neighbours. A tab is only a wide blank. */
// eslint-disable-next-line no-control-regex -- controls are what is looked for
const controls = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]{0,200}(?:\u0007|\u001b\\))?|[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]+/g

const shownSign = (letter: string): string => {
  const code = letter.charCodeAt(0)
  // As terminals have always written them; the shipped font has no pictures of controls.
  if (code < 0x20 || code === 0x7f) return `^${String.fromCharCode(code ^ 0x40)}`
  if (code === 0xfffd) return '\ufffd'
  return code >= 0x80 && (code < 0xa0 || code === 0xad || code === 0x61c || (code >= 0x200b && code <= 0x206f) || code >= 0xfeff) ? `<${code.toString(16).padStart(4, '0')}>` : letter
}

/** Latin-1 letters as the bytes they stand for, read as UTF-8; what is none shows as a replacement sign. */
export function decoded(bytes: string): string {
  // Most lines are plain, and need no decoder.
  // eslint-disable-next-line no-control-regex -- seven bits are what is asked for
  if (/^[\u0000-\u007f]*$/.test(bytes)) return bytes
  return new TextDecoder().decode(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)))
}

/** Text in pieces that can be shown; `hits` in order and apart. */
export function segmentsOf(text: string, hits: readonly Span[] = []): Segment[] {
  const segments: Segment[] = []
  const add = (kind: Segment['kind'], some: string): void => { if (some !== '') segments.push({ kind, text: some }) }
  const withControls = (part: string, kind: 'plain' | 'hit'): void => {
    let at = 0
    for (const found of part.matchAll(controls)) {
      add(kind, part.slice(at, found.index))
      add('control', [...found[0]].map(shownSign).join(''))
      at = found.index + found[0].length
    }
    add(kind, part.slice(at))
  }
  let at = 0
  for (const [from, until] of hits) {
    withControls(text.slice(at, from), 'plain')
    withControls(text.slice(from, until), 'hit')
    at = until
  }
  withControls(text.slice(at), 'plain')
  return segments
}

export interface Wanted { readonly text: string; readonly isPattern: boolean; readonly ignoreCase: boolean }

/** Where the search found it. Only for lines that the search gave: it has tried the pattern on them, in a thread that can be ended. */
export function hitSpans(line: string, { text, isPattern, ignoreCase }: Wanted): Span[] {
  if (isPattern) {
    try {
      const found = new RegExp(text, ignoreCase ? 'i' : '').exec(line)
      return found && found[0] !== '' ? [[found.index, found.index + found[0].length]] : []
    } catch {
      return []
    }
  }
  const words = new Set(wordsOf(text).map(({ word }) => word))
  return wordsOf(line).filter(({ word }) => words.has(word)).map(({ word, from }) => [from, from + word.length])
}
const wordsOf = (text: string): { readonly word: string; readonly from: number }[] => [...text.matchAll(/[\p{L}\p{N}]+/gu)].map((found) => ({ word: found[0].toLowerCase(), from: found.index }))

/** The same words once more in a line that may have controls between; without a pattern, so that nothing can hang. */
export function foundAgain(text: string, pieces: readonly string[]): Span[] {
  const spans: Span[] = []
  let at = 0
  for (const piece of pieces) {
    const from = piece === '' ? -1 : text.indexOf(piece, at)
    if (from < 0) continue
    at = from + piece.length
    spans.push([from, at])
  }
  return spans
}
