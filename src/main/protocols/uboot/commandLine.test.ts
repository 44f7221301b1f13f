import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanOutput, encodeCommandLine, endsWithPrompt, findPrompt, isTypeable, parseCommandAnswer } from './commandLine.ts'

const prompt = 'OpenIPC # '
const said = (command: string, output: string, code: string): string =>
  `${encodeCommandLine(command, 'ab12')}\r\n${output}__rb_ab12 ${code}\r\n${prompt}`

test('the answer lies between the echoed line and the marker', () => {
  expect(parseCommandAnswer(said('sf probe 0', 'SF: Detected x\r\n', '0'), 'ab12')).toEqual({ output: 'SF: Detected x', exitCode: 0 })
  expect(parseCommandAnswer(said('foo', "Unknown command 'foo'\r\n", '1'), 'ab12')).toEqual({ output: "Unknown command 'foo'", exitCode: 1 })
})

test('the simple parser has no return codes', () => {
  expect(parseCommandAnswer(said('printenv x', '', '$?'), 'ab12')).toEqual({ output: '', exitCode: undefined })
})

test('the echoed line alone is no answer, however it is cut', () => {
  expect(parseCommandAnswer(`${prompt}${encodeCommandLine('sf probe 0', 'ab12')}\r\n`, 'ab12')).toBeUndefined()
})

test('a late answer of another command ends nothing', () => {
  expect(parseCommandAnswer(said('crc32 0 1', 'x\r\n', '0'), 'cd34')).toBeUndefined()
})

test('a return code is not read before its line has ended: 1 may become 127', () => {
  const whole = said('foo', '', '127')
  const cut = whole.slice(0, whole.lastIndexOf('__rb_ab12 1') + '__rb_ab12 1'.length)
  expect(parseCommandAnswer(cut, 'ab12')).toBeUndefined()
})

test('an answer does not depend on where the chunks are cut, and never comes early', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), fc.nat(3), (noise, code) => {
    const output = noise.replaceAll(/[^\x20-\x7e]/g, '')
    const whole = said('md.b 0 10', `${output}\r\n`, String(code))
    const wholeAnswer = parseCommandAnswer(whole, 'ab12')
    expect(wholeAnswer?.exitCode).toBe(code)
    for (let end = 0; end < whole.length; end += 1) {
      const early = parseCommandAnswer(whole.slice(0, end), 'ab12')
      if (early) expect(early).toEqual(wholeAnswer)
    }
  }), { numRuns: 50 })
})

test('a prompt counts at the start of a line and at the end of the data only', () => {
  expect(findPrompt('\r\nOpenIPC # ')).toBe('OpenIPC # ')
  expect(findPrompt('\nhisilicon # ')).toBe('hisilicon # ')
  expect(findPrompt('\r\n=> ')).toBe('=> ')
  expect(findPrompt('## Error: "x" not defined')).toBeUndefined()
  expect(findPrompt('## Error: "x" # ')).toBeUndefined()
  expect(findPrompt('\nDRAM: #  2 MiB')).toBeUndefined()
  expect(findPrompt('OpenIPC # sf probe')).toBeUndefined()
  expect(endsWithPrompt('x OpenIPC # ', 'OpenIPC # ')).toBe(false)
  expect(endsWithPrompt('x\r\nOpenIPC # ', 'OpenIPC # ')).toBe(true)
})

test('nothing that makes two lines of one can be typed', () => {
  fc.assert(fc.property(fc.string(), (text) => {
    if (isTypeable(text)) expect(text).toMatch(/^[\x20-\x7e]+$/)
  }))
  expect(isTypeable('a\rreset')).toBe(false)
  expect(isTypeable('a\nreset')).toBe(false)
  expect(isTypeable('')).toBe(false)
  expect(isTypeable('x'.repeat(901))).toBe(false)
})

test('lines that overwrite themselves become lines', () => {
  expect(cleanOutput('\rErasing -- 50%\rErasing -- 100%\r\nSF: OK\r\n')).toBe('Erasing -- 50%\nErasing -- 100%\nSF: OK')
})
