type Letter = 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M' | 'N' | 'O' | 'P' | 'Q' | 'R' | 'S' | 'T' | 'U' | 'V' | 'W' | 'X' | 'Y' | 'Z'
type Digit = '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '0'
/** `Mod` is Ctrl, and Command on a Mac. A letter or digit alone would be typing. */
export type Keys = `${'Mod+' | 'Mod+Shift+' | 'Alt+' | 'Alt+Shift+'}${Letter | Digit}` | 'F6' | 'Escape' | '?' | 'Plus' | 'Minus'
export type Platform = 'mac' | 'other'

/** What a key event of the page has, and nothing of the page. */
export interface KeyPress {
  readonly key: string
  readonly code: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly shiftKey: boolean
  readonly altKey: boolean
}
/** Signs that stand on other keys, with and without Shift, from keyboard to keyboard; the unshifted sign of a common plus key counts too. */
const signs: Readonly<Record<string, readonly string[]>> = { '?': ['?'], 'Plus': ['+', '='], 'Minus': ['-'] }
interface Chord { readonly mod: boolean; readonly shift: boolean; readonly alt: boolean; readonly key: string }

function chordOf(keys: Keys): Chord {
  const parts = keys.split('+')
  return { mod: parts.includes('Mod'), shift: parts.includes('Shift'), alt: parts.includes('Alt'), key: parts.at(-1) ?? '' }
}

/** The letter on the key; with Alt a Mac makes another sign of it, and other alphabets have no such letter at all. */
function letterOf({ key, code }: KeyPress): string {
  if (key.length > 1 || /^[a-z0-9?]$/i.test(key)) return key.length > 1 ? key : key.toUpperCase()
  return /^(?:Key|Digit)(.)$/.exec(code)?.[1] ?? key
}

export function isPressed(keys: Keys, press: KeyPress, platform: Platform): boolean {
  const { mod, shift, alt, key } = chordOf(keys)
  const isMod = platform === 'mac' ? press.metaKey && !press.ctrlKey : press.ctrlKey && !press.metaKey
  if ((mod ? !isMod : press.ctrlKey || press.metaKey) || alt !== press.altKey) return false
  const written = signs[key]
  return written ? written.includes(press.key) : shift === press.shiftKey && letterOf(press) === key
}

/** A terminal sends Ctrl with a letter, F keys and Escape to the camera. What is left to us there has Alt, or Ctrl and Shift; Command never reaches a camera. */
export function isTakenInTerminal(keys: Keys, platform: Platform): boolean {
  const { mod, shift, alt } = chordOf(keys)
  return alt || (mod && (shift || platform === 'mac'))
}

/** As typing: such a key belongs to a field that has the focus. */
export const isTyping = (keys: Keys): boolean => !keys.includes('+') && keys !== 'F6'

/** The key of the keyboard that stands for the other mouse button. */
export const isMenuKey = ({ key, shiftKey }: Pick<KeyPress, 'key' | 'shiftKey'>): boolean => key === 'ContextMenu' || (key === 'F10' && shiftKey)

export function keyWords(keys: Keys, platform: Platform): string {
  const names: Readonly<Record<string, string>> = platform === 'mac' ? { Mod: '⌘', Shift: '⇧', Alt: '⌥', Escape: 'Esc', Plus: '+', Minus: '−' } : { Mod: 'Ctrl', Escape: 'Esc', Plus: '+', Minus: '−' }
  return keys.split('+').map((part) => names[part] ?? part).join(platform === 'mac' ? '' : ' ')
}
