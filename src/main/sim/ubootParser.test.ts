import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expandWords, parseLine } from './ubootParser.ts'

const values: Readonly<Record<string, string>> = { '?': '0', addr: '0x42000000', two: 'a b', baseaddr: '0x42000000' }

function words(line: string): string[][] {
  const parsed = parseLine(line)
  if (!parsed.ok) throw new Error('syntax error')
  return parsed.commands.map((command) => expandWords(command.words, (name) => values[name] ?? ''))
}

describe('hush', () => {
  test('quotes inside a word vanish, so an echoed line never looks like its own answer', () => {
    expect(words("echo begin''T1; sf probe 0; echo end''T1=$?")).toEqual([['echo', 'beginT1'], ['sf', 'probe', '0'], ['echo', 'endT1=0']])
  })
  test('values are not split again, and an empty one takes its word away', () => {
    expect(words('sf write ${addr} 0x50000 ${filesize}')).toEqual([['sf', 'write', '0x42000000', '0x50000']])
    expect(words('setenv x $two "$missing" \'\'')).toEqual([['setenv', 'x', 'a b', '', '']])
  })
  test('an escaped semicolon and dollar stay in the value', () => {
    expect(words('setenv bootcmd nand read \\${baseaddr}\\; bootm')).toEqual([['setenv', 'bootcmd', 'nand', 'read', '${baseaddr};', 'bootm']])
  })
  test('single quotes keep everything, double quotes expand', () => {
    expect(words(`echo '$addr; x' "$addr; x"`)).toEqual([['echo', '$addr; x', '0x42000000; x']])
  })
  test('comments begin a word, not the middle of one', () => {
    expect(words('echo a#b # c; reset')).toEqual([['echo', 'a#b']])
  })
  test('&& and || join', () => {
    const parsed = parseLine('a && b || c; d')
    expect(parsed.ok && parsed.commands.map(({ after }) => after)).toEqual([';', '&&', '||', ';'])
  })
  test('a quote without its end is a syntax error', () => {
    expect(parseLine("echo 'x").ok).toBe(false)
    expect(parseLine('echo "x').ok).toBe(false)
  })
  test('any line gives an answer', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii', maxLength: 60 }), (line) => {
      const parsed = parseLine(line)
      if (parsed.ok) parsed.commands.forEach((command) => expandWords(command.words, () => 'v'))
    }))
  })
})
