import type { RestorePlan } from '../../../../shared/restore/restore.schema.ts'
import { helpOf } from '../arguments.ts'
import type { CliDeps, CliRestoreRequest, CliTarget, OpenWorkbenchOptions } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createHumanOutput } from '../output/human.ts'
import { createJsonOutput } from '../output/json.ts'
import type { RestoreEnding, RestoreOutput, ShownPlan } from '../output/restoreOutput.ts'
import { type OutputMode, peekOutput, type RestoreArguments, readRestoreArguments, restoreFlags } from './restoreArguments.ts'
import { endingOfError, runWriting, type WritingRun } from './runRestore.ts'

/** From here on the camera may have been touched. */
export type OnStart = (plan: ShownPlan) => void

const summary = 'Restores a camera\'s flash and proves it: every partition is read back by the camera and its CRC compared, then the boot is watched.'

export async function restoreCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  if (argv.includes('--help') || argv.includes('-h')) {
    helpOf('restore -c CHIP -i PATH [-p PORT] [flags]', summary, restoreFlags).forEach(deps.out.line)
    return exitCodes.success
  }
  const { mode, debug } = peekOutput(argv)
  const output = outputOf(mode, debug, deps)
  return tellEnding(output, deps, async (onStart) => {
    const given = readRestoreArguments(argv, deps.environment)
    given.target.notes.forEach((note) => { output.note('info', note) })
    const options = { dataFolder: given.dataFolder ?? deps.dataFolder, tftpPort: given.tftpPort, ...askAndLog(output, deps) }
    return writeWith(options, restoreRun(runOf(given)), output, deps, onStart)
  })
}

export const outputOf = (mode: OutputMode, debug: boolean, { out, err }: Pick<CliDeps, 'out' | 'err'>): RestoreOutput =>
  (mode === 'json' ? createJsonOutput(out, { debug }) : createHumanOutput({ out, err, debug, quiet: mode === 'quiet' }))

/** A person answers by doing it; seeing the camera start takes the question away. */
export function askAndLog(output: Pick<RestoreOutput, 'note' | 'debug'>, deps: Pick<CliDeps, 'err'>): Pick<OpenWorkbenchOptions, 'ask' | 'log'> {
  return {
    log: output.debug,
    ask: async (question, signal) => {
      output.note('info', question)
      // Heard even when the other output goes into a file.
      if (deps.err.isTerminal) deps.err.line(`>>> ${question}`)
      if (!signal.aborted) await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve() }, { once: true }) })
    },
  }
}

/** Opens, runs, closes: what was opened is closed whatever happens. */
export async function writeWith<Plan extends ShownPlan>(options: OpenWorkbenchOptions, run: WritingRun<Plan>, output: RestoreOutput, deps: CliDeps, onStart: OnStart): Promise<RestoreEnding> {
  const workbench = await deps.openWorkbench(options)
  try {
    return await runWriting({
      ...run,
      start: async (opened, plan, signal) => {
        const jobId = await run.start(opened, plan, signal)
        onStart(plan)
        return jobId
      },
    }, { workbench, output, deps })
  } finally {
    await workbench.close().catch((error: unknown) => { output.note('warning', `Closing failed: ${String(error)}`) })
  }
}

export interface RestoreRun {
  readonly target: CliTarget
  readonly request: Omit<CliRestoreRequest, 'cameraId'>
  readonly planOnly: boolean
}

export const restoreRun = ({ target, request, planOnly }: RestoreRun): WritingRun<RestorePlan> => ({
  target, planOnly,
  plan: async (workbench, cameraId, signal) => workbench.planRestore({ ...request, cameraId }, signal),
  start: async (workbench, plan, signal) => workbench.startRestore(plan, signal),
})

/** The one door out: the ending is told exactly once and last, whatever went wrong before. */
export async function tellEnding(output: RestoreOutput, deps: Pick<CliDeps, 'nowMs'>, work: (onStart: OnStart) => Promise<RestoreEnding>): Promise<ExitCode> {
  const startedMs = deps.nowMs()
  let started: ShownPlan | undefined
  try {
    const ending = await work((plan) => { started = plan })
    output.ending(ending)
    return ending.exitCode
  } catch (error) {
    const { ending, wire } = endingOfError(error, Math.round(deps.nowMs() - startedMs), started)
    if (wire) output.error(wire)
    if (wire?.code === 'internal/bug') output.debug(error instanceof Error ? error.stack ?? error.message : String(error))
    output.ending(ending)
    return ending.exitCode
  }
}

function runOf(given: RestoreArguments): RestoreRun {
  const { chip, target, poePort, boot, inputPath, flashType, tftpVia, force, acceptIdentity, planOnly, mtdparts, profilePath, ubootPath, hostIp, deviceIp, nic } = given
  const cli: CliTarget = { url: target.url, chip, name: 'camera', power: target.power, poePort }
  return {
    target: cli, planOnly,
    request: { inputPath, boot, flashType, tftpVia, force, ...present({ acceptIdentity, mtdparts, profilePath, ubootPath, hostIp, deviceIp, nic }) },
  }
}

export const present = <T extends object>(all: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
