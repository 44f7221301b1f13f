import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { enterUboot } from '../../uboot/enterUboot.ts'
import { createSteadySession } from '../../uboot/steadySession.ts'
import type { UbootSession } from '../../uboot/ubootSession.ts'
import type { WorkConsole } from '../../uboot/workConsole.ts'
import { runPhase } from '../phase.ts'
import { bringUp, bringUpLimitMs } from '../restore/bringUp.ts'
import { setNetwork } from '../restore/cameraPhases.ts'
import type { DumpBench, DumpContext, DumpFile, DumpOutput, UploadDesk } from './dumpBench.ts'
import { runAgentDump } from './dumpByAgent.ts'
import { mdMs } from './dumpForecast.ts'
import { finishDump, type Keep, prepareDump } from './dumpFrame.ts'
import { type DumpRange, type DumpSlice, type Stretch, stretchesOf } from './dumpLayout.ts'
import type { DumpMedium } from './dumpMedium.ts'
import { minutes } from './dumpPlan.ts'
import { ipctoolHead, type Places, placesOf } from './keepDump.ts'
import { lookAround, restoreWarnings } from './lookAround.ts'
import { createMdReader, type MdReader } from './readByMd.ts'
import { readByTftp, sendLimitMs } from './readByTftp.ts'
import { crcsOf, maxStretchBytes, namesOf, type ProvedSlice, type ReadBench, type SliceCrcs } from './readStretch.ts'

export interface DumpOutcome {
  readonly verdict: 'dumped and verified'
}

/** Resolves only when everything was read, compared with the camera's own CRC, and lies under its name on the disk. */
export async function runDump(bench: DumpBench, context: DumpContext): Promise<DumpOutcome> {
  const { plan } = bench
  if (plan.way === 'agent') return runAgentDump(bench, context)
  const warn = (message: string): void => { context.tell({ type: 'noted', level: 'warning', message }) }
  const { console, output, uploads, keep } = await runPhase(context, { name: 'check', cancel: 'anytime', limitMs: 60_000, work: async (signal) => prepareDump(bench, context, signal) })
  context.cleanup.add('record the console', async () => { context.tell({ type: 'console-excerpt', text: console.tail() }) })
  const first = await runPhase(context, { name: 'u-boot', cancel: 'anytime', limitMs: bringUpLimitMs(bench), work: async (signal) => bringUp(bench, context, console, signal) })
  const uboot = bannerIn(console.tail())
  // Some builds do so when the environment was erased; nobody can stop them.
  if (console.tail().includes('Saving default environment')) warn('U-Boot found no environment and wrote its own before it could be stopped; the dump holds that one')
  let medium: DumpMedium | undefined
  const line = steadyLine(bench, context, console, first, async (session, signal) => medium?.select(session, signal))
  const { layout, facts } = await runPhase(context, {
    name: 'identify', cancel: 'anytime', limitMs: 120_000, work: async (signal) => lookAround({ bench, context, output, session: line.session, banner: uboot, onMedium: (found) => { medium = found } }, signal),
    note: (seen) => `${seen.facts.flash.name || 'flash'}, ${seen.facts.flash.lengthBytes / 1048576} MiB, ${seen.layout.ranges.length} parts by ${seen.layout.from}`,
  })
  if (!medium) throw new WorkbenchError('internal/bug', 'Nobody knows which flash is dumped')
  for (const warning of [...layout.warnings, ...restoreWarnings(layout, bench, facts.flash.kind)]) warn(warning)
  if (uploads) await runPhase(context, { name: 'network', cancel: 'anytime', limitMs: 60_000, work: async (signal) => setNetwork(line.session, uploads, signal) })
  const places = placesOf(plan.request.form, layout, (sha1Of) => ipctoolHead(bench, facts, layout, sha1Of))
  const totalBytes = layout.ranges.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
  const reader = createReader({ bench, context, output, uploads, line, medium, places, totalBytes, keep })
  const proved = await runPhase(context, {
    name: 'read', cancel: 'anytime', limitMs: 600_000 + 4 * sendLimitMs(totalBytes) + (plan.request.via === 'tftp' ? 0 : 4 * mdMs(totalBytes)),
    work: async (signal) => reader.readAll(layout.ranges, signal), note: () => reader.note(),
  })
  await finishDump({ bench, output, layout, places, facts, proved, warn }, keep, context, async (signal) => reset(console, signal))
  return { verdict: 'dumped and verified' }
}

interface Line {
  readonly session: UbootSession
  readonly reconnects: () => number
}

/** The line was lost, U-Boot perhaps was not; its RAM is not trusted after that. */
function steadyLine(bench: DumpBench, context: DumpContext, console: WorkConsole, first: UbootSession, select: (session: UbootSession, signal: AbortSignal) => Promise<void>): Line {
  let reconnects = 0
  const session = createSteadySession({
    first,
    reconnect: async (signal) => {
      reconnects += 1
      await console.attach(signal)
      const found = await enterUboot({ ...bench, console, limitMs: 60_000 }, signal)
      await select(found, signal)
      return found
    },
    onReconnected: (why) => { context.tell({ type: 'noted', level: 'warning', message: `${why.message}; connected again` }) },
  })
  return { session, reconnects: () => reconnects }
}

/** Asking with "version" would print a banner, and a banner in the middle of a job means that the camera has restarted. */
const bannerIn = (text: string): string | undefined => [...text.matchAll(/U-Boot \d{4}\.\d\d[^\r\n]{0,120}/g)].at(-1)?.[0].trim()

interface ReaderDeps {
  readonly bench: DumpBench
  readonly context: DumpContext
  readonly output: DumpOutput
  readonly uploads: UploadDesk | undefined
  readonly line: Line
  readonly medium: DumpMedium
  readonly places: Places
  readonly totalBytes: number
  readonly keep: Keep
}

interface Reader {
  readAll(ranges: readonly DumpRange[], signal: AbortSignal): Promise<ReadonlyMap<DumpRange, readonly ProvedSlice[]>>
  note(): string
}

function createReader({ bench, context, output, uploads, line, medium, places, totalBytes, keep }: ReaderDeps): Reader {
  let doneBytes = 0
  let way: 'tftp' | 'md' = uploads ? 'tftp' : 'md'
  const read: ReadBench = {
    context, session: line.session, reconnects: line.reconnects, loadAddress: bench.plan.loadAddress, newToken: bench.newToken,
    readFlash: async (range, signal) => medium.read(line.session, range, signal),
    progress: (step, stretchBytes) => { context.tell({ type: 'phase-progressed', phase: 'read', step, doneBytes: doneBytes + stretchBytes, totalBytes }) },
  }
  const fileOfSlice = async ({ range }: DumpSlice): Promise<DumpFile> => {
    const file = await output.file(places.fileName(range))
    const start = places.offsetInFile(range)
    return {
      read: async (at, lengthBytes, signal) => file.read(start + at, lengthBytes, signal),
      write: async (at, bytes, signal) => {
        await file.write(start + at, bytes, signal)
        // Only blocks that were printed are worth an hour of waiting; what came by TFTP is there again in seconds.
        if (way === 'md') keep.unfinished = true
      },
    }
  }
  const md: MdReader = createMdReader(read, fileOfSlice)
  /** False: this U-Boot or this network cannot; the reason was told. */
  const byTftp = async (desk: UploadDesk, stretch: Stretch, crcs: SliceCrcs, signal: AbortSignal): Promise<boolean> => {
    try {
      const bytes = await readByTftp(read, desk, stretch, crcs, signal)
      for (const slice of stretch.slices) {
        await (await fileOfSlice(slice)).write(slice.rangeOffsetBytes, bytes.subarray(slice.stretchOffsetBytes, slice.stretchOffsetBytes + slice.lengthBytes), signal)
      }
      return true
    } catch (error) {
      const isNoWay = error instanceof WorkbenchError && (error.code === 'device/unknown-command' || error.code === 'device/no-network')
      if (!isNoWay || bench.plan.request.via !== 'auto') throw error
      context.tell({ type: 'noted', level: 'warning', message: `${error.message}. The flash is printed over the console instead, which takes up to ${minutes(mdMs(totalBytes - doneBytes))}` })
      return false
    }
  }
  return {
    readAll: async (ranges, signal) => {
      const proved = new Map<DumpRange, ProvedSlice[]>()
      for (const stretch of stretchesOf(ranges, maxStretchBytes)) {
        read.progress(`reading ${namesOf(stretch)}`, 0)
        const crcs = await crcsOf(read, stretch, signal)
        if (way === 'tftp' && uploads && !await byTftp(uploads, stretch, crcs, signal)) way = 'md'
        if (way === 'md') await md.read(stretch, crcs, signal)
        for (const slice of stretch.slices) {
          const { rangeOffsetBytes, lengthBytes } = slice
          proved.set(slice.range, [...proved.get(slice.range) ?? [], { rangeOffsetBytes, lengthBytes, crc32: crcs.get(slice) ?? '' }])
        }
        doneBytes += stretch.lengthBytes
      }
      return proved
    },
    note: () => (way === 'tftp' ? 'by tftpput' : `by md.b: ${Math.round(md.count.printedBytes / 1024)} KiB printed, ${Math.round(md.count.provedBytes / 1024)} KiB known by their CRC, ${md.count.repeats} blocks again`),
  }
}

async function reset(console: WorkConsole, signal: AbortSignal): Promise<void> {
  await console.discardInput(signal)
  await console.write(new TextEncoder().encode('reset\r'), signal)
}
