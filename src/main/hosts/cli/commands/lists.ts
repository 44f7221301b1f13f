import { jobIdSchema } from '../../../../shared/devices/ids.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { isFinished } from '../../../../shared/jobs/reduceJob.ts'
import { type Flags, helpOf, parseFlags, quoted, type ParsedFlags } from '../arguments.ts'
import type { CliDeps, CliWorkbench } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { isJson, modeOf, outputFlag as output, outputWithQuietFlag } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'
import { table, timeText } from '../output/words.ts'

const help = { type: 'boolean', short: 'h', help: 'this text' } as const
const data = { type: 'string', value: 'DIR', help: 'the data folder' } as const

async function withWorkbench<T>(given: ParsedFlags, deps: CliDeps, work: (workbench: CliWorkbench) => Promise<T>): Promise<T> {
  const workbench = await deps.openWorkbench({ dataFolder: given.text('data') ?? deps.dataFolder, tftpPort: 69, log: () => undefined, ask: async () => undefined })
  try {
    return await work(workbench)
  } finally {
    await workbench.close()
  }
}

export async function chipsCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const flags: Flags = { output: outputWithQuietFlag, data, help }
  const given = parseFlags('chips', flags, argv)
  if (given.has('help')) { helpOf('chips', 'Lists all chips, and what is missing to start each over its boot ROM.', flags).forEach(deps.out.line); return exitCodes.success }
  const mode = modeOf(given)
  await withWorkbench(given, deps, async (workbench) => {
    const chips = await workbench.chips(deps.interrupt.signal)
    if (mode === 'quiet') { for (const { name } of chips) deps.out.line(name); return }
    if (mode === 'json') { deps.out.line(JSON.stringify(chips.map(({ name, protocol, ready, needs }) => ({ name, protocol, ready, needs })))); return }
    table([['chip', 'boot ROM', 'its files'], ...chips.map(({ name, protocol, ready, needs }) => [name, protocol, ready ? 'ready' : `needs ${needs.map((need) => `a ${need}`).join(' and ')}`])]).forEach(deps.out.line)
  })
  return exitCodes.success
}

export async function portsCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const flags: Flags = { output: outputWithQuietFlag, help }
  const given = parseFlags('ports', flags, argv)
  if (given.has('help')) { helpOf('ports', 'Lists the serial ports of this computer.', flags).forEach(deps.out.line); return exitCodes.success }
  const mode = modeOf(given)
  const ports = await deps.listPorts()
  if (mode === 'quiet') for (const { openPath } of ports) deps.out.line(openPath)
  else if (mode === 'json') deps.out.line(JSON.stringify({ ports: ports.map(({ json }) => json) }))
  else if (ports.length === 0) deps.out.line('No serial port found; any path can still be given with -p')
  else table([['open', 'device', 'adapter', 'wherever it is plugged in'], ...ports.map(({ openPath, device, adapter, identity = '' }) => [openPath, device, plainText(adapter), identity])]).forEach(deps.out.line)
  return exitCodes.success
}

export async function jobsCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const flags: Flags = { output, data, help }
  const given = parseFlags('jobs', flags, argv, 1)
  if (given.has('help')) { helpOf('jobs [JOB]', 'Lists the jobs of the journal, newest first; with JOB, says where its report is.', flags).forEach(deps.out.line); return exitCodes.success }
  const json = isJson(given)
  const [wanted] = given.positionals
  await withWorkbench(given, deps, async (workbench) => {
    if (wanted !== undefined) return tellJob(wanted, json, workbench, deps)
    const jobs = workbench.jobs().map(({ id, title, state, verdict, queuedAtMs, elapsedMs }) => ({ id, title, state, verdict: verdict ?? null, queuedAt: new Date(queuedAtMs).toISOString(), elapsedMs: elapsedMs ?? null }))
    if (json) deps.out.line(JSON.stringify({ jobs }))
    else if (jobs.length === 0) deps.out.line('No jobs yet')
    else table([['job', 'queued', 'took', 'title', 'verdict'], ...jobs.map((job) =>
      [job.id, job.queuedAt, job.elapsedMs === null ? '' : timeText(job.elapsedMs), plainText(job.title, 60), job.verdict ?? job.state])]).forEach(deps.out.line)
  })
  return exitCodes.success
}

async function tellJob(wanted: string, json: boolean, workbench: CliWorkbench, deps: CliDeps): Promise<void> {
  const id = jobIdSchema.safeParse(wanted)
  const job = workbench.jobs().find((each) => id.success && each.id === id.data)
  if (!job) throw new WorkbenchError('input/not-found', `There is no job ${quoted(wanted)} in this journal`, { hint: 'rackbench jobs lists them' })
  const paths = isFinished(job) ? await workbench.report(job.id) : undefined
  if (json) { deps.out.line(JSON.stringify({ id: job.id, title: job.title, state: job.state, verdict: job.verdict ?? null, report: paths ?? null })); return }
  deps.out.line(`${plainText(job.title)}: ${job.verdict ?? job.state}`)
  if (paths) deps.out.line(`Report: ${paths.htmlPath}`)
}
