/** Not Latin-1, which is slower: what is not plain is not looked at here. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const odd = /[^\t\n\r\x20-\x7e]/

/**
 * A piece of a console in small letters, one for each byte, for a look at all of it at once; empty where there is anything in it that a person
 * would not read, and it must be looked at line by line. Nearly every piece of a rack says nothing that anybody waits for.
 */
export function plainSmall(bytes: Uint8Array): string {
  const text = decoder.decode(bytes)
  return odd.test(text) ? '' : text.toLowerCase()
}
export const isPlain = (text: string): boolean => !odd.test(text)

/** Where the line begins that has not ended. */
export const openLineAt = (text: string): number => Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1

/** Finds any of these words, which are in small letters. */
export const anyOf = (words: readonly string[]): RegExp => (words.length === 0 ? /(?!)/ : new RegExp(words.map((word) => word.replaceAll(/[^a-z0-9 ]/g, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`)).join('|'), 'u'))
