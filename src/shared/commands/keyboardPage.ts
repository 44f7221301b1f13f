import { type Command, commandGroups, type Place } from './command.ts'
import { cliOnly } from './cliCommands.ts'
import { commands } from './commands.ts'
import { isTakenInTerminal, type Keys, keyWords } from './keys.ts'
import { keysOfPlaces } from './keySheet.ts'

const abouts: Readonly<Record<Place, string>> = { window: '', camera: 'one camera', cameras: 'the selected cameras', job: 'a job', session: 'a session' }
/** A bar would end the cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|')
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
const head = (cells: readonly string[]): readonly string[] => [row(cells), `|${'---|'.repeat(cells.length)}`]
const words = (keys: readonly Keys[] = []): string => keys.map((each) => `\`${keyWords(each, 'other')}\`${isTakenInTerminal(each, 'other') ? ' †' : ''}`).join(', ')

function commandRow({ title, about, on, keys, destructive, cli }: Command): string {
  const line = cli === undefined ? '' : `\`rackbench ${cli.words}${cli.options === '' ? '' : ` ${cli.options}`}\``
  const asks = destructive === undefined ? '' : destructive === 'plan' ? '; shows what will be lost, and asks' : '; asks first'
  return row([title, words(keys), abouts[on], `${about}${asks}`, line])
}

/** `docs/keyboard.md`, whole. */
export function keyboardPage(): string {
  const groups = commandGroups.flatMap((group) => ['', `## ${group}`, '', ...head(['Command', 'Keys', 'About', 'What it does', 'On the command line']), ...commands.filter((each) => each.group === group).map(commandRow)])
  const places = keysOfPlaces('other').flatMap(({ heading, rows }) => ['', `## ${heading}`, '', ...head(['Keys', 'What they do']), ...rows.map(({ keys, does }) => row([keys.map((each) => `\`${each.replace(' †', '')}\`${each.endsWith('†') ? ' †' : ''}`).join(', '), does]))])
  return [
    '<!-- Written by `npm run docs` from src/shared/commands; changes belong there. -->', '# Keyboard and commands', '',
    'Everything can be done from the palette (`Ctrl K`), which also says why something cannot be done now. `?` shows the keys in the window. The menu of a camera, a job or a session opens with the menu key or `Shift F10`.', '',
    'On a Mac, Ctrl is Command and Alt is Option, and a terminal copies and pastes with Command and C or V. In a terminal every key goes to the camera, but for those with a †: they have Alt, or Ctrl and Shift, or Insert.', '',
    'A command about one camera takes the one that has the focus, else the one whose panel is open, else the only one that is selected.',
    ...groups, ...places,
    '', '## Only on the command line', '', ...head(['Command', 'Why not in the window']), ...Object.entries(cliOnly).map(([name, why]) => row([`\`rackbench ${name}\``, why])), '',
  ].join('\n')
}
