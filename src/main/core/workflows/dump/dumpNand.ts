import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { UbootSession } from '../../uboot/ubootSession.ts'
import { hexText } from '../restore/layout.ts'
import { type NandFacts, spanOf } from '../restore/nandMap.ts'
import { badBlocks, nandGeometry, nandMove, tellPartitions } from '../restore/nandQuestions.ts'
import { poison } from '../restore/poisoned.ts'
import type { DumpLayout, DumpRange } from './dumpLayout.ts'
import type { DumpMedium, DumpMediumBench } from './dumpMedium.ts'
import { maxStretchBytes } from './readStretch.ts'

/** NAND by `nand read`, which corrects bits, leaves spare bytes away and skips bad blocks. UBI is read as it lies there. */
export function createNandDump({ loadAddress, newPoison }: DumpMediumBench): DumpMedium {
  let facts: NandFacts | undefined
  const known = (): NandFacts => {
    if (!facts) throw new WorkbenchError('internal/bug', 'The NAND was not probed')
    return facts
  }
  return {
    kind: 'nand',
    probe: async (session, signal) => {
      const told = await nandGeometry(session, signal)
      if (maxStretchBytes % told.blockBytes !== 0) throw new WorkbenchError('input/not-supported', `This NAND has erase blocks of ${told.blockBytes} bytes, which divide no stretch of reading`, { context: { blockBytes: told.blockBytes } })
      const geometry = { ...told, flashBytes: told.flashBytes > 0 ? told.flashBytes : await sizeByTable(session, signal) }
      facts = { geometry, table: undefined, bad: await badBlocks(session, signal) }
      return { chipName: 'NAND', flashBytes: geometry.flashBytes, eraseBlockBytes: geometry.blockBytes }
    },
    select: async (session, signal) => { await nandGeometry(session, signal) },
    layOut: (layout, form) => onGoodBlocks(layout, known(), form),
    facts: () => {
      const { geometry: { pageBytes, blockBytes }, bad } = known()
      return { kind: 'nand', pageBytes, blockBytes, badBlocks: sorted(bad) }
    },
    read: async (session, { offsetBytes, lengthBytes }, signal) => {
      const { geometry: { blockBytes }, bad } = known()
      const first = placeOf(offsetBytes, blockBytes, bad)
      const last = placeOf(offsetBytes + lengthBytes - blockBytes, blockBytes, bad)
      await poison(session, { address: loadAddress, lengthBytes, newPoison }, signal)
      const { skipped } = await nandMove(session, 'read', loadAddress, { offsetBytes: first, lengthBytes }, signal)
      const expected = sorted(bad).filter((at) => at > first && at < last).length
      // Another number, and the end of what was read belongs to the next partition.
      if (skipped !== expected) throw otherBlocks(first, expected, skipped)
    },
  }
}

const sorted = (bad: ReadonlySet<number>): number[] => [...bad].sort((a, b) => a - b)

const otherBlocks = (offsetBytes: number, expected: number, skipped: number): WorkbenchError =>
  new WorkbenchError('link/garbled', `Reading from ${hexText(offsetBytes)} left ${skipped} bad blocks out, and ${expected} are known there`, {
    context: { offsetBytes, expected, skipped }, hint: 'A block has gone bad meanwhile, or the console loses lines; dump again',
  })

/** Where the data lies that begins so many bytes of good blocks from the start of the chip. */
export function placeOf(goodOffsetBytes: number, blockBytes: number, bad: ReadonlySet<number>): number {
  let place = goodOffsetBytes
  for (const at of sorted(bad)) if (at <= place) place += blockBytes
  return place
}

/** Few builds tell the size of a NAND; a partition over all of it, in U-Boot's RAM only, does. 0 without `mtdparts`. */
async function sizeByTable(session: UbootSession, signal: AbortSignal): Promise<number> {
  const table = await tellPartitions(session, { ids: 'nand0=rbnand', parts: 'mtdparts=rbnand:-(whole)' }, signal)
  const [row] = table ?? []
  return row?.name === 'whole' && row.offsetBytes === 0 ? row.lengthBytes : 0
}

/** Each partition without its bad blocks. A dump that could not be put back into its place is refused. */
export function onGoodBlocks(layout: DumpLayout, facts: NandFacts, form: 'folder' | 'image' | 'ipctool'): DumpLayout {
  const { geometry: { blockBytes }, bad } = facts
  if (form === 'ipctool') throw noBackup()
  if (form === 'image' && bad.size > 0) {
    throw new WorkbenchError('input/not-supported', `This NAND has ${bad.size} bad ${bad.size === 1 ? 'block' : 'blocks'}: in one image everything behind them would lose its place`, {
      context: { badBlocks: bad.size }, hint: 'Use --form folder, where each partition keeps its own place',
    })
  }
  if (form !== 'image' && layout.from === 'whole flash') {
    throw new WorkbenchError('input/conflict', 'Where the partitions of this NAND begin and end is not known, and bad blocks move what lies behind them', {
      hint: 'Give the camera\'s own table with --mtdparts, as on its kernel\'s command line',
    })
  }
  const warnings = [...layout.warnings]
  const ranges = layout.ranges.flatMap((range): readonly DumpRange[] => {
    const span = spanOf(range, facts)
    const own = sorted(bad).filter((at) => at >= span.offsetBytes && at < span.offsetBytes + span.lengthBytes)
    const before = sorted(bad).filter((at) => at < span.offsetBytes).length
    const lengthBytes = span.lengthBytes - own.length * blockBytes
    if (own.length > 0) warnings.push(`${range.name} has ${own.length} bad ${own.length === 1 ? 'block' : 'blocks'}, at ${own.slice(0, 8).map(hexText).join(', ')}${own.length > 8 ? ', …' : ''}: its file is that much shorter than the partition`)
    return lengthBytes === 0 ? [] : [{ ...range, lengthBytes, nand: { badBlocks: own, goodOffsetBytes: span.offsetBytes - before * blockBytes } }]
  })
  return { ...layout, ranges, warnings }
}

/** Such a backup holds the contents of UBI's volumes, and a dump the blocks under them. */
export const noBackup = (): WorkbenchError => new WorkbenchError('input/not-supported', 'An ipctool backup of NAND or eMMC is not made: of UBI it would hold the volumes, and a dump reads the blocks under them', {
  hint: 'Use --form folder: a restore of it takes UBI apart by itself',
})
