import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { MtdRow, NandGeometry } from '../../../protocols/uboot/nandAnswers.ts'
import type { PlannedMedium, PlannedPartition } from '../../../../shared/restore/restore.schema.ts'
import { hexText } from './layout.ts'

/** What the camera itself said about its NAND. */
export interface NandFacts {
  readonly geometry: NandGeometry
  /** Offsets. */
  readonly bad: ReadonlySet<number>
  /** Absent: a build without partitions. */
  readonly table: readonly MtdRow[] | undefined
}

export interface Span {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

type Partition = Extract<PlannedMedium, { kind: 'nand' }>['partition']

const conflict = (message: string, context: Record<string, string | number>): WorkbenchError =>
  new WorkbenchError('device/wrong-identity', message, { context, hint: 'Is this the camera you meant, and its own partition table?' })

/** The partition as U-Boot sees it, which has to be as it was planned. */
export function spanOf({ name, offsetBytes, lengthBytes }: Partition, { table, geometry }: NandFacts): Span {
  const row = table?.find((each) => each.name === name)
  if (table && (row?.offsetBytes !== offsetBytes || (lengthBytes !== undefined && row.lengthBytes !== lengthBytes))) {
    throw conflict(`U-Boot sees ${name} ${row ? `at ${hexText(row.offsetBytes)} with ${row.lengthBytes} bytes` : 'not at all'}; planned is ${hexText(offsetBytes)}${lengthBytes === undefined ? '' : ` with ${lengthBytes} bytes`}`, { partition: name })
  }
  const length = lengthBytes ?? row?.lengthBytes ?? (geometry.flashBytes > offsetBytes ? geometry.flashBytes - offsetBytes : undefined)
  if (length === undefined || length <= 0) throw conflict(`Nobody knows where ${name} ends: this U-Boot prints no partition table and no flash size`, { partition: name })
  if (offsetBytes % geometry.blockBytes !== 0 || length % geometry.blockBytes !== 0) {
    throw conflict(`${name} does not begin and end with an erase block of this NAND, which has ${geometry.blockBytes / 1024} KiB`, { partition: name, blockBytes: geometry.blockBytes })
  }
  return { offsetBytes, lengthBytes: length }
}

function goodBlocks({ offsetBytes, lengthBytes }: Span, { geometry: { blockBytes }, bad }: NandFacts): readonly number[] {
  const good: number[] = []
  for (let at = offsetBytes; at < offsetBytes + lengthBytes; at += blockBytes) if (!bad.has(at)) good.push(at)
  return good
}

/** UBI's own: two for the volume table, one for wear levelling, one for atomic changes. */
const ubiOwnBlocks = 4

const ubiHeaderBytes = 64

/** What UBI leaves of a block for data, when it finds the places of its two headers by itself. */
function ubiLebBytes({ blockBytes, pageBytes }: NandGeometry, subPageBytes: number): number {
  const secondHeader = Math.ceil(ubiHeaderBytes / subPageBytes) * subPageBytes
  return blockBytes - Math.ceil((secondHeader + ubiHeaderBytes) / pageBytes) * pageBytes
}

/** A page for each header, where U-Boot is told so; anything else is for the chip to say. */
export const hasPageForEach = ({ lebBytes, blockBytes }: { readonly lebBytes: number; readonly blockBytes: number }, { pageBytes }: NandGeometry): boolean => blockBytes - lebBytes === 2 * pageBytes

/** Before anything is erased: a volume for other logical blocks than UBI will make here could not be mounted. */
function checkLeb(name: string, medium: Extract<PlannedMedium, { kind: 'ubi' }>, geometry: NandGeometry): void {
  if (hasPageForEach(medium, geometry)) return
  const { lebBytes } = medium
  const made = geometry.subPageBytes === undefined ? undefined : ubiLebBytes(geometry, geometry.subPageBytes)
  if (made === lebBytes) return
  throw new WorkbenchError('device/wrong-identity', made === undefined
    ? `${name} was made for UBI blocks of ${lebBytes} bytes, and this U-Boot does not tell whether its NAND has them; nothing was erased`
    : `UBI has blocks of ${made} bytes on this NAND; ${name} was made for ${lebBytes}; nothing was erased`, {
    context: { partition: medium.partition.name, planned: lebBytes, ...(made === undefined ? {} : { found: made }) }, hint: 'The image was made for another NAND, or this U-Boot places UBI\'s headers elsewhere',
  })
}

/** Blocks for the volumes of one partition and for UBI itself. */
export const ubiBlocksOf = (volumes: readonly { readonly medium?: PlannedMedium | undefined; readonly lengthBytes?: number; readonly bytes?: Uint8Array }[]): number =>
  volumes.reduce((sum, { medium, lengthBytes, bytes }) => (medium?.kind === 'ubi' ? sum + Math.ceil(Math.max(lengthBytes ?? bytes?.length ?? 0, medium.volume.sizeBytes ?? 0) / medium.lebBytes) : sum), ubiOwnBlocks)

/** The volumes of each partition together, which `placeInPartition` sees one by one. */
export function checkVolumesTogether(partitions: readonly PlannedPartition[], facts: NandFacts): void {
  const spans = new Map(partitions.flatMap(({ medium }) => (medium?.kind === 'ubi' ? [[medium.partition.name, medium.partition] as const] : [])))
  for (const [name, partition] of spans) {
    const needed = ubiBlocksOf(partitions.filter(({ medium }) => medium?.kind === 'ubi' && medium.partition.name === name))
    const good = goodBlocks(spanOf(partition, facts), facts).length
    if (needed <= good) continue
    throw new WorkbenchError('input/too-large', `The volumes of ${name} need ${needed} good blocks and it has ${good}; nothing was erased`, {
      context: { partition: name, neededBlocks: needed, goodBlocks: good }, hint: 'They fit this flash only with smaller volumes or a larger partition',
    })
  }
}

/**
 * What is erased for a part, and where its data begins. Bad blocks are skipped, and what comes behind them moves on; but never out of
 * the partition: a part that does not fit its good blocks is refused.
 */
export function placeInPartition(planned: PlannedPartition, facts: NandFacts): { readonly erase: Span; readonly badBlocks: number } {
  const { medium, name } = planned
  if (medium === undefined || medium.kind === 'emmc') throw new WorkbenchError('internal/bug', `${name} was not planned for a NAND`)
  const span = spanOf(medium.partition, facts)
  const { blockBytes } = facts.geometry
  const good = goodBlocks(span, facts)
  const badBlocks = span.lengthBytes / blockBytes - good.length
  const refuse = (needed: number): WorkbenchError => new WorkbenchError('input/too-large', `${name} needs ${needed} good blocks and ${medium.partition.name} has ${good.length}: ${badBlocks} of its blocks are bad; nothing was erased`, {
    context: { partition: name, neededBlocks: needed, goodBlocks: good.length, badBlocks }, hint: 'The image fits this flash only with a larger partition, or without what fills it up',
  })
  if (medium.kind === 'ubi') {
    if (medium.blockBytes !== blockBytes) throw conflict(`${name} was made for blocks of ${medium.blockBytes / 1024} KiB and this NAND has ${blockBytes / 1024} KiB`, { partition: name })
    checkLeb(name, medium, facts.geometry)
    const filled = Math.ceil(Math.max(planned.lengthBytes, medium.volume.sizeBytes ?? 0) / medium.lebBytes)
    if (filled + ubiOwnBlocks > good.length) throw refuse(filled + ubiOwnBlocks)
    return { erase: span, badBlocks }
  }
  const first = medium.withinBytes / blockBytes
  const count = Math.ceil(planned.lengthBytes / blockBytes)
  const start = good[first]
  const last = good[first + count - 1]
  if (!Number.isInteger(first) || start === undefined || last === undefined) throw refuse(first + count)
  const endBytes = medium.endsPartition ? span.offsetBytes + span.lengthBytes : last + blockBytes
  return { erase: { offsetBytes: start, lengthBytes: endBytes - start }, badBlocks }
}

/** What lies behind a part in its partition, in pieces of at most `maxBytes` to be read by `nand`, which leaves bad blocks out. */
export function behindPart({ medium, lengthBytes, name }: PlannedPartition, facts: NandFacts, maxBytes: number): readonly Span[] {
  if (medium?.kind !== 'nand') throw new WorkbenchError('internal/bug', `${name} was not planned for raw NAND`)
  const { blockBytes } = facts.geometry
  const rest = goodBlocks(spanOf(medium.partition, facts), facts).slice(medium.withinBytes / blockBytes + Math.ceil(lengthBytes / blockBytes))
  const step = Math.max(1, Math.floor(maxBytes / blockBytes))
  return Array.from({ length: Math.ceil(rest.length / step) }, (_, index): Span => {
    const own = rest.slice(index * step, (index + 1) * step)
    return { offsetBytes: own[0] ?? 0, lengthBytes: own.length * blockBytes }
  })
}
