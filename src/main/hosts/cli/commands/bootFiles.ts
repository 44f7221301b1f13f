import { type Flags, helpOf, parseFlags, type ParsedFlags, usage } from '../arguments.ts'
import type { CliDeps, CliWorkbench } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { modeOf, outputWithQuietFlag, type Teller, tellerOf } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'

const common: Flags = {
  output: outputWithQuietFlag,
  data: { type: 'string', value: 'DIR', help: 'the data folder' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
}
const ubootFlags: Flags = {
  'file': { type: 'string', short: 'f', value: 'FILE', help: 'take this image instead of downloading one' },
  'refresh': { type: 'boolean', help: 'ask the public release again, though an image is here' },
  'accept-other': { type: 'boolean', help: 'with --refresh: a new release is expected, so take another content than before' },
  ...common,
}

/** A download comes in hundreds of pieces. */
const tellEveryMs = 500

/** At most twice a second, and what is whole always. */
function tellDownload({ say }: Teller, nowMs: () => number): (doneBytes: number, totalBytes: number | undefined) => void {
  let toldMs = Number.NEGATIVE_INFINITY
  return (doneBytes, totalBytes) => {
    if (nowMs() - toldMs < tellEveryMs && doneBytes !== totalBytes) return
    toldMs = nowMs()
    say('progress', { phase: 'download', doneBytes, totalBytes: totalBytes ?? null }, '')
  }
}

async function withWorkbench<T>(given: ParsedFlags, deps: CliDeps, work: (workbench: CliWorkbench) => Promise<T>): Promise<T> {
  const workbench = await deps.openWorkbench({ dataFolder: given.text('data') ?? deps.dataFolder, tftpPort: 69, log: () => undefined, ask: async () => undefined })
  try {
    return await work(workbench)
  } finally {
    await workbench.close()
  }
}

/** Most of the messages begin with the name of the file already. */
const refusedText = ({ file, error: { message } }: { readonly file: string; readonly error: { readonly message: string } }): string => `Refused ${message.startsWith(file) ? '' : `${plainText(file, 80)}: `}${plainText(message)}`

/** `profiles import SOURCE`: the DDR steps, which nobody may ship with the product. */
export async function profilesCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('profiles', common, argv, 2)
  if (given.has('help')) {
    helpOf('profiles import FOLDER|FILE|URL', 'Copies boot profiles of the public recovery tool into the data folder, checked, and says which chips are ready then.', common).forEach(deps.out.line)
    return exitCodes.success
  }
  const mode = modeOf(given)
  const teller = tellerOf(deps.out, mode)
  const [verb, source] = given.positionals
  if (verb !== 'import' || source === undefined) throw usage('What is to be done with profiles?', 'rackbench profiles import FOLDER|FILE|URL')
  return withWorkbench(given, deps, async (workbench) => {
    const { imported, refused, warnings, ready } = await workbench.importProfiles(source, deps.interrupt.signal, tellDownload(teller, deps.nowMs))
    if (mode === 'quiet') for (const each of refused) deps.err.line(refusedText(each))
    if (mode === 'human') {
      deps.out.line(imported.length === 1 ? `The profile of ${imported[0] ?? ''} is in the data folder` : `Profiles of ${imported.length} chips are in the data folder`)
      for (const each of refused) deps.out.line(refusedText(each))
      for (const warning of warnings) deps.out.line(`Warning: ${plainText(warning)}`)
      deps.out.line(ready.length === 0 ? 'No chip is ready yet: each needs a U-Boot image too (rackbench uboot CHIP)' : `Ready: ${ready.join(', ')}`)
    }
    return teller.done(refused.length === 0 ? exitCodes.success : exitCodes.wrongInput, { imported, refused, warnings, ready }, '')
  })
}

/** `uboot CHIP`: the image that is loaded into RAM, from the cache or the public release. */
export async function ubootCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('uboot', ubootFlags, argv, 1)
  if (given.has('help')) {
    helpOf('uboot CHIP [--file FILE | --refresh]', 'Puts the U-Boot of a chip into the data folder: downloaded once, its SHA-256 noted, and compared at each later use.', ubootFlags).forEach(deps.out.line)
    return exitCodes.success
  }
  const mode = modeOf(given)
  const [chip] = given.positionals
  if (chip === undefined) throw usage('Of which chip?', 'rackbench uboot CHIP')
  const file = given.text('file')
  if (file !== undefined && given.has('refresh')) throw usage('--file and --refresh exclude each other: a file is not asked for again')
  if (given.has('accept-other') && !given.has('refresh')) throw usage('--accept-other is for --refresh', 'Say --refresh as well')
  const wish = { chip: chip.toLowerCase(), file, refresh: given.has('accept-other') ? 'accept-other' : given.has('refresh') ? 'same' : undefined } as const
  const teller = tellerOf(deps.out, mode)
  return withWorkbench(given, deps, async (workbench) => {
    const { path, sha256, from } = await workbench.getUboot(wish, deps.interrupt.signal, tellDownload(teller, deps.nowMs))
    const source = from === 'cache' ? 'the data folder' : from === 'file' ? 'your file' : 'the public release'
    if (mode === 'quiet') deps.out.line(path)
    return teller.done(exitCodes.success, { path, sha256, from }, `${path}\nSHA-256 ${sha256}, from ${source}`)
  })
}
