import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainText, printedLines } from './consoleText.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('colours, titles and cursor moves are gone, the words stay', () => {
  expect(plainText(bytes('\u001b[1;31mred\u001b[0m \u001b]0;title\u0007on\u001b(B \u001b[2Jx\r\ny'))).toBe('red on x\ny')
})
test('an escape that is cut at the end is not shown', () => {
  expect(plainText(bytes('login: \u001b['))).toBe('login: ')
})
test('a progress bar is its last state', () => {
  expect(printedLines(bytes('10 %\r50 %\r100 %\r\nOK\r\n\r\n'), 80)).toEqual(['100 %', 'OK'])
})
test('noise never throws and never leaves a control character', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
    // eslint-disable-next-line no-control-regex -- control characters are what this is about
    expect(plainText(noise)).toMatch(/^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$/)
  }))
})
