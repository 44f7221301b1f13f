import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandNames, runCli } from '../../src/main/hosts/cli/main.ts'
import { cliOnly } from '../../src/shared/commands/cliCommands.ts'
import { commands } from '../../src/shared/commands/commands.ts'
import { keyboardPage } from '../../src/shared/commands/keyboardPage.ts'
import { createFakeCli } from '../support/fakeCli.ts'

const withCli = commands.flatMap(({ id, cli }) => (cli ? [{ id, ...cli }] : []))

async function helpOf(name: string): Promise<string> {
  const fake = createFakeCli()
  expect(await runCli([name, '--help'], fake.deps)).toBe(0)
  return fake.out.lines.join('\n')
}

describe('the command line has what the list says', () => {
  test.each(withCli)('$id: rackbench $words $options', async ({ words, options }) => {
    const [name = '', verb] = words.split(' ')
    const help = await helpOf(name)
    if (verb !== undefined) expect(help).toContain(verb)
    for (const option of options.split(' ').filter((each) => each.startsWith('-'))) expect(help).toMatch(new RegExp(`(?:^|[\\s,])${option}\\b`, 'm'))
  })
  test('each of its commands is in the list, or is told to be its own', () => {
    const listed = new Set(withCli.map(({ words }) => words.split(' ')[0] ?? ''))
    expect(commandNames.filter((name) => !listed.has(name) && !Object.hasOwn(cliOnly, name))).toEqual([])
    // What cuts, reads out or writes by a verb of its own is in the window, too.
    for (const words of ['rack identify', 'rack ports', 'audit export', 'power audit']) expect(withCli.some((each) => each.words === words), words).toBe(true)
    expect(Object.keys(cliOnly).filter((name) => listed.has(name) || !commandNames.includes(name))).toEqual([])
  })
})

test('docs/keyboard.md is what the list says now; `npm run docs` writes it', () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/keyboard.md'), 'utf8')).toBe(keyboardPage())
})
test('its tables are whole: a bar in a word does not end a cell', () => {
  for (const table of keyboardPage().split('\n## ').slice(1)) {
    const counts = new Set(table.split('\n').filter((line) => line.startsWith('|')).map((line) => line.replaceAll('\\|', '').split('|').length))
    expect(counts.size, table.slice(0, 40)).toBeLessThanOrEqual(1)
  }
})
