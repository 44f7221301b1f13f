import { hexCrc } from '../../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { parseEnvironmentImage } from '../../../protocols/uboot/environmentImage.ts'
import { geometryOf } from '../../agent/agentAnswers.ts'
import type { AgentClient } from '../../agent/agentClient.ts'
import { type RunningAgent, startAgent, startLimitMs } from '../agent/startAgent.ts'
import { runPhase } from '../phase.ts'
import { checkFlashSize } from '../restore/cameraPhases.ts'
import type { DumpBench, DumpContext, DumpOutput } from './dumpBench.ts'
import { finishDump, prepareDump } from './dumpFrame.ts'
import { type DumpLayout, type DumpRange, findLayout } from './dumpLayout.ts'
import { noRoom } from './dumpPlan.ts'
import { type CameraFacts, ipctoolHead, type Places, placesOf } from './keepDump.ts'
import type { ProvedSlice } from './readStretch.ts'

/** One CRC of the agent covers this much. */
const pieceBytes = 1024 * 1024
/** U-Boot's environment lies at the start of a sector near the beginning of the flash. */
const searchedBytes = 1024 * 1024
/** At 115200 baud, with a good part of it asked for again. */
const readLimitMs = (lengthBytes: number): number => 600_000 + lengthBytes / 3

/** Without U-Boot: the bytes come in the packets of a flash agent, and each piece counts by the agent's own CRC. */
export async function runAgentDump(bench: DumpBench, context: DumpContext): Promise<{ readonly verdict: 'dumped and verified' }> {
  const { plan, starter } = bench
  if (starter.method === 'manual') throw new WorkbenchError('internal/bug', 'There is no way to load the flash agent, and the plan did not say so')
  const warn = (message: string): void => { context.tell({ type: 'noted', level: 'warning', message }) }
  const { console, output, keep } = await runPhase(context, { name: 'check', cancel: 'anytime', limitMs: 60_000, work: async (signal) => prepareDump(bench, context, signal) })
  context.cleanup.add('record the console', async () => { context.tell({ type: 'console-excerpt', text: console.tail() }) })
  const agent = await runPhase(context, {
    name: 'agent', cancel: 'anytime', limitMs: startLimitMs(starter), work: async (signal) => startAgent({ starter, clock: bench.clock }, context, console, 'agent', signal),
    note: ({ info }) => `version ${info.version}`,
  })
  const { layout, facts } = await runPhase(context, {
    name: 'identify', cancel: 'anytime', limitMs: readLimitMs(searchedBytes), work: async (signal) => lookAround(bench, output, agent, signal),
    note: (seen) => `${seen.facts.flash.name}, ${seen.facts.flash.lengthBytes / 1048576} MiB, ${seen.layout.ranges.length} parts by ${seen.layout.from}`,
  })
  layout.warnings.forEach(warn)
  const places = placesOf(plan.request.form, layout, (sha1Of) => ipctoolHead(bench, facts, layout, sha1Of))
  const totalBytes = layout.ranges.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
  const proved = await runPhase(context, {
    name: 'read', cancel: 'anytime', limitMs: readLimitMs(totalBytes),
    work: async (signal) => readAll({ client: agent.client, output, places, context, totalBytes }, layout.ranges, signal),
    note: () => 'by the flash agent',
  })
  await finishDump({ bench, output, layout, places, facts, proved, warn }, keep, context, async (signal) => agent.client.reboot(signal))
  return { verdict: 'dumped and verified' }
}

async function lookAround({ plan }: DumpBench, output: DumpOutput, { client, info }: RunningAgent, signal: AbortSignal): Promise<{ readonly layout: DumpLayout; readonly facts: CameraFacts }> {
  const { flashBytes } = geometryOf(info, false)
  checkFlashSize(plan.flashBytes, flashBytes)
  const { request } = plan
  const isAsked = request.form !== 'image' && request.mtdparts === undefined
  const variables = isAsked ? await findEnvironment(client, flashBytes, signal) : undefined
  const layout = findLayout({ request, mtdparts: variables?.get('mtdparts'), bootargs: variables?.get('bootargs'), flashBytes })
  if (layout.ranges.length === 0) throw new WorkbenchError('input/conflict', 'The partition table has no partition with bytes in it', { hint: 'Give another with --mtdparts, or take the whole flash with --form image' })
  const neededBytes = layout.ranges.reduce((sum, range) => sum + range.lengthBytes, 0)
  const freeBytes = await output.freeBytes()
  if (freeBytes + plan.output.keptBytes < neededBytes) throw noRoom(neededBytes, freeBytes)
  const ethaddr = variables?.get('ethaddr')
  return {
    layout,
    facts: { flash: { name: `JEDEC ${info.jedecId}`, lengthBytes: flashBytes, jedecId: info.jedecId, kind: 'nor' }, ethaddr: ethaddr === '' ? undefined : ethaddr?.slice(0, 64), ubootVersion: '' },
  }
}

/** No U-Boot runs that could be asked; its variables are in the flash, with a checksum. */
async function findEnvironment(client: AgentClient, flashBytes: number, signal: AbortSignal): Promise<ReadonlyMap<string, string> | undefined> {
  const { bytes } = await client.readFlash(0, Math.min(searchedBytes, flashBytes), signal)
  for (let at = 0; at < bytes.length; at += 0x10000) {
    const found = parseEnvironmentImage(bytes.subarray(at))
    if (found) return found.variables
  }
  return undefined
}

interface Reading {
  readonly client: AgentClient
  readonly output: DumpOutput
  readonly places: Places
  readonly context: DumpContext
  readonly totalBytes: number
}

async function readAll({ client, output, places, context, totalBytes }: Reading, ranges: readonly DumpRange[], signal: AbortSignal): Promise<ReadonlyMap<DumpRange, readonly ProvedSlice[]>> {
  const proved = new Map<DumpRange, readonly ProvedSlice[]>()
  let doneBytes = 0
  for (const range of ranges) {
    const slices: ProvedSlice[] = []
    const file = await output.file(places.fileName(range))
    for (let at = 0; at < range.lengthBytes; at += pieceBytes) {
      const lengthBytes = Math.min(pieceBytes, range.lengthBytes - at)
      const before = doneBytes
      // The agent's CRC of this very piece was compared before it is here.
      const piece = await client.readFlash(range.offsetBytes + at, lengthBytes, signal, (pieceDone) => {
        context.tell({ type: 'phase-progressed', phase: 'read', step: `reading ${range.name}`, doneBytes: before + pieceDone, totalBytes })
      })
      await file.write(places.offsetInFile(range) + at, piece.bytes, signal)
      slices.push({ rangeOffsetBytes: at, lengthBytes, crc32: hexCrc(piece.crc32) })
      doneBytes += lengthBytes
    }
    proved.set(range, slices)
  }
  return proved
}
