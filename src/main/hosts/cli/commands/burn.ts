import type { BurnPlan, BurnRequest } from '../../../../shared/burn/burn.schema.ts'
import { Cancelled, toWire, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { Verdict } from '../../../../shared/restore/restore.schema.ts'
import { type Flags, helpOf, oneOf, parseFlags, quoted, usage } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodeOfError, exitCodeOfVerdict, exitCodes } from '../exitCodes.ts'
import { createHumanJobOutput } from '../output/human.ts'
import { createJsonOutput } from '../output/json.ts'
import { plainText } from '../output/lineWriter.ts'
import type { JobOutput } from '../output/restoreOutput.ts'
import { sizeText, table, timeText } from '../output/words.ts'
import { choosePower } from '../powerChoice.ts'
import { askAndLog } from './restore.ts'
import { outputModes, peekOutput, restoreFlags } from './restoreArguments.ts'
import { followJob } from './runRestore.ts'

const shared = ['chip', 'port', 'profile', 'power-cycle', 'poe-port', 'output', 'debug', 'data', 'help'] as const
const burnFlags: Flags = {
  ...Object.fromEntries(shared.flatMap((name) => { const flag = restoreFlags[name]; return flag ? [[name, flag]] : [] })),
  'file': { type: 'string', short: 'f', value: 'FILE', help: 'the U-Boot (default: the data folder)' },
  'go-on': { type: 'boolean', help: 'boot what is in flash afterwards, instead of staying at the prompt' },
  'plan-only': { type: 'boolean', help: 'print the plan and touch nothing' },
}

interface BurnEnding {
  readonly success: boolean
  /** `null` after `--plan-only`: nothing was judged. */
  readonly verdict: Verdict | null
  readonly elapsedMs: number
  /** In its own words; `null` when none has answered. */
  readonly version: string | null
  readonly exitCode: ExitCode
  readonly jobId?: string
  readonly reportPath?: string
}
type BurnOutput = JobOutput<BurnPlan, BurnEnding>

/** Loads a U-Boot into RAM. That it runs is proved by its own answer. */
export async function burnCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  if (argv.includes('--help') || argv.includes('-h')) {
    helpOf('burn -c CHIP [-f FILE] [-p PORT] [flags]', 'Loads a U-Boot into a camera\'s RAM through its boot ROM. It counts when that U-Boot has answered. The flash is not touched.', burnFlags).forEach(deps.out.line)
    return exitCodes.success
  }
  const { mode, debug } = peekOutput(argv)
  const { out, err } = deps
  const output: BurnOutput = mode === 'json' ? createJsonOutput(out, { debug }) : createHumanJobOutput({ out, err, debug, quiet: mode === 'quiet' }, { plan: planLines, ending: ({ version }) => [`  ${version ?? 'no U-Boot has answered'}`] })
  const startedMs = deps.nowMs()
  const elapsed = (): number => Math.round(deps.nowMs() - startedMs)
  const ending = await burn(argv, output, deps, elapsed).catch((error: unknown): BurnEnding => {
    if (error instanceof Cancelled) return { success: false, verdict: 'cancelled', elapsedMs: elapsed(), version: null, exitCode: exitCodes.cancelled }
    const wire = toWire(error)
    output.error(wire)
    if (!(error instanceof WorkbenchError)) output.debug(error instanceof Error ? error.stack ?? error.message : String(error))
    return { success: false, verdict: 'failed (state known)', elapsedMs: elapsed(), version: null, exitCode: exitCodeOfError(wire.code) }
  })
  output.ending(ending)
  return ending.exitCode
}

async function burn(argv: readonly string[], output: BurnOutput, deps: CliDeps, elapsed: () => number): Promise<BurnEnding> {
  const flags = parseFlags('burn', burnFlags, argv)
  oneOf('--output', flags.text('output') ?? 'human', outputModes)
  const chip = flags.text('chip')?.trim().toLowerCase()
  if (chip === undefined) throw usage('--chip (-c) is missing', 'rackbench burn --help lists the flags')
  if (!/^[a-z0-9_-]{2,40}(:[a-z0-9]{1,20})?$/.test(chip)) throw usage(`--chip ${quoted(chip)} is no chip name`, 'rackbench chips lists the names')
  const poePort = flags.text('poe-port')
  const target = choosePower({ port: flags.text('port') ?? '/dev/ttyUSB0', powerCycle: flags.has('power-cycle'), poePort, tftpVia: 'auto', environment: deps.environment })
  target.notes.forEach((note) => { output.note('info', note) })
  const profilePath = flags.text('profile')
  const ubootPath = flags.text('file')
  const request: Omit<BurnRequest, 'cameraId'> = { stay: !flags.has('go-on'), ...(profilePath === undefined ? {} : { profilePath }), ...(ubootPath === undefined ? {} : { ubootPath }) }
  const { signal } = deps.interrupt
  signal.throwIfAborted()
  const workbench = await deps.openWorkbench({ dataFolder: flags.text('data') ?? deps.dataFolder, tftpPort: 69, ...askAndLog(output, deps) })
  try {
    const cameraId = await workbench.addTarget({ url: target.url, chip, name: 'camera', power: target.power, poePort })
    const plan = await workbench.planBurn({ ...request, cameraId })
    output.plan(plan)
    const [refusal] = plan.refusals
    for (const each of plan.refusals) output.error(each)
    if (refusal) return { success: false, verdict: 'failed (state known)', elapsedMs: elapsed(), version: null, exitCode: exitCodeOfError(refusal.code) }
    if (flags.has('plan-only')) return { success: true, verdict: null, elapsedMs: elapsed(), version: null, exitCode: exitCodes.success }
    const { job, reportPath } = await followJob(async () => workbench.startBurn(plan), { workbench, output, deps })
    const verdict = job.verdict ?? 'failed (state known)'
    const claimed = exitCodeOfVerdict(verdict, job.error?.code)
    const success = claimed === exitCodes.success && job.state === 'succeeded' && job.ubootVersion !== undefined
    return {
      success, verdict, elapsedMs: elapsed(), version: job.ubootVersion ?? null, jobId: job.id,
      exitCode: claimed === exitCodes.success && !success ? exitCodes.refusedOrFailed : claimed, ...(reportPath === undefined ? {} : { reportPath }),
    }
  } finally {
    await workbench.close().catch((error: unknown) => { output.note('warning', `Closing failed: ${String(error)}`) })
  }
}

function planLines({ cameraName, chip, podName, boot, forecastMs, warnings }: BurnPlan): string[] {
  const facts: [string, string][] = [
    ['camera', `${cameraName}, ${chip}, on ${podName}`], ['by', boot.method === 'pod' ? 'the pod' : 'this computer, over its UART'],
    ['U-Boot', boot.uboot || '-'], ['profile', boot.profile || '-'], ['upload', sizeText(boot.blobBytes)], ['forecast', timeText(forecastMs)],
  ]
  return ['Plan', ...table(facts.map(([name, text]) => [`  ${name}`, plainText(text, 300)])), ...warnings.map((warning) => `Warning: ${plainText(warning)}`)]
}
