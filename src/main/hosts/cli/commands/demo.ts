import { helpOf, oneOf, parseFlags, type Flags } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { isProved, type RestoreEnding } from '../output/restoreOutput.ts'
import { askAndLog, outputOf, restoreRun, tellEnding, writeWith } from './restore.ts'
import { outputModes, peekOutput } from './restoreArguments.ts'

const flags: Flags = {
  output: { type: 'string', value: 'MODE', help: 'human, json, quiet (default human)' },
  data: { type: 'string', value: 'DIR', help: 'where the journal and the report go (default: a new folder for temporary files)' },
  debug: { type: 'boolean', short: 'd', help: 'tell also what is only of use for finding mistakes' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

/** A restore like any other, by the same path; only pod and camera are simulated. */
export async function demoCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  if (argv.includes('--help') || argv.includes('-h')) {
    helpOf('demo', 'Starts a simulated pod and camera on loopback and restores the camera, with everything that a restore proves.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const { mode, debug } = peekOutput(argv)
  const output = outputOf(mode, debug, deps)
  return tellEnding(output, deps, async (onStart) => {
    const given = parseFlags('demo', flags, argv)
    oneOf('--output', given.text('output') ?? 'human', outputModes)
    const dataFolder = given.text('data') ?? await deps.makeTempFolder('rackbench-demo')
    const demo = await deps.simulator.startDemo(dataFolder, output.debug)
    try {
      output.note('info', `A simulated pod answers at ${demo.url}; nothing outside this computer is touched`)
      const ending = await writeWith({ dataFolder, tftpPort: 69, ...askAndLog(output, deps) }, restoreRun({
        target: { url: demo.url, chip: demo.chip, name: 'demo camera', power: 'rack' }, planOnly: false,
        request: { inputPath: demo.imagesFolder, boot: 'auto', flashType: 'nor', tftpVia: 'auto', force: false, profilePath: demo.profilePath, ubootPath: demo.ubootPath },
      }), output, deps, onStart)
      return strictly(ending)
    } finally {
      await demo.close()
    }
  })
}

/** The demo promises a report too. */
function strictly(ending: RestoreEnding): RestoreEnding {
  const isWhole = ending.success && ending.reportPath !== undefined && ending.partitions.every(isProved)
  return isWhole || !ending.success ? ending : { ...ending, success: false, exitCode: exitCodes.refusedOrFailed }
}
