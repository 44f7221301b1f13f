import { type Flags, helpOf, parseFlags, type ParsedFlags, usage } from '../arguments.ts'
import type { CliDeps, CliWorkbench } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'

const common: Flags = {
  output: outputFlag,
  data: { type: 'string', value: 'DIR', help: 'the data folder' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
}
const ubootFlags: Flags = { file: { type: 'string', short: 'f', value: 'FILE', help: 'take this image instead of downloading one' }, ...common }

async function withWorkbench<T>(given: ParsedFlags, deps: CliDeps, work: (workbench: CliWorkbench) => Promise<T>): Promise<T> {
  const workbench = await deps.openWorkbench({ dataFolder: given.text('data') ?? deps.dataFolder, tftpPort: 69, log: () => undefined, ask: async () => undefined })
  try {
    return await work(workbench)
  } finally {
    await workbench.close()
  }
}

/** `profiles import SOURCE`: the DDR steps, which nobody may ship with the product. */
export async function profilesCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('profiles', common, argv, 2)
  if (given.has('help')) {
    helpOf('profiles import FOLDER|FILE|URL', 'Copies boot profiles of the public recovery tool into the data folder, checked, and says which chips are ready then.', common).forEach(deps.out.line)
    return exitCodes.success
  }
  const json = isJson(given)
  const [verb, source] = given.positionals
  if (verb !== 'import' || source === undefined) throw usage('What is to be done with profiles?', 'rackbench profiles import FOLDER|FILE|URL')
  return withWorkbench(given, deps, async (workbench) => {
    const { imported, refused, warnings, ready } = await workbench.importProfiles(source, deps.interrupt.signal)
    if (!json) {
      deps.out.line(`Profiles of ${imported.length} chips are in the data folder`)
      for (const { file, error } of refused) deps.out.line(`Refused ${plainText(file, 80)}: ${plainText(error.message)}`)
      for (const warning of warnings) deps.out.line(`Warning: ${plainText(warning)}`)
      deps.out.line(ready.length === 0 ? 'No chip is ready yet: each needs a U-Boot image too (rackbench uboot CHIP)' : `Ready: ${ready.join(', ')}`)
    }
    return createTeller(deps.out, json).done(refused.length === 0 ? exitCodes.success : exitCodes.wrongInput, { imported, refused, warnings, ready }, '')
  })
}

/** `uboot CHIP`: the image that is loaded into RAM, from the cache or the public release. */
export async function ubootCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('uboot', ubootFlags, argv, 1)
  if (given.has('help')) {
    helpOf('uboot CHIP [--file FILE]', 'Puts the U-Boot of a chip into the data folder: downloaded once, its SHA-256 noted, and compared at each later use.', ubootFlags).forEach(deps.out.line)
    return exitCodes.success
  }
  const json = isJson(given)
  const [chip] = given.positionals
  if (chip === undefined) throw usage('Of which chip?', 'rackbench uboot CHIP')
  return withWorkbench(given, deps, async (workbench) => {
    const { path, sha256, from } = await workbench.getUboot(chip.toLowerCase(), given.text('file'), deps.interrupt.signal)
    const source = from === 'cache' ? 'the data folder' : from === 'file' ? 'your file' : 'the public release'
    return createTeller(deps.out, json).done(exitCodes.success, { path, sha256, from }, `${path}\nSHA-256 ${sha256}, from ${source}`)
  })
}
