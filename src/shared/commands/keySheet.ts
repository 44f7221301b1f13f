import { commandGroups } from './command.ts'
import { commands } from './commands.ts'
import { isTakenInTerminal, keyWords, type Platform } from './keys.ts'

/** A key with a † is ours in a terminal too. */
export interface KeyRow { readonly keys: readonly string[]; readonly does: string }
export interface KeyPart { readonly heading: string; readonly rows: readonly KeyRow[] }

/** Keys that move within one thing; they belong to it and not to the window. */
const placeKeys: readonly KeyPart[] = [
  { heading: 'In the rack', rows: rows([[['Arrow keys', 'Home', 'End'], 'another card'], [['Enter'], 'open its panel'], [['Space'], 'select it, or take it out of the selection'], [['Menu key', 'Shift F10'], 'what can be done with it']]) },
  { heading: 'In lists of jobs, sessions, lines, items and clients', rows: rows([[['Arrow keys', 'Page Up', 'Page Down', 'Home', 'End'], 'another line'], [['Enter'], 'open it'], [['Shift with these'], 'mark several'], [['Space'], 'select a client'], [['Ctrl A'], 'select all clients'], [['Menu key', 'Shift F10'], 'what can be done with it']]) },
  { heading: 'In menus and the palette', rows: rows([[['Up', 'Down'], 'another entry'], [['Enter'], 'do it'], [['Escape'], 'close']]) },
  { heading: 'In tabs and dialogs', rows: rows([[['Left', 'Right'], 'another tab'], [['Escape'], 'close the dialog; the focus goes back to where it was']]) },
]

/** The clipboard of a terminal: what the browser does there, since Ctrl with a letter goes to the camera. Insert is of old, and no Mac has it. */
const terminalKeys = (platform: Platform): KeyPart => ({
  heading: 'In a terminal', rows: rows([
    [platform === 'mac' ? ['⌘V †'] : ['Ctrl Shift V †', 'Shift Insert †'], 'paste; several lines are shown before they are sent'],
    [platform === 'mac' ? ['⌘C †'] : ['Ctrl Insert †'], 'copy the selection'],
    [['Ctrl C', 'Ctrl V'], 'go to the camera'],
  ]),
})

export const keysOfPlaces = (platform: Platform): readonly KeyPart[] => [terminalKeys(platform), ...placeKeys]

function rows(given: readonly (readonly [readonly string[], string])[]): readonly KeyRow[] {
  return given.map(([keys, does]) => ({ keys, does }))
}

/** What the keyboard does, by groups: commands first, then what belongs to single places. */
export function keySheet(platform: Platform): readonly KeyPart[] {
  const groups = commandGroups.map((heading) => ({
    heading,
    rows: commands.filter((each) => each.group === heading && each.keys !== undefined).map(({ title, keys = [] }) => ({
      keys: keys.map((each) => `${keyWords(each, platform)}${isTakenInTerminal(each, platform) ? ' †' : ''}`), does: title,
    })),
  }))
  return [...groups.filter((part) => part.rows.length > 0), ...keysOfPlaces(platform)]
}
