import { hexCrc } from '../../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { parseEnvironmentImage } from '../../../protocols/uboot/environmentImage.ts'
import { flashNames } from '../restore/flashKind.ts'
import { identityFacts, judgeIdentity, norSize } from '../../rack/identity.ts'
import { geometryOf } from '../../agent/agentAnswers.ts'
import type { AgentInfo } from '../../../protocols/agent/frame.ts'
import type { AgentClient } from '../../agent/agentClient.ts'
import { type RunningAgent, startAgent, startLimitMs } from '../agent/startAgent.ts'
import { runPhase } from '../phase.ts'
import { checkFlashSize } from '../restore/cameraPhases.ts'
import type { DumpBench, DumpContext, DumpOutput } from './dumpBench.ts'
import { finishDump, prepareDump } from './dumpFrame.ts'
import { type DumpLayout, type DumpRange, findLayout } from './dumpLayout.ts'
import { type CameraFacts, ipctoolHead, type Places, placesOf } from './keepDump.ts'
import { checkRoom, restoreWarnings } from './lookAround.ts'
import type { ProvedSlice } from './readStretch.ts'

/** One CRC of the agent covers this much. */
const pieceBytes = 1024 * 1024
/** U-Boot lies at the beginning of the flash, and its environment at the start of a sector near it. */
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
    name: 'identify', cancel: 'anytime', limitMs: readLimitMs(searchedBytes), work: async (signal) => lookAround(bench, context, output, agent, signal),
    note: (seen) => `${seen.facts.flash.name}, ${seen.facts.flash.lengthBytes / 1048576} MiB, ${seen.layout.ranges.length} parts by ${seen.layout.from}`,
  })
  for (const warning of [...layout.warnings, ...restoreWarnings(layout, bench, facts.flash.kind)]) warn(warning)
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

async function lookAround(bench: DumpBench, context: DumpContext, output: DumpOutput, { client, info }: RunningAgent, signal: AbortSignal): Promise<{ readonly layout: DumpLayout; readonly facts: CameraFacts }> {
  const { plan } = bench
  const { flashBytes } = geometryOf(info, false)
  checkKind(info)
  checkFlashSize(plan.flashBytes, flashBytes)
  const { request } = plan
  const { variables, ubootVersion } = await findUboot(bench, client, flashBytes, signal)
  const { jedecId, flashKind } = info
  if (bench.identity) judgeIdentity(bench.identity, identityFacts({ mac: variables?.get('ethaddr'), jedecId, flashSize: norSize(flashKind, flashBytes), ubootVersion }), context.tell, false)
  const layout = findLayout({ request, mtdparts: variables?.get('mtdparts'), bootargs: variables?.get('bootargs'), flashBytes })
  await checkRoom(plan.output.keptBytes, layout, output)
  const ethaddr = variables?.get('ethaddr')
  return {
    layout,
    facts: { flash: { name: `JEDEC ${jedecId}`, lengthBytes: flashBytes, jedecId, kind: 'nor' }, ethaddr: ethaddr === '' ? undefined : ethaddr?.slice(0, 64), ubootVersion: ubootVersion.slice(0, 150) },
  }
}

/** Bad blocks and the blocks of a card need more than reading bytes in a row, and what is recorded as NOR would be written back as one. */
function checkKind({ flashKind }: AgentInfo): void {
  if (flashKind === 'nor') return
  throw new WorkbenchError('input/not-supported', `The flash agent ${flashKind === 'unknown' ? 'does not say which kind of flash it reads' : `says that this flash is ${flashNames[flashKind]}`}, and a dump by it is of NOR only`, {
    context: { flashKind }, hint: flashKind === 'unknown' ? 'Load an agent that was built for this chip' : `Use --via tftp or --via md with --flash-type ${flashKind}`,
  })
}

interface FoundUboot { readonly variables: ReadonlyMap<string, string> | undefined; readonly ubootVersion: string }

/** No U-Boot runs that could be asked. It is in the flash, and so are its variables, with a checksum. */
async function findUboot(bench: DumpBench, client: AgentClient, flashBytes: number, signal: AbortSignal): Promise<FoundUboot> {
  const { bytes } = await client.readFlash(0, Math.min(searchedBytes, flashBytes), signal)
  const [ubootVersion = ''] = bench.ubootVersionsIn(bytes)
  for (let at = 0; at < bytes.length; at += 0x10000) {
    const found = parseEnvironmentImage(bytes.subarray(at))
    if (found) return { variables: found.variables, ubootVersion }
  }
  return { variables: undefined, ubootVersion }
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
