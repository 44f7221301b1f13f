import type { InstallPlan } from '../../../../shared/install/install.schema.ts'
import type { JobEvent } from '../../../../shared/jobs/jobEvent.ts'
import type { Job } from '../../../../shared/jobs/reduceJob.ts'
import type { RestorePlan } from '../../../../shared/restore/restore.schema.ts'
import type { LineWriter } from '../cliWorkbench.ts'
import { plainText } from './lineWriter.ts'
import { isProved, type JobOutput, type RestoreEnding, type RestoreOutput, type ShownPlan } from './restoreOutput.ts'
import { hexText, sizeText, table, timeText } from './words.ts'

export interface HumanOptions {
  readonly out: LineWriter
  /** Errors and the log of `--debug`. */
  readonly err: LineWriter
  readonly debug: boolean
  /** Only errors and the verdict. */
  readonly quiet: boolean
}

/** What differs between kinds of work: the plan as lines, and what became of it. */
export interface HumanTables<Plan, Ending> {
  readonly plan: (plan: Plan) => readonly string[]
  readonly ending: (ending: Ending) => readonly string[]
}

/** For a person at the rack: what will happen, what happened, what it proves. */
export const createHumanOutput = (options: HumanOptions): RestoreOutput => createHumanJobOutput(options, { plan: planLines, ending: endingLines })

export function createHumanJobOutput<Plan, Ending extends Pick<RestoreEnding, 'verdict' | 'success' | 'elapsedMs' | 'jobId' | 'reportPath'>>(
  { out, err, debug, quiet }: HumanOptions, tables: HumanTables<Plan, Ending>,
): JobOutput<Plan, Ending> {
  const paint = (code: number, text: string): string => (out.isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text)
  const good = (text: string): string => paint(32, text)
  const bad = (text: string): string => paint(31, text)
  const say = (text = ''): void => { if (!quiet) out.line(text) }

  const tell = (event: JobEvent, job: Job): void => {
    switch (event.type) {
      case 'job-queued': say(); say(`${plainText(event.title)} (job ${event.job})`); break
      case 'phase-started': out.status(quiet ? '' : `  …   ${titleOf(job.plan, event.phase)}`); break
      case 'phase-progressed': {
        const percent = event.totalBytes > 0 ? `${Math.min(100, Math.floor((100 * event.doneBytes) / event.totalBytes))} %` : ''
        out.status(quiet ? '' : `  …   ${titleOf(job.plan, event.phase)}: ${plainText(event.step, 40)} ${percent}`)
        break
      }
      case 'phase-finished':
        say(`  ok  ${titleOf(job.plan, event.phase).padEnd(titleWidth(job.plan))}  ${timeText(event.elapsedMs).padStart(12)}  ${bytesOf(job, event.phase).padStart(11)}  ${plainText(event.note, 120)}`.trimEnd())
        break
      case 'staging-progressed':
        if (event.state === 'waiting') say(`  --  staging waits: ${plainText(event.note, 160)}`)
        break
      case 'range-dumped': say(`  ok  ${plainText(event.range.name, 40)}  ${sizeText(event.range.lengthBytes)}  crc32 ${event.range.crc32}  ${plainText(event.range.path, 300)}`); break
      case 'environment-changed': if (event.environment.state === 'proved') say(`  ok  environment read back, crc32 ${event.environment.crc32 ?? ''}, address ${event.environment.mac.address} (${event.environment.mac.reason})`); break
      case 'uboot-answered': say(`  ok  ${plainText(event.version, 120)}`); break
      case 'identity-read': if (event.state === 'accepted') say('  --  another camera than before; it is the one that is known from now on'); break
      case 'version-read': say(`  ok  it reports version ${plainText(event.version, 100)}`); break
      case 'agent-answered': say(`  ok  flash agent version ${event.agent.version}, flash ${plainText(event.agent.jedecId, 16)}, ${sizeText(event.agent.flashBytes)}`); break
      // Told at the end, where there is room for it.
      case 'flash-examined': case 'range-summed': case 'memory-measured': break
      case 'noted': say(`  ${event.level === 'warning' ? '!!' : '--'}  ${plainText(event.message)}`); break
      case 'cancel-requested': say(`  --  cancelling: ${whatIsWaitedFor(job)}`); break
      case 'undo-failed': err.line(`Could not ${plainText(event.label)}: ${plainText(event.error.message)}`); break
      case 'undone': if (debug) err.line(`cleaned up: ${plainText(event.label)}`); break
      case 'console-excerpt': if (debug) event.text.split('\n').forEach((line) => { err.line(`  | ${plainText(line, 200)}`) }); break
      case 'job-failed':
        out.status('')
        err.line(bad(`Error: ${plainText(event.error.message)}`))
        if (event.error.hint !== undefined) err.line(`       ${plainText(event.error.hint)}`)
        break
      case 'job-started': case 'partition-changed': case 'job-succeeded': case 'job-cancelled': case 'job-interrupted': break
    }
  }
  return {
    note: (level, message) => { say(`${level === 'warning' ? 'Warning: ' : ''}${plainText(message)}`) },
    debug: (message) => { if (debug) err.line(plainText(message)) },
    plan: (plan) => { tables.plan(plan).forEach(say) },
    event: tell,
    error: (error) => {
      err.line(bad(`Error: ${plainText(error.message)}`))
      if (error.hint !== undefined) err.line(`       ${plainText(error.hint)}`)
    },
    ending: (ending) => {
      // Nothing has begun: the error says all of it, and a verdict would sound as if the camera had been tried.
      if (ending.verdict === null || (ending.jobId === undefined && ending.verdict === 'failed (state known)')) return
      if (ending.jobId !== undefined) { say(); tables.ending(ending).forEach(say); say() }
      const verdict = `${ending.verdict}${ending.jobId === undefined ? '' : ` after ${timeText(ending.elapsedMs)}`}`
      out.line(`Verdict: ${ending.success ? good(verdict) : bad(verdict)}`)
      if (ending.reportPath !== undefined) out.line(`Report:  ${ending.reportPath}`)
    },
  }
}

const titleOf = (plan: Pick<RestorePlan, 'phases'>, phase: string): string => plainText(plan.phases.find(({ name }) => name === phase)?.title ?? phase, 60)
const titleWidth = (plan: Pick<RestorePlan, 'phases'>): number => Math.max(...plan.phases.map(({ name }) => titleOf(plan, name).length), 12)

/** What a phase moves; empty for those that move nothing. */
function bytesOf(job: Job, phase: string): string {
  if (job.workflow !== 'restore' && job.workflow !== 'install') return sizeOrNothing(job.dumped.find(({ name }) => phase === `read:${name}`)?.lengthBytes)
  const { plan } = job
  const [kind, which = ''] = phase.split(':')
  const bytes = kind === 'write' ? plan.partitions.find(({ name }) => name === which)?.lengthBytes
    : kind === 'fetch' ? plan.loads[Number(which)]?.lengthBytes
      : kind === 'u-boot' ? plan.boot.blobBytes : 0
  return sizeOrNothing(bytes)
}

const sizeOrNothing = (bytes: number | undefined): string => (bytes ? sizeText(bytes) : '')

/** What a person who pressed Ctrl-C is still waiting for. */
export function whatIsWaitedFor(job: Job): string {
  const phase = job.plan.phases.find(({ name }) => name === job.phase)
  if (!phase) return 'the job stops before its next phase'
  return phase.cancel === 'at-end' ? `"${plainText(phase.title, 60)}" is finished first, because half of it is worse than all of it` : `"${plainText(phase.title, 60)}" is being stopped and cleaned up`
}

function planLines(plan: ShownPlan): string[] {
  const { input, boot, tftp } = plan
  const facts: [string, string][] = [
    ['camera', `${plan.cameraName}, ${plan.chip}, on ${plan.podName}`],
    ['input', `${input.path} (${input.kind}, ${sizeText(input.totalBytes)}, sha256 ${input.sha256.slice(0, 16)})`],
    ['flash', `${plan.flash ? `${{ nor: 'NOR', nand: 'NAND', emmc: 'eMMC' }[plan.flash.kind]} (${plan.flash.reason}), ` : ''}${plan.flashBytes > 0 ? sizeText(plan.flashBytes) : 'asked before anything is erased'}`],
    ['U-Boot', boot.method !== 'manual' ? `${boot.method === 'pod' ? 'by the pod' : 'over its UART'}: ${boot.uboot || '-'}, profile ${boot.profile || '-'}` : boot.switchedBy === undefined ? 'already on the camera; switch its power by hand when asked' : `already on the camera, stopped after a power cycle by ${boot.switchedBy}`],
    ['files', tftp.serverAddress === '' ? 'cannot be handed over: see what refuses this plan' : `from the ${tftp.via === 'pod' ? 'pod' : 'TFTP server of this computer'} at ${tftp.serverAddress}:${tftp.port}, camera ${tftp.cameraAddress}: ${tftp.reason}`],
    ...('release' in plan ? releaseFacts(plan) : []),
    ['memory', `images at ${hexText(plan.loadAddress)}, read-backs at ${hexText(plan.proofAddress)}`],
    ['forecast', timeText(plan.forecastMs)],
  ]
  const rows = [['partition', 'from', 'offset', 'length', 'erased', 'crc32', ''], ...plan.partitions.map((part) =>
    [part.name, part.source, hexText(part.offsetBytes), sizeText(part.lengthBytes), sizeText(part.eraseBytes), part.crc32, part.isBoot ? 'boot, written last' : ''].map((cell) => plainText(cell, 60)))]
  return [
    'Plan', ...table(facts.map(([name, text]) => [`  ${name}`, plainText(text, 300)])),
    ...(plan.partitions.length > 0 ? ['', ...table(rows, [3, 4]).map((row) => `  ${row}`)] : []),
    ...plan.warnings.map((warning) => `Warning: ${plainText(warning)}`),
  ]
}

function releaseFacts({ release, layout, settings }: InstallPlan): [string, string][] {
  return [
    ['release', `${release.soc || 'chip not told'}, ${release.kernelName || '-'}, ${release.rootfsKind}`],
    ...release.files.map(({ name, lengthBytes, md5 }): [string, string] => ['', `${name}, ${sizeText(lengthBytes)}, ${md5 === 'matches' ? 'MD5 matches' : 'no MD5 in the release'}`]),
    ['layout', `${layout.name}, environment at ${hexText(layout.environment.offsetBytes)}`],
    ...settings.map(({ name, value }): [string, string] => ['sets', `${name}=${value}`]),
  ]
}

function endingLines({ partitions }: RestoreEnding): string[] {
  const rows = [['partition', 'action', 'length', 'crc32', 'read back', ''], ...partitions.map((part) =>
    [part.name, part.action ?? 'not done', sizeText(part.lengthBytes), part.crc32, part.readBackCrc32 ?? 'not seen', isProved(part) ? 'proved' : 'NOT PROVED'])]
  return table(rows, [2]).map((row) => `  ${row}`)
}
