import { quoted, usage } from '../arguments.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { plainText } from '../output/lineWriter.ts'
import { table } from '../output/words.ts'
import type { RackScene } from './rackScene.ts'

/** `rack filters`: what the window has under a name, and how many cameras each means now. */
export async function filtersOfRack({ words, workbench, teller }: RackScene): Promise<ExitCode> {
  if (words.length > 0) throw usage(`${quoted(words[0] ?? '')} belongs to no list`, 'rackbench rack list --filter NAME lists the cameras of one')
  const filters = await workbench.rackFilters.list()
  const rows = filters.map(({ name, words: text, life, cameras, why }) => [plainText(name, 48), plainText(text, 80), life === undefined ? '' : `only ${life}`, cameras === undefined ? plainText(why ?? '', 200) : `${cameras} ${cameras === 1 ? 'camera' : 'cameras'}`])
  return teller.done(exitCodes.success, { filters }, rows.length === 0 ? 'No filter is saved yet; the window gives them names (Filters, beside its filter)' : table([['filter', 'words', 'state', 'means'], ...rows]).join('\n'))
}
