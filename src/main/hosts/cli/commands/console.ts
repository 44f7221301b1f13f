import { basename } from 'node:path'
import { readGivenFile } from '../../../composition/givenFile.ts'
import { maxScriptLetters } from '../../../../shared/consoles/consoleTools.schema.ts'
import { type Flags, helpOf, oneOf, parseFlags, usage } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodeOfError, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'

const flags: Flags = {
  port: { type: 'string', short: 'p', value: 'PORT', help: 'the camera\'s line, as for restore (required)' },
  chip: { type: 'string', short: 'c', value: 'CHIP', help: 'noted in the capture (default hi3516ev300)' },
  name: { type: 'string', value: 'NAME', help: 'of the camera: {camera} in the script (default camera)' },
  data: { type: 'string', value: 'DIR', help: 'the data folder' },
  output: outputFlag,
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

/** A console that is worked by a script of sends and expectations. */
export async function consoleCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('console', flags, argv, 2)
  if (given.has('help')) { helpOf('console script FILE -p PORT [flags]', 'Runs a script on a console, one command a line: send "…", type "…", expect "…" or /…/ within 10s else fail "…", wait 500ms, set NAME from /…/. SIGINT stops it.', flags).forEach(deps.out.line); return exitCodes.success }
  const [what, path] = given.positionals
  oneOf('console', what ?? '', ['script'])
  const url = given.text('port')
  if (path === undefined || url === undefined) throw usage('A FILE and --port (-p) are needed', 'rackbench console --help lists the flags')
  const text = await readScript(path, deps.interrupt.signal)
  const { say, done } = createTeller(deps.out, isJson(given))
  const workbench = await deps.openWorkbench({ dataFolder: given.text('data') ?? deps.dataFolder, tftpPort: 69, log: () => undefined, ask: async () => undefined })
  try {
    const cameraId = await workbench.addTarget({ url, chip: given.text('chip') ?? 'hi3516ev300', name: given.text('name') ?? 'camera', power: 'manual' })
    const { state } = await workbench.runScript(cameraId, { name: basename(path).slice(0, 48), text }, (entry) => {
      say('step', { line: entry.line, text: entry.text }, `${entry.line === 0 ? '' : `${String(entry.line)}: `}${plainText(entry.text, 1_024)}`)
    }, deps.interrupt.signal)
    return done(state === 'done' ? exitCodes.success : state === 'stopped' ? exitCodes.cancelled : exitCodeOfError('device/no-answer'), { state }, '')
  } finally {
    await workbench.close()
  }
}

async function readScript(path: string, signal: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await readGivenFile(path, maxScriptLetters, 'A script is text, one command a line and at most 64 KiB: rackbench console --help', signal))
}
