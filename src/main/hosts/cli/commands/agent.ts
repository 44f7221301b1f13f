import { Cancelled, toWire, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { Job } from '../../../../shared/jobs/reduceJob.ts'
import { findingsOf } from '../../../../shared/agent/flashMap.ts'
import type { Verdict } from '../../../../shared/restore/restore.schema.ts'
import { helpOf } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodeOfError, exitCodeOfVerdict, exitCodes } from '../exitCodes.ts'
import { type AgentEnding, type AgentOutput, createAgentOutput, findingsOfJob } from '../output/agentOutput.ts'
import { agentFlags, type AgentVerb, agentVerbs, readAgentArguments } from './agentArguments.ts'
import { fleetAgentCommand, isFleetAgent } from './fleetAgent.ts'
import { askAndLog } from './restore.ts'
import { peekOutput } from './restoreArguments.ts'
import { followJob } from './runRestore.ts'

const summary = [
  'Works on a flash through a flash agent: a small program that is loaded into the camera\'s RAM through its boot ROM.',
  'info: what it found; read, write, erase, crc: a range of the flash; scan: every sector; doctor: what is wrong with them (ends with 5 when something is), and with -o what can still be read goes into a file; membw: how fast the memory is.',
  'What is written is compared first, read back, and counts by the CRC that the camera computes.',
  'The agent of a screen in a fleet is another one: rackbench agent --broker URL --help.',
].join('\n')

/** One verb, one job; or the agent of a screen, which has a broker and no verb. */
export async function agentCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  if (isFleetAgent(argv)) return fleetAgentCommand(argv, deps)
  if (argv.includes('--help') || argv.includes('-h')) {
    helpOf(`agent ${agentVerbs.join('|')} -c CHIP --agent FILE [-p PORT] [flags]`, summary, agentFlags).forEach(deps.out.line)
    return exitCodes.success
  }
  const { mode, debug } = peekOutput(argv)
  const output = createAgentOutput(mode, debug, deps)
  const startedMs = deps.nowMs()
  const elapsed = (): number => Math.round(deps.nowMs() - startedMs)
  const ending = await run(argv, output, deps, elapsed).catch((error: unknown): AgentEnding => {
    if (error instanceof Cancelled) return nothing('cancelled', exitCodes.cancelled, elapsed())
    const wire = toWire(error)
    output.error(wire)
    if (!(error instanceof WorkbenchError)) output.debug(error instanceof Error ? error.stack ?? error.message : String(error))
    return nothing('failed (state known)', exitCodeOfError(wire.code), elapsed())
  })
  output.ending(ending)
  return ending.exitCode
}

/** Nothing was started. */
const nothing = (verdict: Verdict | null, exitCode: ExitCode, elapsedMs: number): AgentEnding =>
  ({ success: exitCode === exitCodes.success, verdict, elapsedMs, exitCode, verb: null, ...findingsOfJob(undefined) })

async function run(argv: readonly string[], output: AgentOutput, deps: CliDeps, elapsed: () => number): Promise<AgentEnding> {
  const { verb, chip, target, poePort, request, planOnly, dataFolder } = readAgentArguments(argv, deps.environment)
  target.notes.forEach((note) => { output.note('info', note) })
  deps.interrupt.signal.throwIfAborted()
  const workbench = await deps.openWorkbench({ dataFolder: dataFolder ?? deps.dataFolder, tftpPort: 69, ...askAndLog(output, deps) })
  try {
    const cameraId = await workbench.addTarget({ url: target.url, chip, name: 'camera', power: target.power, poePort })
    const plan = await workbench.planAgent({ ...request, cameraId })
    output.plan(plan)
    for (const each of plan.refusals) output.error(each)
    const [refusal] = plan.refusals
    if (refusal) return nothing('failed (state known)', exitCodeOfError(refusal.code), elapsed())
    if (planOnly) return nothing(null, exitCodes.success, elapsed())
    const { job, reportPath } = await followJob(async () => workbench.startAgent(plan), { workbench, output, deps })
    return { ...endingOf(verb, job, elapsed()), ...(reportPath === undefined ? {} : { reportPath }) }
  } finally {
    await workbench.close().catch((error: unknown) => { output.note('warning', `Closing failed: ${String(error)}`) })
  }
}

function endingOf(verb: AgentVerb, job: Job, elapsedMs: number): AgentEnding {
  const verdict = job.verdict ?? 'failed (state unknown)'
  const claimed = exitCodeOfVerdict(verdict, job.error?.code)
  // Whatever the job says of itself: without an agent that has answered nothing was done.
  const isDone = claimed === exitCodes.success && job.state === 'succeeded' && job.agent !== undefined
  const isSick = isDone && verb === 'doctor' && (!job.flashMap || findingsOf(job.flashMap).verdict !== 'healthy')
  const exitCode = isSick || (claimed === exitCodes.success && !isDone) ? exitCodes.refusedOrFailed : claimed
  return { success: isDone, verdict, elapsedMs, exitCode, verb, jobId: job.id, ...findingsOfJob(job) }
}
