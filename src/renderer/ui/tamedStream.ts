/**
 * What a camera prints, before a terminal sees it. Only sequences that draw are let through, each with bounded work: nothing
 * sets a title or the clipboard, asks the terminal for an answer (it would be typed into the camera), switches mouse or focus
 * reports on, or carries a link that reads otherwise than it leads. A list of what is allowed, so that a new terminal ability stays out.
 */
export interface TamedStream {
  /** `''` where everything was swallowed. A sequence may go on in the next piece. */
  push(bytes: Uint8Array): string
  /** After bytes that will never come. */
  reset(): void
}
export type Encoding = 'utf-8' | 'latin-1'

const drawing = '@ABCDEFGHIJKLMPSTXZ`abdefgmrsu'
/** Each of these costs the terminal as many steps as its number says. */
const repeating = '@ILMPSTXZb'
const plainModes: ReadonlySet<string> = new Set(['4', '20'])
/** Cursor keys, origin, wrap, cursor, the other screen, pasting in brackets. Not: columns, mouse, focus, held-back output. */
const privateModes: ReadonlySet<string> = new Set(['1', '6', '7', '25', '45', '47', '1047', '1048', '1049', '2004'])
const singleEscapes = 'DEHM78=>c'
const maxNumber = 999
const maxRepeats = 256
const maxSequenceLetters = 64
/** Steps that one piece may cost; a piece is a few kilobytes, so a screen program never comes near it. */
const stepsForOnePiece = 4_000
const resetSteps = 500
const screenSteps = 40
/** A letter with thousands of accents is one cell that takes seconds to draw. */
const maxAccents = 4
const accent = /^[\p{M}\u200c\u200d]$/u
/** They turn the order of letters around, so that an address reads as another one. */
const turning = /^[\u200e\u200f\u202a-\u202e\u2066-\u2069]$/
const shownControls = '\b\t\n\v\f\r\u000e\u000f'

type Place = 'ground' | 'escape' | 'sequence' | 'charset' | 'string'

export function createTamedStream(encoding: Encoding = 'utf-8'): TamedStream {
  const newDecoder = (): TextDecoder => new TextDecoder(encoding === 'utf-8' ? 'utf-8' : 'latin1')
  let decoder = newDecoder()
  let place: Place = 'ground'
  let held = ''
  let accents = 0
  let steps = 0

  const afford = (cost: number): boolean => {
    steps -= cost
    return steps >= 0
  }
  const ground = (letter: string): string => {
    if (letter === '\u001b') { place = 'escape'; return '' }
    if (letter < ' ') return shownControls.includes(letter) ? letter : ''
    // The terminal would take the second row of controls for sequences, too.
    if ((letter >= '\u007f' && letter <= '\u009f') || turning.test(letter)) return ''
    accents = accent.test(letter) ? accents + 1 : 0
    return accents > maxAccents ? '' : letter
  }
  const escape = (letter: string): string => {
    place = 'ground'
    if (letter === '[') { place = 'sequence'; held = ''; return '' }
    if (']PX^_'.includes(letter)) { place = 'string'; return '' }
    if (letter === '(' || letter === ')') { place = 'charset'; held = letter; return '' }
    if (letter < ' ') return ground(letter)
    if (!singleEscapes.includes(letter) || (letter === 'c' && !afford(resetSteps))) return ''
    return `\u001b${letter}`
  }
  const sequence = (letter: string): string => {
    if (letter < ' ') { place = 'ground'; return ground(letter) }
    if (letter < '@') {
      if (held.length < maxSequenceLetters) held += letter
      return ''
    }
    place = 'ground'
    if (held.length >= maxSequenceLetters) return ''
    const [whole, cost] = allowed(held, letter)
    return whole !== '' && afford(cost) ? whole : ''
  }
  const string = (letter: string): string => {
    // A line end, too: noise that looks like the start of a string must not hide all that follows it.
    if (letter === '\u001b') place = 'escape'
    else if (letter === '\u0007' || letter === '\u009c' || letter === '\u0018') place = 'ground'
    else if (letter === '\n' || letter === '\r') { place = 'ground'; return letter }
    return ''
  }
  const charset = (letter: string): string => {
    place = 'ground'
    return 'AB0'.includes(letter) ? `\u001b${held}${letter}` : letter < ' ' ? ground(letter) : ''
  }
  const steppers: Readonly<Record<Place, (letter: string) => string>> = { ground, escape, sequence, string, charset }
  return {
    push: (bytes) => {
      steps = stepsForOnePiece
      let shown = ''
      for (const letter of decoder.decode(bytes, { stream: true })) shown += steppers[place](letter)
      return shown
    },
    reset: () => { decoder = newDecoder(); place = 'ground'; held = ''; accents = 0 },
  }
}

/** The sequence as it may be drawn and what it costs; `''` for none. */
function allowed(inside: string, final: string): readonly [string, number] {
  const none = ['', 0] as const
  if (inside === '!' && final === 'p') return ['\u001b[!p', resetSteps]
  const isPrivate = inside.startsWith('?')
  const numbers = isPrivate ? inside.slice(1) : inside
  if (!/^[\d;:]*$/.test(numbers)) return none
  if (final === 'h' || final === 'l') {
    const known = numbers.split(';').filter((mode) => (isPrivate ? privateModes : plainModes).has(mode))
    return known.length === 0 ? none : [`\u001b[${isPrivate ? '?' : ''}${known.join(';')}${final}`, screenSteps]
  }
  if (!drawing.includes(final) || (isPrivate && final !== 'J' && final !== 'K')) return none
  const repeats = repeating.includes(final)
  const bounded = numbers.replaceAll(/\d+/g, (digits) => String(Math.min(Number(digits), repeats ? maxRepeats : maxNumber)))
  const cost = repeats ? Math.max(1, Number.parseInt(bounded, 10) || 1) : final === 'J' ? screenSteps : 0
  return [`\u001b[${isPrivate ? '?' : ''}${bounded}${final}`, cost]
}
