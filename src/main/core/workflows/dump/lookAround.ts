import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { FlashKind } from '../../../../shared/restore/restore.schema.ts'
import type { UbootSession } from '../../uboot/ubootSession.ts'
import { checkIdentity } from '../checkIdentity.ts'
import { identify, readVariable } from '../restore/cameraPhases.ts'
import { findFlash, probeAsPlanned } from '../restore/flashFound.ts'
import { flashNames } from '../restore/flashKind.ts'
import type { DumpBench, DumpContext, DumpOutput } from './dumpBench.ts'
import { deviceOf, type DumpLayout, findLayout } from './dumpLayout.ts'
import { createDumpMedium } from './dumpMedia.ts'
import type { DumpMedium } from './dumpMedium.ts'
import { noRoom } from './dumpPlan.ts'
import type { CameraFacts } from './keepDump.ts'

export interface Seen {
  readonly layout: DumpLayout
  readonly facts: CameraFacts
}

export interface Looking {
  readonly bench: DumpBench
  readonly context: DumpContext
  readonly output: DumpOutput
  readonly session: UbootSession
  /** As U-Boot has called itself when it started. */
  readonly banner: string | undefined
  readonly onMedium: (medium: DumpMedium) => void
}

/** Which camera, which flash, and what of it becomes which file. Nothing is read before this has passed. */
export async function lookAround({ bench, context, output, session, banner, onMedium }: Looking, signal: AbortSignal): Promise<Seen> {
  const { plan } = bench
  const { request } = plan
  const kind = request.flashType === 'auto' ? await findFlash(session, signal) : request.flashType
  const medium = createDumpMedium(kind, { loadAddress: plan.loadAddress, newPoison: bench.newPoison })
  onMedium(medium)
  // Before the probe: the size of a NAND is asked by way of its partition table.
  const [mtdparts, bootargs, ethaddr] = [await readVariable(session, 'mtdparts', signal), await readVariable(session, 'bootargs', signal), await readVariable(session, 'ethaddr', signal)]
  const probe = probeAsPlanned({ kind, reason: request.flashType === 'auto' ? 'found' : 'asked for', isAssumed: false }, medium.probe)
  // What the rack knows is the size of its NOR.
  const { flash } = await identify(session, { ...plan, flashBytes: kind === 'nor' ? plan.flashBytes : 0 }, context, signal, probe)
  await checkIdentity(bench.identity, session, { ...flash, kind }, context.tell, false, signal)
  const lengthBytes = flash.flashBytes > 0 ? flash.flashBytes : endOfTable(request.mtdparts, kind)
  const layout = medium.layOut(findLayout({ request, mtdparts, bootargs, flashBytes: lengthBytes, kind }), request.form)
  await checkRoom(plan.output.keptBytes, layout, output)
  return {
    layout,
    facts: {
      flash: { name: flash.chipName.slice(0, 64), lengthBytes, ...(flash.jedecId === undefined ? {} : { jedecId: flash.jedecId }), ...medium.facts() },
      ethaddr: ethaddr === '' ? undefined : ethaddr?.slice(0, 64), ubootVersion: (banner ?? await readVariable(session, 'ver', signal) ?? '').slice(0, 150),
    },
  }
}

/** A part is held in memory while it is compared with what the camera has said. */
const maxPartBytes = 1024 * 1024 * 1024

/** There is something to read, each part fits into memory, and all of them onto the disk. */
export async function checkRoom(keptBytes: number, { ranges }: DumpLayout, output: DumpOutput): Promise<void> {
  if (ranges.length === 0) throw new WorkbenchError('input/conflict', 'The partition table has no partition with bytes in it', { hint: 'Give another with --mtdparts, or take the whole flash with --form image' })
  const large = ranges.find(({ lengthBytes }) => lengthBytes > maxPartBytes)
  if (large) {
    throw new WorkbenchError('input/too-large', `${large.name} has ${Math.ceil(large.lengthBytes / 1048576)} MiB, and one file of a dump holds at most ${maxPartBytes / 1048576}`, {
      context: { partition: large.name, lengthBytes: large.lengthBytes }, hint: 'Give smaller partitions with --mtdparts',
    })
  }
  const neededBytes = ranges.reduce((sum, range) => sum + range.lengthBytes, 0)
  const freeBytes = await output.freeBytes()
  if (freeBytes + keptBytes < neededBytes) throw noRoom(neededBytes, freeBytes)
}

/** Said while it can still be cut otherwise. */
export function restoreWarnings({ ranges }: DumpLayout, { restorableBytes = Infinity, plan: { request } }: Pick<DumpBench, 'restorableBytes' | 'plan'>, kind: FlashKind | undefined): readonly string[] {
  // A card's is restored from the disk, piece by piece, as its record has the sums of all of it.
  if (kind === 'emmc' && request.form !== 'ipctool') return []
  const totalBytes = ranges.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
  if (totalBytes <= restorableBytes) return []
  return [`This dump has ${Math.ceil(totalBytes / 1048576)} MiB, and a restore on this computer takes ${Math.floor(restorableBytes / 1048576)} at once: restore it in pieces, as folders with some of its mtd files and --mtdparts, or on one with more memory`]
}

/** Where U-Boot does not tell how large the flash is, only a table without a rest says what there is to read. */
function endOfTable(mtdparts: string | undefined, kind: FlashKind): number {
  const parts = mtdparts === undefined ? [] : deviceOf(mtdparts, kind).parts
  const ends = parts.map(({ offsetBytes, lengthBytes }) => (lengthBytes === undefined ? Number.NaN : offsetBytes + lengthBytes))
  const end = Math.max(0, ...ends)
  if (end > 0) return end
  throw new WorkbenchError('input/conflict', `U-Boot does not tell how large this ${flashNames[kind]} is`, { hint: 'Give a partition table with --mtdparts in which every partition has its size' })
}
