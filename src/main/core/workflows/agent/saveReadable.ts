import type { SectorFinding } from '../../../protocols/agent/frame.ts'
import { crc32, hexCrc } from '../../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { ProvedRead } from '../../agent/agentClient.ts'
import type { FlashHealth } from '../../agent/flashDoctor.ts'
import type { DumpFile } from '../dump/dumpBench.ts'
import { runPhase } from '../phase.ts'
import type { RestoreContext } from '../restore/bench.ts'
import type { AgentBench } from './agentBench.ts'
import { readLimitMs } from './readToFile.ts'
import type { RunningAgent } from './startAgent.ts'

interface Run { readonly first: number; readonly count: number; readonly isUnstable: boolean }
interface Saved { readonly offsetBytes: number; readonly lengthBytes: number; readonly crc32: number }

/** Erased sectors are erased in the file, too. Zeros or one value throughout may be all that was ever there. */
const isWorthReading = (finding: SectorFinding): boolean => finding !== 'empty' && finding !== 'read-error' && finding !== 'bad-block'
/** The flash gave other bytes, or none; a line that fails is the end of all of it. */
const isOfTheFlash = (error: unknown): boolean => error instanceof WorkbenchError && (error.code === 'device/wrong-content' || error.code === 'device/refused')
const mostNamed = 8
/** Of a sector that reads differently each time: one of them may be what was written. */
const triesOfOne = 3

/**
 * What a sick flash still gives, each run of sectors proved by the CRC that the camera computed over it; the rest of the file is erased.
 * Nobody calls the file an image of the flash: what is missing is told.
 */
export async function saveReadable(bench: Pick<AgentBench, 'openOutput' | 'hashHex'>, context: RestoreContext, { client }: { readonly client: Pick<RunningAgent['client'], 'readFlash'> }, { sectorBytes, sectors }: FlashHealth, path: string): Promise<void> {
  const lengthBytes = sectors.length * sectorBytes
  const wanted = runsOf(sectors.map(({ finding }) => finding))
  const totalBytes = wanted.reduce((sum, { count }) => sum + count * sectorBytes, 0)
  const { output, file, saved, lost } = await runPhase(context, {
    name: 'read', cancel: 'anytime', limitMs: readLimitMs(totalBytes) * 2,
    work: async (signal) => {
      const opened = await bench.openOutput(path, signal)
      context.cleanup.add('close the file', async () => opened.close(false))
      const whole = await opened.file('')
      await erase(whole, lengthBytes, sectorBytes, signal)
      const kept: Saved[] = []
      const missing: number[] = sectors.flatMap(({ finding }, index) => (finding === 'read-error' || finding === 'bad-block' ? [index] : []))
      const queue = [...wanted]
      let doneBytes = 0
      // Halved until each sector that gives nothing stands alone: a run of n sectors is asked for less than 2n times.
      for (let run = queue.shift(); run; run = queue.shift()) {
        const [offsetBytes, runBytes] = [run.first * sectorBytes, run.count * sectorBytes]
        const read = await readOrNothing(client, offsetBytes, runBytes, run.count === 1 ? triesOfOne : 1, signal)
        if (!read && run.count > 1) {
          const half = Math.floor(run.count / 2)
          queue.unshift({ ...run, count: half }, { ...run, first: run.first + half, count: run.count - half })
          continue
        }
        if (read) {
          await whole.write(offsetBytes, read.bytes, signal)
          kept.push({ offsetBytes, lengthBytes: runBytes, crc32: read.crc32 })
        } else missing.push(run.first)
        doneBytes += runBytes
        context.tell({ type: 'phase-progressed', phase: 'read', step: 'saving what can be read', doneBytes, totalBytes })
      }
      return { output: opened, file: whole, saved: kept, lost: missing.sort((one, other) => one - other) }
    },
    note: ({ lost: missing }) => (missing.length === 0 ? 'every sector' : `without ${missing.length} of ${sectors.length} sectors`),
  })
  await runPhase(context, {
    name: 'keep', cancel: 'at-end', limitMs: 120_000,
    work: async (signal) => {
      const proved = []
      for (const each of saved) {
        const onDisk = await file.read(each.offsetBytes, each.lengthBytes, signal)
        if (onDisk.length !== each.lengthBytes || crc32(onDisk) !== each.crc32) {
          throw new WorkbenchError('host/io', `${path} reads back from the disk with other bytes`, { context: { path }, hint: 'The disk is failing, or another program wrote into the file' })
        }
        proved.push({ name: 'saved', ...each, crc32: hexCrc(each.crc32), sha256: bench.hashHex('sha256', onDisk), path: output.pathOf('') })
      }
      await output.publish([{ name: '', lengthBytes }], signal)
      for (const range of proved) context.tell({ type: 'range-dumped', range })
      if (lost.length > 0) context.tell({ type: 'noted', level: 'warning', message: lostWords(lost, sectorBytes) })
    },
  })
}

async function readOrNothing(client: Pick<RunningAgent['client'], 'readFlash'>, offsetBytes: number, lengthBytes: number, tries: number, signal: AbortSignal): Promise<ProvedRead | undefined> {
  for (let left = tries; left > 0; left -= 1) {
    try {
      return await client.readFlash(offsetBytes, lengthBytes, signal)
    } catch (error) {
      if (!isOfTheFlash(error)) throw error
    }
  }
  return undefined
}

/** Neighbours together; each unstable sector alone, because it would spoil the proof of all beside it. */
function runsOf(findings: readonly SectorFinding[]): Run[] {
  const runs: { first: number; count: number; isUnstable: boolean }[] = []
  for (const [index, finding] of findings.entries()) {
    const last = runs.at(-1)
    const isUnstable = finding === 'unstable'
    if (!isWorthReading(finding)) continue
    if (last && last.first + last.count === index && !isUnstable && !last.isUnstable) last.count += 1
    else runs.push({ first: index, count: 1, isUnstable })
  }
  return runs
}

async function erase(file: DumpFile, lengthBytes: number, sectorBytes: number, signal: AbortSignal): Promise<void> {
  const blank = new Uint8Array(sectorBytes).fill(0xff)
  for (let at = 0; at < lengthBytes; at += sectorBytes) await file.write(at, blank, signal)
}

function lostWords(lost: readonly number[], sectorBytes: number): string {
  const named = lost.slice(0, mostNamed).map((index) => `0x${(index * sectorBytes).toString(16).padStart(8, '0')}`).join(', ')
  const more = lost.length > mostNamed ? ` and ${lost.length - mostNamed} more` : ''
  return `The file is no image of this flash: ${lost.length === 1 ? 'one sector' : `${lost.length} sectors`} could not be read for certain and ${lost.length === 1 ? 'is' : 'are'} ff there (${named}${more})`
}
