const maxKindLetters = 200
const cutMark = '\u2026'
/** The mark that a job of ours puts behind each command, a hardware address, hex with its prefix, or a word with a digit: all in one go, for every line of every console comes through here. */
const changing = /\b__rb_[0-9a-f]{8}\b|\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b|\b0x[0-9a-f]+\b|[a-z_]*\d\w*/gi
const ownMark = '__rb_'
const ownMarked = /^__rb_[0-9a-f]{8}$/
const digits = /\d+/g

/** Of what `changing` finds: all of it is a number. No other word of it has a colon. */
function isWholeNumber(word: string): boolean {
  if (word[2] === ':') return true
  for (let at = word.length > 2 && word[0] === '0' && (word[1] === 'x' || word[1] === 'X') ? 2 : 0; at < word.length; at += 1) {
    const code = word.charCodeAt(at) | 0x20
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false
  }
  return true
}

/** A line without what changes from one time to the next: numbers, hex and addresses become `#`. */
export function lineKind(text: string): string {
  const kind = text.replace(changing, (word) => (isWholeNumber(word) ? '#' : ownMarked.test(word) ? `${ownMark}#` : word.replace(digits, '#')))
  return kind.length <= maxKindLetters ? kind : `${kind.slice(0, maxKindLetters)}${cutMark}`
}

export const isCutKind = (kind: string): boolean => kind.endsWith(cutMark)

const minPieceLetters = 3

/**
 * Texts that the kind of every matching line must hold, in lower case; few or none when the pattern does not say. What a number, hex or an
 * address may have swallowed is left out, so a missing piece always means that the line cannot match.
 */
export function requiredPieces(source: string): string[] {
  return requiredLiterals(source).flatMap((literal) => literal.toLowerCase().split(/[0-9:]+|(?<=_)[a-f]+(?![a-z_])/))
    .map((piece) => piece.replace(/^[a-fx]+(?![a-z_])/, '').replace(/(?<![a-z_])[a-fx]+$/, ''))
    .filter((piece) => piece.length >= minPieceLetters)
}

/** Whole words (letters and digits between other things) that every matching line has: an index of words finds those lines. */
export const requiredWords = (source: string): string[] => [...new Set(requiredLiterals(source).flatMap((literal) => literal.match(insideWord) ?? []).map((word) => word.toLowerCase()))]

/** Neither at the beginning nor at the end of what is known: there it may go on. Beyond ASCII nobody knows what a letter is. */
const insideWord = /(?<=[\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e])[A-Za-z0-9]+(?=[\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e])/g

/** Texts that every match of the pattern holds. Careful rather than clever: a group, a class or a choice says nothing. */
export function requiredLiterals(source: string): string[] {
  const found: string[] = []
  let literal = ''
  const breakOff = (): void => { if (literal !== '') found.push(literal); literal = '' }
  for (let at = 0; at < source.length;) {
    const letter = source[at] ?? ''
    if (letter === '|') return []
    const atom = atomAt(source, at)
    at += atom.length
    const quantifier = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/.exec(source.slice(at))?.[0] ?? ''
    at += quantifier.length
    if (atom.text !== undefined && quantifier === '') literal += atom.text
    else {
      // "ab+" holds "ab", "ab?" and "ab*" only "a".
      if (atom.text !== undefined && quantifier.startsWith('+')) literal += atom.text
      breakOff()
    }
  }
  breakOff()
  return found
}

/** One thing that a quantifier may follow; `text` when it is a plain letter. */
function atomAt(source: string, at: number): { readonly length: number; readonly text?: string } {
  const letter = source[at] ?? ''
  if (letter === '\\') {
    const next = source[at + 1] ?? ''
    // \x41, \u0041, \cA, \k<name>, \p{L} and \1 are longer; what follows them is read as letters that are not required.
    if (/[xuckpP\d]/.test(next)) return { length: source.length - at }
    return /\w/.test(next) ? { length: 2 } : { length: 2, text: next }
  }
  if (letter === '[') return { length: classLength(source, at) }
  if (letter === '(') return { length: groupLength(source, at) }
  // A lone brace or bracket is a letter in old patterns; nobody needs it.
  return '^$.*+?{}])'.includes(letter) ? { length: 1 } : { length: 1, text: letter }
}

function classLength(source: string, at: number): number {
  for (let end = at + 1; end < source.length; end += source[end] === '\\' ? 2 : 1) if (source[end] === ']') return end + 1 - at
  return source.length - at
}

function groupLength(source: string, at: number): number {
  let depth = 0
  for (let end = at; end < source.length; end += 1) {
    const letter = source[end]
    if (letter === '\\') end += 1
    else if (letter === '[') end += classLength(source, end) - 1
    else if (letter === '(') depth += 1
    else if (letter === ')') { depth -= 1; if (depth === 0) return end + 1 - at }
  }
  return source.length - at
}
