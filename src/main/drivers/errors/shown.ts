/** Text of a stranger, for a message: bounded, one line, nothing that moves a cursor. */
// eslint-disable-next-line no-control-regex -- control characters are what is replaced
export const shown = (text: string, letters = 200): string => text.replaceAll(/[\s\x00-\x1f\x7f-\x9f\u202a-\u202e]+/g, ' ').trim().slice(0, letters)
