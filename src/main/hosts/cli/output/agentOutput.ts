import type { AgentFacts, AgentPlan, MemorySpeed } from '../../../../shared/agent/agent.schema.ts'
import { type FlashMap, findingsOf, marksOf, statusOfMark, type SectorStatus, wordsOfMark } from '../../../../shared/agent/flashMap.ts'
import { mapLegend, mapRows, mapSentence } from '../../../../shared/agent/mapText.ts'
import type { Job } from '../../../../shared/jobs/reduceJob.ts'
import type { Verdict } from '../../../../shared/restore/restore.schema.ts'
import type { AgentVerb } from '../commands/agentArguments.ts'
import type { OutputMode } from '../commands/restoreArguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import type { ExitCode } from '../exitCodes.ts'
import { createHumanJobOutput } from './human.ts'
import { createJsonOutput } from './json.ts'
import { plainText } from './lineWriter.ts'
import type { JobOutput } from './restoreOutput.ts'
import { hexText, sizeText, table, timeText } from './words.ts'

/** One of the three measurements; without a timer that says its rate, ticks are all that is known. */
interface MemoryRate {
  readonly ticks: number
  readonly megabytesPerSecond: number | null
}

/** What the command was for; `null` where nobody has found it. */
export interface AgentFindings {
  readonly agent: AgentFacts | null
  readonly range: { readonly offset: number; readonly lengthBytes: number; readonly crc32: string; readonly action: 'read' | 'summed' | 'written' | 'unchanged'; readonly path: string | null } | null
  readonly flash: {
    readonly verdict: 'healthy' | 'doubtful' | 'damaged'
    readonly flashBytes: number
    readonly sectorBytes: number
    readonly method: FlashMap['method']
    /** A letter for each sector: the picture of `sectors`. */
    readonly marks: string
    readonly counts: Readonly<Record<SectorStatus, number>>
    readonly sectors: readonly { readonly index: number; readonly offset: number; readonly status: SectorStatus; readonly finding: string; readonly crc32: string }[]
  } | null
  readonly memory: { readonly address: number; readonly lengthBytes: number; readonly iterations: number; readonly timerHz: number; readonly fill: MemoryRate; readonly read: MemoryRate; readonly copy: MemoryRate } | null
}

/** How it ended, whatever it was. Exactly one for each run, and the last thing said. */
export interface AgentEnding extends AgentFindings {
  readonly success: boolean
  /** `null` after `--plan-only`: nothing was judged. */
  readonly verdict: Verdict | null
  readonly elapsedMs: number
  readonly exitCode: ExitCode
  readonly verb: AgentVerb | null
  readonly jobId?: string
  readonly reportPath?: string
}
export type AgentOutput = JobOutput<AgentPlan, AgentEnding>

export const createAgentOutput = (mode: OutputMode, debug: boolean, { out, err }: Pick<CliDeps, 'out' | 'err'>): AgentOutput =>
  (mode === 'json' ? createJsonOutput(out, { debug }) : bareSum(mode, out, createHumanJobOutput({ out, err, debug, quiet: mode === 'quiet' }, { plan: planLines, ending: endingLines })))

/** Whoever asks quietly for a CRC wants the CRC. */
const bareSum = (mode: OutputMode, out: Pick<CliDeps['out'], 'line'>, told: AgentOutput): AgentOutput => (mode !== 'quiet' ? told : {
  ...told,
  ending: (ending) => {
    if (ending.verb === 'crc' && ending.success && ending.range) out.line(ending.range.crc32)
    else told.ending(ending)
  },
})

export function findingsOfJob(job: Job | undefined): AgentFindings {
  return { agent: job?.agent ?? null, range: job ? rangeOf(job) : null, flash: job?.flashMap ? flashOf(job.flashMap) : null, memory: job?.memory ? memoryOf(job.memory) : null }
}

function memoryOf({ address, lengthBytes, iterations, timerHz, fillTicks, readTicks, copyTicks }: MemorySpeed): AgentFindings['memory'] {
  const rate = (ticks: number, bytes: number): MemoryRate =>
    ({ ticks, megabytesPerSecond: timerHz === 0 || ticks === 0 ? null : Math.round((10 * bytes * timerHz) / ticks / 1e6) / 10 })
  const moved = lengthBytes * iterations
  // A copy reads and writes each byte.
  return { address, lengthBytes, iterations, timerHz, fill: rate(fillTicks, moved), read: rate(readTicks, moved), copy: rate(copyTicks, 2 * moved) }
}

function rangeOf({ dumped: [read], partitions: [changed], summed }: Job): AgentFindings['range'] {
  if (read) return { offset: read.offsetBytes, lengthBytes: read.lengthBytes, crc32: read.crc32, action: 'read', path: read.path }
  if (summed) return { offset: summed.offsetBytes, lengthBytes: summed.lengthBytes, crc32: summed.crc32, action: 'summed', path: null }
  // Only what the camera itself has summed up counts as changed.
  if (changed?.action === undefined || changed.readBackCrc32 !== changed.crc32) return null
  return { offset: changed.offsetBytes, lengthBytes: changed.lengthBytes, crc32: changed.readBackCrc32, action: changed.action, path: null }
}

function flashOf(map: FlashMap): AgentFindings['flash'] {
  const { verdict, counts } = findingsOf(map)
  return {
    verdict, counts, flashBytes: map.flashBytes, sectorBytes: map.sectorBytes, method: map.method, marks: map.marks,
    sectors: marksOf(map).map((mark, index) => ({ index, offset: index * map.sectorBytes, status: statusOfMark[mark], finding: wordsOfMark[mark], crc32: map.crc32[index] ?? '' })),
  }
}

function planLines({ cameraName, chip, podName, boot, partitions: [change], forecastMs, warnings }: AgentPlan): string[] {
  const ways = { 'pod': 'loaded by the pod', 'boot-rom': 'loaded by this computer, over its UART', 'running': 'runs already' } as const
  const facts: [string, string][] = [
    ['camera', `${cameraName}, ${chip}, on ${podName}`],
    ['agent', boot.method === 'running' ? ways.running : `${boot.agent || '-'}, ${ways[boot.method]}; SPL of ${boot.uboot || '-'}, profile ${boot.profile || '-'}`],
    ...(change ? [['change', `${change.source} at ${hexText(change.offsetBytes)}, ${sizeText(change.lengthBytes)}, crc32 ${change.crc32}`] satisfies [string, string]] : []),
    ['forecast', timeText(forecastMs)],
  ]
  return ['Plan', ...table(facts.map(([name, text]) => [`  ${name}`, plainText(text, 300)])), ...warnings.map((warning) => `Warning: ${plainText(warning)}`)]
}

function endingLines(ending: AgentEnding): string[] {
  const { agent, range, flash, memory, verb } = ending
  if (flash) {
    const troubles = verb === 'doctor' ? findingsOf(flash).troubles.map(({ offsetBytes, lengthBytes, mark }) => `  ${hexText(offsetBytes)}  ${sizeText(lengthBytes)}  ${wordsOfMark[mark]}`) : []
    return [...mapRows(flash).map((row) => `  ${row}`), `  ${mapLegend}`, '', `  ${mapSentence(flash)}`, ...troubles]
  }
  if (memory) {
    const row = (name: string, { ticks, megabytesPerSecond }: MemoryRate): [string, string] => [`  ${name}`, megabytesPerSecond === null ? `${ticks} ticks` : `${megabytesPerSecond} MB/s`]
    return [`  ${memory.iterations} times ${sizeText(memory.lengthBytes)} at ${hexText(memory.address)}`, ...table([row('fill', memory.fill), row('read', memory.read), row('copy', memory.copy)])]
  }
  if (range) return [`  ${hexText(range.offset)}  ${sizeText(range.lengthBytes)}  crc32 ${range.crc32}  ${range.action}${range.path === null ? '' : `  ${plainText(range.path, 300)}`}`]
  if (!agent) return ['  no flash agent has answered']
  const rows = [
    ['version', String(agent.version)], ['can', agent.capabilities.join(', ') || '-'], ['flash', `${agent.flashKind}, ${agent.jedecId}, ${sizeText(agent.flashBytes)} in sectors of ${sizeText(agent.sectorBytes)}`],
    ['flash window', hexText(agent.flashWindow)], ['RAM', hexText(agent.ramBase)],
  ]
  return table(rows.map(([name = '', text = '']) => [`  ${name}`, plainText(text, 300)]))
}
