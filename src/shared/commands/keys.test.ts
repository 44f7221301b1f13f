import { describe, expect, test } from 'vitest'
import { commands } from './commands.ts'
import { keySheet } from './keySheet.ts'
import { isMenuKey, isPressed, isTakenInTerminal, isTyping, type KeyPress, type Keys, keyWords } from './keys.ts'

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({ key, code: `Key${key.toUpperCase()}`, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more })
const allKeys = commands.flatMap(({ id, keys = [] }) => keys.map((each) => ({ id, keys: each })))

describe('a key of a command', () => {
  test('is Ctrl here and Command on a Mac, and no other', () => {
    expect(isPressed('Mod+K', press('k', { ctrlKey: true }), 'other')).toBe(true)
    expect(isPressed('Mod+K', press('k', { metaKey: true }), 'mac')).toBe(true)
    expect(isPressed('Mod+K', press('k', { ctrlKey: true }), 'mac')).toBe(false)
    expect(isPressed('Mod+K', press('K', { ctrlKey: true, shiftKey: true }), 'other')).toBe(false)
    expect(isPressed('Mod+Shift+K', press('K', { ctrlKey: true, shiftKey: true }), 'other')).toBe(true)
    expect(isPressed('Mod+K', press('k'), 'other')).toBe(false)
  })
  test('is found by its place where Alt or an alphabet makes another sign of it', () => {
    expect(isPressed('Alt+R', press('®', { code: 'KeyR', altKey: true }), 'mac')).toBe(true)
    expect(isPressed('Mod+K', press('л', { code: 'KeyK', ctrlKey: true }), 'other')).toBe(true)
    expect(isPressed('Alt+1', press('¡', { code: 'Digit1', altKey: true }), 'mac')).toBe(true)
    // A letter that is written on the key counts, wherever the key is.
    expect(isPressed('Mod+K', press('j', { code: 'KeyK', ctrlKey: true }), 'other')).toBe(false)
    // AltGr is Ctrl and Alt at once on some keyboards, and types signs.
    expect(isPressed('Alt+C', press('c', { altKey: true, ctrlKey: true }), 'other')).toBe(false)
  })
  test('a question mark is one with and without Shift', () => {
    expect(isPressed('?', press('?', { code: 'Slash', shiftKey: true }), 'other')).toBe(true)
    expect(isPressed('?', press('?', { code: 'Comma' }), 'other')).toBe(true)
    expect([press('+', { code: 'Equal', shiftKey: true }), press('=', { code: 'Equal' }), press('+', { code: 'BracketRight' }), press('+', { code: 'Digit1', shiftKey: true }), press('+', { code: 'NumpadAdd' })].map((each) => isPressed('Plus', each, 'other'))).toEqual([true, true, true, true, true])
    expect([isPressed('Minus', press('-', { code: 'Minus' }), 'mac'), isPressed('Minus', press('_', { code: 'Minus', shiftKey: true }), 'other'), isPressed('Plus', press('+', { code: 'Equal', ctrlKey: true }), 'other')]).toEqual([true, false, false])
  })
  test('in a terminal only what has Alt, or Ctrl and Shift; on a Mac also Command', () => {
    const taken = (keys: Keys): readonly boolean[] => [isTakenInTerminal(keys, 'other'), isTakenInTerminal(keys, 'mac')]
    expect(taken('Mod+K')).toEqual([false, true])
    expect(taken('Mod+Shift+K')).toEqual([true, true])
    expect(taken('Alt+1')).toEqual([true, true])
    for (const keys of ['Escape', '?', 'F6'] as const) expect(taken(keys)).toEqual([false, false])
  })
  test('is written as people know it', () => {
    expect(keyWords('Mod+Shift+K', 'other')).toBe('Ctrl Shift K')
    expect(keyWords('Mod+Shift+K', 'mac')).toBe('⌘⇧K')
    expect([isTyping('?'), isTyping('Escape'), isTyping('F6'), isTyping('Alt+1')]).toEqual([true, true, false, false])
    expect([isMenuKey({ key: 'ContextMenu', shiftKey: false }), isMenuKey({ key: 'F10', shiftKey: true }), isMenuKey({ key: 'F10', shiftKey: false })]).toEqual([true, true, false])
  })
})

describe('the keys of all commands', () => {
  test('none belongs to two', () => {
    const seen = new Map<string, string>()
    for (const { id, keys } of allKeys) {
      expect(seen.get(keys), `${keys} of ${id}`).toBeUndefined()
      seen.set(keys, id)
    }
  })
  test('what is typed into a camera is not taken from it: Ctrl with a letter, F keys, Escape', () => {
    const inTerminal = allKeys.filter(({ keys }) => isTakenInTerminal(keys, 'other')).map(({ keys }) => keys)
    for (const keys of inTerminal) expect(keys).toMatch(/^(?:Alt\+|Mod\+Shift\+)/)
  })
  test('no key of a shell that moves by words, and none that a browser never gives away', () => {
    const letters: readonly Keys[] = ['Alt+B', 'Alt+F', 'Alt+D', 'Mod+N', 'Mod+T', 'Mod+W', 'Mod+Shift+N', 'Mod+Shift+T', 'Mod+Shift+W']
    expect(allKeys.filter(({ keys }) => letters.includes(keys))).toEqual([])
  })
})

describe('the sheet of keys', () => {
  const inTerminal = (platform: 'mac' | 'other'): readonly (readonly string[])[] => keySheet(platform).find(({ heading }) => heading === 'In a terminal')?.rows.map(({ keys }) => keys) ?? []
  test('says how a terminal copies and pastes, and what goes to the camera', () => {
    expect(inTerminal('other')).toEqual([['Ctrl Shift V †', 'Shift Insert †'], ['Ctrl Insert †'], ['Ctrl C', 'Ctrl V']])
    expect(inTerminal('mac')).toEqual([['⌘V †'], ['⌘C †'], ['Ctrl C', 'Ctrl V']])
  })
  test('no command has a key that copies or pastes there', () => {
    expect(allKeys.filter(({ keys }) => /^Mod\+(Shift\+)?V$|^Mod\+C$|Insert/.test(keys))).toEqual([])
  })
})
