import { Cancelled, toWire, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { Verdict } from '../../../../shared/restore/restore.schema.ts'
import { helpOf } from '../arguments.ts'
import type { CliDeps, CliWorkbench } from '../cliWorkbench.ts'
import { type ExitCode, exitCodeOfError, exitCodeOfVerdict, exitCodes } from '../exitCodes.ts'
import { createDumpOutput, type DumpEnding, type DumpOutput, rangeProof } from '../output/dumpOutput.ts'
import { type DumpArguments, dumpFlags, readDumpArguments } from './dumpArguments.ts'
import { askAndLog } from './restore.ts'
import { peekOutput } from './restoreArguments.ts'
import { followJob } from './runRestore.ts'

const summary = 'Reads a camera\'s flash into files: every byte is compared with the CRC that the camera computes over its own flash. Nothing is written to the camera.'

export async function dumpCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  if (argv.includes('--help') || argv.includes('-h')) {
    helpOf('dump -c CHIP -o PATH [-p PORT] [flags]', summary, dumpFlags).forEach(deps.out.line)
    return exitCodes.success
  }
  const { mode, debug } = peekOutput(argv)
  const output = createDumpOutput(mode, debug, deps)
  const startedMs = deps.nowMs()
  const elapsed = (): number => Math.round(deps.nowMs() - startedMs)
  const ending = await (async () => {
    const given = readDumpArguments(argv, deps.environment)
    given.target.notes.forEach((note) => { output.note('info', note) })
    const workbench = await deps.openWorkbench({ dataFolder: given.dataFolder ?? deps.dataFolder, tftpPort: given.tftpPort, ...askAndLog(output, deps) })
    try {
      return await planAndDump(given, workbench, output, deps, elapsed)
    } finally {
      await workbench.close().catch((error: unknown) => { output.note('warning', `Closing failed: ${String(error)}`) })
    }
  })().catch((error: unknown) => endingOfError(error, elapsed(), output))
  output.ending(ending)
  return ending.exitCode
}

async function planAndDump(given: DumpArguments, workbench: CliWorkbench, output: DumpOutput, deps: CliDeps, elapsed: () => number): Promise<DumpEnding> {
  const { signal } = deps.interrupt
  signal.throwIfAborted()
  const { target, chip, poePort, request } = given
  const cameraId = await workbench.addTarget({ url: target.url, chip, name: 'camera', power: target.power, poePort })
  const plan = await workbench.planDump({ ...request, cameraId }, signal)
  output.plan(plan)
  const notStarted = (success: boolean, verdict: Verdict | null, exitCode: ExitCode): DumpEnding => ({ success, verdict, elapsedMs: elapsed(), ranges: [], exitCode })
  const [refusal] = plan.refusals
  if (refusal) {
    for (const each of plan.refusals) output.error(each)
    return notStarted(false, 'failed (state known)', exitCodeOfError(refusal.code))
  }
  if (given.planOnly) return notStarted(true, null, exitCodes.success)
  signal.throwIfAborted()
  const { job, reportPath } = await followJob(async () => workbench.startDump(plan, signal), { workbench, output, deps })
  const verdict = job.verdict ?? 'failed (state known)'
  const exitCode = exitCodeOfVerdict(verdict, job.error?.code)
  // Whatever the job says of itself: without a range there is no dump.
  const isEmpty = exitCode === exitCodes.success && job.dumped.length === 0
  return {
    success: exitCode === exitCodes.success && job.state === 'succeeded' && !isEmpty, verdict: isEmpty ? 'failed (state known)' : verdict, elapsedMs: elapsed(),
    ranges: job.dumped.map(rangeProof), exitCode: isEmpty || (exitCode === exitCodes.success && job.state !== 'succeeded') ? exitCodes.refusedOrFailed : exitCode,
    jobId: job.id, ...(reportPath === undefined ? {} : { reportPath }),
  }
}

/** A dump changes nothing on the camera, so its state is known whatever happened. */
function endingOfError(error: unknown, elapsedMs: number, output: DumpOutput): DumpEnding {
  if (error instanceof Cancelled) return { success: false, verdict: 'cancelled', elapsedMs, ranges: [], exitCode: exitCodes.cancelled }
  const wire = toWire(error)
  output.error(wire)
  if (!(error instanceof WorkbenchError)) output.debug(error instanceof Error ? error.stack ?? error.message : String(error))
  return { success: false, verdict: 'failed (state known)', elapsedMs, ranges: [], exitCode: exitCodeOfError(wire.code) }
}
