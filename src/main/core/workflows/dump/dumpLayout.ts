import type { DumpRecord } from '../../../../shared/dump/dumpRecord.schema.ts'
import type { DumpRequest } from '../../../../shared/dump/dump.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { FlashKind } from '../../../../shared/restore/restore.schema.ts'
import { type MtdDevice, parseMtdDevices, parseMtdparts } from '../../../protocols/mtdparts/parser.ts'
import { printMtdDevices } from '../../../protocols/mtdparts/writer.ts'
import { flashNames, kindOfDevice } from '../restore/flashKind.ts'
import { hexText } from '../restore/layout.ts'

/** A part of the flash that becomes a file, or a block of one. `index` is its place in the partition table. */
export interface DumpRange {
  readonly index: number
  readonly name: string
  readonly offsetBytes: number
  /** Of the file. A partition of NAND is longer by its bad blocks. */
  readonly lengthBytes: number
  /** Of NAND: its bad blocks by their offsets, and where it begins when only good ones are counted. */
  readonly nand?: { readonly badBlocks: readonly number[]; readonly goodOffsetBytes: number }
}

export interface DumpLayout {
  readonly from: DumpRecord['layoutFrom']
  readonly mtdparts: string
  /** Of an image of the whole flash, which is one part: the camera's own table all the same. */
  readonly table?: { readonly from: DumpRecord['layoutFrom']; readonly mtdparts: string }
  /** In flash order, without overlaps. */
  readonly ranges: readonly DumpRange[]
  /** What a person should know of it. */
  readonly warnings: readonly string[]
}

/** What may say where the partitions are, best first. */
export interface LayoutSources {
  readonly request: Pick<DumpRequest, 'mtdparts' | 'form' | 'partition'>
  /** Of U-Boot's environment. */
  readonly mtdparts: string | undefined
  readonly bootargs: string | undefined
  readonly flashBytes: number
  /** Absent: NOR. */
  readonly kind?: FlashKind
}

/** A table that was given has to be right; one that the camera has and nobody can read only makes the dump coarser. */
export function findLayout(sources: LayoutSources): DumpLayout {
  const { request, flashBytes, kind = 'nor' } = sources
  const whole = (warnings: readonly string[]): DumpLayout => ({
    from: 'whole flash', mtdparts: `flash:${hexText(flashBytes)}(flash)`, warnings,
    ranges: [{ index: 0, name: 'flash', offsetBytes: 0, lengthBytes: flashBytes }],
  })
  if (request.form === 'image') {
    const { from, mtdparts } = findLayout({ ...sources, request: { ...request, form: 'folder' } })
    return { ...whole([]), ...(from === 'whole flash' ? {} : { table: { from, mtdparts } }) }
  }
  if (request.mtdparts !== undefined) return chosen(tableOf(request.mtdparts, 'request', flashBytes, kind), request.partition)
  const warnings: string[] = []
  for (const [from, text] of [['mtdparts', sources.mtdparts], ['bootargs', inBootargs(sources.bootargs, kind)]] as const) {
    // A reference that nobody has replaced is no table.
    if (text === undefined || text === '' || text.includes('$')) continue
    try {
      const table = tableOf(text, from, flashBytes, kind)
      return chosen({ ...table, warnings: [...warnings, ...table.warnings] }, request.partition)
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code === 'input/not-found') throw error
      warnings.push(`The camera's own ${from} cannot be used: ${error.message}`)
    }
  }
  return chosen(whole([...warnings, 'The camera knows no partition table: its flash is dumped as one part']), request.partition)
}

/** Kernels for eMMC call theirs `blkdevparts`; the grammar is the same. */
const inBootargs = (bootargs: string | undefined, kind: FlashKind): string | undefined =>
  (kind === 'emmc' ? /(?:^|\s)(?:blkdevparts|mtdparts)=(\S+)/ : /(?:^|\s)mtdparts=(\S+)/).exec(bootargs ?? '')?.[1]

/** The part of a table that is for this kind of flash. `input/conflict` when it is for another, or nobody can say. */
export function deviceOf(mtdparts: string, kind: FlashKind): MtdDevice {
  const devices = parseMtdDevices(mtdparts)
  const fitting = devices.filter(({ id }) => kindOfDevice(id) === kind)
  const [only] = devices.length === 1 ? devices : fitting.length === 1 ? fitting : []
  if (!only) return { id: '', parts: parseMtdparts(mtdparts) }
  const told = kindOfDevice(only.id)
  if (told === undefined || told === kind) return only
  throw new WorkbenchError('input/conflict', `The partition table is that of ${only.id}, which is ${flashNames[told]}, and the ${flashNames[kind]} is dumped`, {
    context: { table: told, dumped: kind }, hint: `Give the table of the ${flashNames[kind]} with --mtdparts, or another --flash-type`,
  })
}

function tableOf(mtdparts: string, from: DumpLayout['from'], flashBytes: number, kind: FlashKind): DumpLayout {
  const warnings: string[] = []
  const ranges: DumpRange[] = []
  const device = deviceOf(mtdparts, kind)
  device.parts.forEach(({ name, offsetBytes, lengthBytes = Math.max(0, flashBytes - offsetBytes) }, index) => {
    if (offsetBytes + lengthBytes > flashBytes) {
      throw new WorkbenchError('input/conflict', `${name} would end at ${hexText(offsetBytes + lengthBytes)}, past the ${flashBytes / 1048576} MiB of this flash`, {
        context: { partition: name, flashBytes }, hint: 'This partition table is for a larger chip; give the right one with --mtdparts',
      })
    }
    const twin = ranges.find((each) => offsetBytes < each.offsetBytes + each.lengthBytes && each.offsetBytes < offsetBytes + lengthBytes)
    if (lengthBytes === 0) warnings.push(`${name} has no bytes on this flash and gets no file`)
    else if (twin) warnings.push(`${name} lies over ${twin.name} and gets no file of its own`)
    else ranges.push({ index, name, offsetBytes, lengthBytes })
  })
  ranges.sort((a, b) => a.offsetBytes - b.offsetBytes)
  const isOnly = !mtdparts.includes(';')
  return { from, mtdparts: isOnly ? mtdparts.trim().replace(/^mtdparts=/, '') : printMtdDevices([device]), ranges, warnings: [...warnings, ...gapsIn(ranges, flashBytes)] }
}

function gapsIn(ranges: readonly DumpRange[], flashBytes: number): readonly string[] {
  const warnings: string[] = []
  let at = 0
  for (const next of [...ranges, { offsetBytes: flashBytes, lengthBytes: 0 }]) {
    if (next.offsetBytes > at) warnings.push(`${hexText(at)} to ${hexText(next.offsetBytes)} belongs to no partition and is not in this dump; --form image takes everything`)
    at = next.offsetBytes + next.lengthBytes
  }
  return warnings
}

function chosen(layout: DumpLayout, wanted: string | undefined): DumpLayout {
  if (wanted === undefined) return layout
  const range = layout.ranges.find(({ name }) => name === wanted) ?? layout.ranges.find(({ index }) => `mtd${index}` === wanted)
  if (range) return { ...layout, ranges: [range], warnings: layout.warnings.filter((warning) => !warning.includes('belongs to no partition')) }
  throw new WorkbenchError('input/not-found', `There is no partition "${wanted}" on this camera`, {
    context: { wanted }, hint: `There is ${layout.ranges.map(({ name, index }) => `${name} (mtd${index})`).join(', ')}`,
  })
}

/** A piece of a range inside a stretch. */
export interface DumpSlice {
  readonly range: DumpRange
  readonly rangeOffsetBytes: number
  readonly stretchOffsetBytes: number
  readonly lengthBytes: number
}

const startOf = ({ offsetBytes, nand }: DumpRange): number => nand?.goodOffsetBytes ?? offsetBytes

/** Neighbours that are read and sent together: each network command pays the link set-up again, which is seven seconds. */
export interface Stretch {
  /** Of NAND counted over good blocks only, as its reader skips the others. */
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly slices: readonly DumpSlice[]
}

export function stretchesOf(ranges: readonly DumpRange[], maxBytes: number): readonly Stretch[] {
  const stretches: { offsetBytes: number; lengthBytes: number; slices: DumpSlice[] }[] = []
  for (const range of ranges) {
    for (let at = 0; at < range.lengthBytes;) {
      const last = stretches.at(-1)
      const isNext = last !== undefined && last.offsetBytes + last.lengthBytes === startOf(range) + at && last.lengthBytes < maxBytes
      const into = isNext ? last : { offsetBytes: startOf(range) + at, lengthBytes: 0, slices: [] }
      if (!isNext) stretches.push(into)
      const lengthBytes = Math.min(range.lengthBytes - at, maxBytes - into.lengthBytes)
      into.slices.push({ range, rangeOffsetBytes: at, stretchOffsetBytes: into.lengthBytes, lengthBytes })
      into.lengthBytes += lengthBytes
      at += lengthBytes
    }
  }
  return stretches
}
