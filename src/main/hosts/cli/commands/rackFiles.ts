import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { readGivenFile } from '../../../composition/givenFile.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { maxRackYamlChars, type RackImportView } from '../../../../shared/rack/rackImport.schema.ts'
import { quoted, usage } from '../arguments.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { plainText } from '../output/lineWriter.ts'
import type { RackScene } from './rackScene.ts'

/** The whole rack as YAML, into a new file or, with `-`, onto the screen. */
export async function exportRack({ words: [path, extra], workbench, teller }: RackScene): Promise<ExitCode> {
  if (path === undefined || extra !== undefined) throw usage('Into which file?', 'rackbench rack export FILE; - prints it')
  const { text, pods } = await workbench.inventories.exportYaml()
  if (path === '-') {
    teller.say('yaml', { text }, text.trimEnd())
    return teller.done(exitCodes.success, { pods }, '')
  }
  const whole = resolve(path)
  await writeFile(whole, text, { flag: 'wx', mode: 0o600 }).catch((cause: unknown) => {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    throw new WorkbenchError(exists ? 'input/conflict' : 'host/io', exists ? `${quoted(path)} is there already` : `${quoted(path)} cannot be written`, { cause, hint: exists ? 'Choose another name; nothing is overwritten' : 'Is the folder there, and may it be written to?' })
  })
  return teller.done(exitCodes.success, { path: whole, pods, lengthBytes: new TextEncoder().encode(text).length }, `${whole}: ${pods} pods; passwords and commands of this computer are not in it`)
}

/** Looked at first, and then all of it or nothing. */
export async function importRack({ words: [path, extra], given, workbench, deps, teller }: RackScene): Promise<ExitCode> {
  if (path === undefined || extra !== undefined) throw usage('Which file?', 'rackbench rack import FILE [--dry-run]')
  const wish = { text: await readYaml(path, deps.interrupt.signal), keepIds: given.has('keep-ids') }
  const view = await workbench.inventories.planImport(wish)
  tellView(view, teller.say)
  const [first] = view.problems
  if (first) {
    const more = view.problems.length - 1
    throw new WorkbenchError('input/malformed', `Line ${first.line}: ${plainText(first.message)}${more === 0 ? '' : `, and ${more} more`}`, { context: { line: first.line, problems: view.problems.length }, hint: 'Nothing was imported' })
  }
  if (given.has('dry-run')) return teller.done(exitCodes.success, { imported: false }, 'Nothing was done')
  await workbench.inventories.importYaml({ ...wish, hash: view.hash }, deps.interrupt.signal)
  return teller.done(exitCodes.success, { imported: true }, `${view.added.length} added, ${view.changed.length} changed`)
}

async function readYaml(path: string, signal: AbortSignal): Promise<string> {
  // Four bytes are the longest letter there is.
  const bytes = await readGivenFile(path, 4 * maxRackYamlChars, fileHint, signal)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new WorkbenchError('input/malformed', `${quoted(path)} is no text in UTF-8`, { cause, hint: fileHint })
  }
  if (text.length > maxRackYamlChars) throw new WorkbenchError('input/too-large', `${quoted(path)} is too large for a rack file`, { hint: fileHint })
  return text
}

const fileHint = `A rack file is YAML, as "rackbench rack export FILE" writes it, and at most ${maxRackYamlChars / 1_000_000} million letters`

function tellView(view: RackImportView, say: RackScene['teller']['say']): void {
  const rows = [
    ...view.added.map(({ camera, address }) => `+ ${camera} at ${address}`),
    ...view.changed.flatMap(({ camera, changes }) => changes.map(({ field, from, to }) => `~ ${camera}: ${field} ${from} -> ${to}`)),
    ...view.notes.map((note) => note),
    ...view.problems.slice(1).map(({ line, message }) => `! line ${line}: ${message}`),
    `${view.unchanged.length} as they are, ${view.untouched.length} not in the file and left alone`,
  ]
  say('import-plan', view, rows.map((row) => plainText(row, 200)).join('\n'))
}
