import type { DumpPlan, DumpedRange } from '../../../../shared/dump/dump.schema.ts'
import type { Verdict } from '../../../../shared/restore/restore.schema.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import type { ExitCode } from '../exitCodes.ts'
import type { OutputMode } from '../commands/restoreArguments.ts'
import { createHumanJobOutput } from './human.ts'
import { createJsonOutput } from './json.ts'
import { plainText } from './lineWriter.ts'
import type { JobOutput } from './restoreOutput.ts'
import { hexText, sizeText, table, timeText } from './words.ts'

export interface RangeProof {
  readonly name: string
  readonly offset: number
  readonly lengthBytes: number
  /** Computed by the camera over its own flash. */
  readonly crc32: string
  readonly sha256: string
  readonly path: string
}

/** How it ended, whatever it was. Exactly one for each run, and the last thing said. */
export interface DumpEnding {
  readonly success: boolean
  /** `null` after `--plan-only`: nothing was judged. */
  readonly verdict: Verdict | null
  readonly elapsedMs: number
  readonly ranges: readonly RangeProof[]
  readonly exitCode: ExitCode
  readonly jobId?: string
  readonly reportPath?: string
}

export type DumpOutput = JobOutput<DumpPlan, DumpEnding>

export const rangeProof = ({ name, offsetBytes, lengthBytes, crc32, sha256, path }: DumpedRange): RangeProof => ({ name, offset: offsetBytes, lengthBytes, crc32, sha256, path })

export const createDumpOutput = (mode: OutputMode, debug: boolean, { out, err }: Pick<CliDeps, 'out' | 'err'>): DumpOutput =>
  (mode === 'json' ? createJsonOutput(out, { debug }) : createHumanJobOutput({ out, err, debug, quiet: mode === 'quiet' }, { plan: planLines, ending: endingLines }))

function planLines(plan: DumpPlan): string[] {
  const { boot, tftp, request } = plan
  const facts: [string, string][] = [
    ['camera', `${plan.cameraName}, ${plan.chip}, on ${plan.podName}`],
    ['to', `${plan.output.path} (${request.form}${request.partition === undefined ? '' : `, only ${request.partition}`})${plan.output.freeBytes > 0 ? `; ${sizeText(plan.output.freeBytes - (plan.output.freeBytes % 1048576))} free there` : ''}`],
    ['flash', `${request.flashType === 'auto' ? '' : `${request.flashType}, `}${plan.flashBytes > 0 ? sizeText(plan.flashBytes) : 'asked before anything is read'}`],
    ['layout', request.form === 'image' ? 'none is needed' : request.mtdparts ?? 'asked from the camera'],
    ...(boot.agent === undefined ? [] : [['agent', boot.agent] satisfies [string, string]]),
    ['U-Boot', boot.method !== 'manual' ? `${boot.method === 'pod' ? 'by the pod' : 'over its UART'}: ${boot.uboot || '-'}, profile ${boot.profile || '-'}` : boot.switchedBy === undefined ? 'already on the camera; switch its power by hand when asked' : `already on the camera, stopped after a power cycle by ${boot.switchedBy}`],
    ['way', `${plan.way}${tftp ? ` to ${tftp.serverAddress}:${tftp.port}, camera ${tftp.cameraAddress}` : ''}: ${plan.wayReason}`],
    ...(plan.way === 'agent' ? [] : [['memory', `flash is read to ${hexText(plan.loadAddress)}`] satisfies [string, string]]),
    ['forecast', timeText(plan.forecastMs)],
  ]
  return ['Plan', ...table(facts.map(([name, text]) => [`  ${name}`, plainText(text, 300)])), ...plan.warnings.map((warning) => `Warning: ${plainText(warning)}`)]
}

function endingLines({ ranges }: DumpEnding): string[] {
  if (ranges.length === 0) return ['  nothing was dumped']
  const rows = [['partition', 'offset', 'length', 'crc32', 'sha256', 'file'], ...ranges.map((range) =>
    [range.name, hexText(range.offset), sizeText(range.lengthBytes), range.crc32, range.sha256.slice(0, 16), range.path].map((cell) => plainText(cell, 300)))]
  return table(rows, [2]).map((row) => `  ${row}`)
}
