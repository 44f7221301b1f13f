import type { Guard } from './guard.ts'

const tame = { project: 'unit', file: 'src/renderer/ui/tamedStream.ts', tests: 'src/renderer/ui/tamedStream.test.ts' } as const
const paced = { project: 'unit', file: 'src/renderer/ui/pacedWriter.ts', tests: 'src/renderer/ui/pacedWriter.test.ts' } as const

/** What a camera prints and what is typed into it. */
export const consoleGuards: readonly Guard[] = [
  { says: 'only sequences that draw reach a terminal', ...tame, named: 'terminal answers', find: 'if (!drawing.includes(final) || (isPrivate', replace: 'if ((isPrivate' },
  { says: 'clipboard, title and links of a camera are swallowed', ...tame, named: 'clipboard or title', find: "if (']PX^_'.includes(letter))", replace: "if ('PX^_'.includes(letter))" },
  { says: 'a camera does not switch mouse reports on', ...tame, named: 'mouse and focus', find: '(isPrivate ? privateModes : plainModes).has(mode)', replace: '(isPrivate || plainModes.has(mode))' },
  { says: 'an escape bomb costs bounded steps', ...tame, named: 'a bomb of large numbers', find: '    return steps >= 0\n', replace: '    return true\n' },
  { says: 'one cell carries few accents', ...tame, named: 'few accents', find: "accents > maxAccents ? '' : letter", replace: 'letter' },
  { says: 'a pane holds bounded memory', ...paced, named: 'a burst of 10 MB', find: 'if (waitingBytes > maxWaitingBytes) skip()', replace: '' },
  { says: 'a frame draws a bounded part', ...paced, named: 'at most 64 KiB', find: 'drawn < frameBytes && waitingBytes > 0', replace: 'waitingBytes > 0' },
]
