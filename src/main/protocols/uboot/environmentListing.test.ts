import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exactOutput } from './commandLine.ts'
import { parseEnvironmentListing, parseSaved } from './environmentListing.ts'

/** As U-Boot prints it: backslashes doubled, line ends escaped. */
function printed(variables: ReadonlyMap<string, string>, more = 1): string {
  const lines = [...variables].map(([name, value]) => `${name}=${value.replaceAll(/[\\\n]/g, (each) => `\\${each}`)}\n`)
  const used = lines.reduce((sum, line) => sum + line.length, 0)
  return `${lines.join('')}\nEnvironment size: ${String(used + more)}/65532 bytes`
}
const some = new Map([['baseaddr', '0x42000000'], ['bootcmd', 'sf probe 0; bootm ${baseaddr}'], ['ethaddr', '00:12:31:aa:bb:cc']])

test.each([0, 1])('a listing, counted with %i end marks', (more) => {
  expect(parseEnvironmentListing(exactOutput(printed(some, more).replaceAll('\n', '\r\n')))).toEqual({ variables: some, usedBytes: 85, capacityBytes: 65532 })
})

test('spaces, backslashes and line ends inside values', () => {
  const odd = new Map([['spaces', 'at the end  '], ['a', 'x\\; y'], ['b', 'one\ntwo'], ['c', 'ends with \\']])
  expect(parseEnvironmentListing(printed(odd))?.variables).toEqual(odd)
})

test.each([
  ['a lost line', (text: string): string => text.replace(/^ethaddr.*\n/m, '')],
  ['a lost letter', (text: string): string => text.replace('bootm', 'botm')],
  ['a lost end', (text: string): string => text.replace(/\nEnvironment.*/, '')],
  ['a line that is no variable', (text: string): string => `hello\n${text}`],
  ['more used than there is', (text: string): string => text.replace('/65532', '/16')],
])('%s makes it worthless', (_, spoil) => { expect(parseEnvironmentListing(spoil(printed(some)))).toBeUndefined() })

test('whatever is printed, it neither hangs nor throws; what was printed right comes back', () => {
  fc.assert(fc.property(fc.string(), (text) => { parseEnvironmentListing(text); parseSaved(text) }))
  const name = fc.stringMatching(/^[A-Za-z][\w.-]{0,12}$/)
  const value = fc.stringMatching(/^[\x21-\x7e][\x20-\x7e]{0,40}$/)
  fc.assert(fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 12 }), (entries) => {
    expect(parseEnvironmentListing(printed(new Map(entries)))?.variables).toEqual(new Map(entries))
  }))
})

test.each([
  ['Saving Environment to SPI Flash...\nErasing SPI flash...Writing to SPI flash...done', 'nor'],
  ['Saving Environment to SPIFlash... Erasing SPI flash...Writing to SPI flash...done\nOK', 'nor'],
  ['Saving Environment to NAND...\nErasing NAND...\nWriting to NAND... OK', 'nand'],
  ['Saving Environment to MMC... Writing to MMC(0)... OK', 'other'],
  ['Saving Environment to NAND...\nErasing NAND...\nWriting to NAND... FAILED!', undefined],
  ['Saving Environment to SPI Flash...\nErasing SPI flash...', undefined],
  ['done', undefined],
])('%j', (output, where) => { expect(parseSaved(output)).toBe(where) })
