import { type Flags, helpOf, oneOf, parseFlags } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag } from '../output/events.ts'

const flags: Flags = {
  data: { type: 'string', value: 'DIR', help: 'the data folder' },
  output: outputFlag,
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

/** Where passwords are kept; never what they are. */
export async function secretsCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('secrets', flags, argv, 1)
  if (given.has('help')) { helpOf('secrets where [flags]', 'Says where the passwords of switches are kept and who can read them. None is ever shown.', flags).forEach(deps.out.line); return exitCodes.success }
  oneOf('secrets', given.positionals[0] ?? '', ['where'])
  const { done } = createTeller(deps.out, isJson(given))
  const workbench = await deps.openWorkbench({ dataFolder: given.text('data') ?? deps.dataFolder, tftpPort: 69, log: () => undefined, ask: async () => undefined })
  try {
    const place = await workbench.secretsPlace()
    const sealed = place.kind === 'file' && place.sealedCount > 0 ? `${place.sealedCount} more lie in the keychain of this computer, which only the desktop window opens` : ''
    return done(exitCodes.success, place, [`${place.words}.`, `${place.count} in ${place.path}`, sealed, ...place.notices].filter(Boolean).join('\n'))
  } finally {
    await workbench.close()
  }
}
