/**
 * What U-Boot's commands for NAND, UBI and eMMC print: the vendor tree's 2016.11 and mainline from 2023.01. As everywhere, only a
 * positive statement with its numbers counts.
 */

/** One of these and nothing was done, or nobody knows what: some of them come with a return code of 0, or with "OK" behind them. */
const complaint = /^.*(?:MTD Erase failure|NAND write to offset|\bnot enough PEBs|No space left in UBI|UBI init error|size > volume size|Volume \S+ not found|Incorrect type|read from corrupted volume|Couldnt or partially|update was not initiated|^Error[ ,:(]|Cannot start volume|exit not allowed|attempt (?:erase|write)|[Ee]xceeds partition or device limit|outside the flash|No MMC device|no mmc device|MMC: block number|Card did not respond|Partition \S+ not found|No such device|no devices available|write protected).*$/m

/** The line that says what went wrong. */
export const complaintIn = (output: string): string | undefined => complaint.exec(output)?.[0].trim()

/**
 * A negative return code makes hush leave the rest of the line, the end mark included; a UBI that is full does so. Waiting for the mark
 * is pointless then.
 */
export const ubiIsHopeless = /exit not allowed from main input shell/

export interface NandGeometry {
  readonly blockBytes: number
  readonly pageBytes: number
  /** 0 where the build does not tell. */
  readonly flashBytes: number
  /** The least that is written at once, which is where UBI puts its second header. Absent where the build does not tell. */
  readonly subPageBytes?: number
}

/** `nand info`. Its size is told by few builds (`Chip:128MB`). */
export function parseNandInfo(output: string): NandGeometry | undefined {
  const sector = /Device 0: .*sector size (\d{1,6}) KiB/.exec(output)
  const page = /Page size +(\d{1,6}) b/.exec(output)
  const erase = /Erase size +(\d{1,8}) b/.exec(output)
  if (!sector || !page) return undefined
  const blockBytes = Number(sector[1]) * 1024
  const pageBytes = Number(page[1])
  // The block size is told twice; both must agree.
  if (erase && Number(erase[1]) !== blockBytes) return undefined
  if (pageBytes === 0 || blockBytes === 0 || blockBytes % pageBytes !== 0) return undefined
  const chip = /Chip: ?(\d{1,5}) ?MB/.exec(output)
  const subPage = Number(/^\s*subpagesize +(\d{1,6}) b\s*$/m.exec(output)?.[1] ?? 0)
  return { blockBytes, pageBytes, flashBytes: Number(chip?.[1] ?? 0) * 1024 * 1024, ...(subPage > 0 && pageBytes % subPage === 0 ? { subPageBytes: subPage } : {}) }
}

/** `nand bad`: offsets of the blocks. `undefined` without its head line: an empty answer is no statement. */
export function parseBadBlocks(output: string): readonly number[] | undefined {
  const lines = output.split('\n')
  const head = lines.findIndex((line) => /^Device 0 bad blocks:/.test(line.trim()))
  if (head < 0) return undefined
  const offsets: number[] = []
  for (const line of lines.slice(head + 1)) {
    if (line.trim() === '') continue
    const found = /^\s*(?:0x)?([0-9a-f]{8,16})(?:\s+\(?bbt reserved\)?)?\s*$/i.exec(line)
    // A garbled line could hide a block.
    if (!found) return undefined
    offsets.push(parseInt(found[1] ?? '', 16))
  }
  return offsets
}

export interface NandDone {
  readonly offsetBytes: number
  readonly lengthBytes: number
  /** Bad blocks that were left out, as U-Boot told them. */
  readonly skipped: number
}

const countSkipped = (output: string): number => output.match(/^[ \t]*Skip(?:ping)? bad block +(?:at +)?0x[0-9a-f]+/gim)?.length ?? 0

function parseHead(output: string, verb: 'erase' | 'read' | 'write'): { readonly offsetBytes: number; readonly lengthBytes: number } | undefined {
  const head = new RegExp(`NAND ${verb}: device 0 offset (0x[0-9a-f]{1,16}), size (0x[0-9a-f]{1,16})`, 'i').exec(output)
  return head ? { offsetBytes: Number(head[1]), lengthBytes: Number(head[2]) } : undefined
}

/** `nand erase`. A block that could not be erased is told on a line of its own, with OK at the end all the same. */
export function parseNandErased(output: string): NandDone | undefined {
  const head = parseHead(output, 'erase')
  if (!head || complaintIn(output) !== undefined || !/^OK$/m.test(output)) return undefined
  return { ...head, skipped: countSkipped(output) }
}

/** `nand read` and `nand write`: offset and length are told before, the length again with OK after. */
export function parseNandMoved(output: string, verb: 'read' | 'write'): NandDone | undefined {
  const head = parseHead(output, verb)
  const done = new RegExp(`^ *(\\d{1,12}) bytes ${verb === 'read' ? 'read' : 'written'}: OK$`, 'm').exec(output)
  if (!head || !done || Number(done[1]) !== head.lengthBytes || complaintIn(output) !== undefined) return undefined
  return { ...head, skipped: countSkipped(output) }
}

export interface MtdRow {
  readonly name: string
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/** The table that `mtdparts` prints of its NAND: there the partition that takes the rest has its size. */
export function parseMtdTable(output: string): readonly MtdRow[] | undefined {
  const start = output.search(/^device nand0 </m)
  if (start < 0) return undefined
  const rows: MtdRow[] = []
  const [head = '', ...lines] = output.slice(start).split('\n')
  for (const line of lines) {
    const row = /^\s*(\d{1,3}): (\S{1,64})\s*(0x[0-9a-f]{8,16})\s+(0x[0-9a-f]{8,16})\s+\d+\s*$/i.exec(line)
    if (row) rows.push({ name: row[2] ?? '', lengthBytes: Number(row[3]), offsetBytes: Number(row[4]) })
    else if (/^device /.test(line) || (rows.length > 0 && /^\s*\d+:/.test(line))) break
  }
  const promised = Number(/# parts = (\d+)/.exec(head)?.[1] ?? -1)
  return rows.length === promised && rows.length > 0 ? rows : undefined
}

export interface UbiListed {
  readonly id: number
  readonly name: string
  readonly lebBytes: number
  readonly reservedBlocks: number
}

/** `ubi info l`: the volumes that there are, and UBI's own. Absent: no UBI is selected. */
export function parseUbiVolumes(output: string): readonly UbiListed[] | undefined {
  const listed = output.split(/^.*Volume information dump:.*$/m).slice(1).map((text): UbiListed | undefined => {
    const number = (key: string): number | undefined => {
      const found = new RegExp(`^[ \\t]*${key}[ \\t]+(\\d{1,10})[ \\t]*$`, 'm').exec(text)
      return found ? Number(found[1]) : undefined
    }
    const [id, lebBytes, reservedBlocks] = [number('vol_id'), number('usable_leb_size'), number('reserved_pebs')]
    const name = /^[ \t]*name +(.{1,127})$/m.exec(text)?.[1]?.trim()
    return id === undefined || lebBytes === undefined || reservedBlocks === undefined || name === undefined ? undefined : { id, name, lebBytes, reservedBlocks }
  })
  const whole = listed.flatMap((each) => (each ? [each] : []))
  return whole.length > 0 && whole.length === listed.length ? whole : undefined
}

/** `ubi write`: length and volume. */
export function parseUbiWritten(output: string): { readonly lengthBytes: number; readonly volume: string } | undefined {
  const line = /^(\d{1,12}) bytes written to volume (\S{1,127})$/m.exec(output)
  return line && complaintIn(output) === undefined ? { lengthBytes: Number(line[1]), volume: line[2] ?? '' } : undefined
}

/** `ubi read`. Without a length it would read the whole volume and say so. */
export function parseUbiRead(output: string): { readonly lengthBytes: number; readonly volume: string } | undefined {
  const line = /^Read (\d{1,12}) bytes from volume (\S{1,127}) to /m.exec(output)
  if (!line || complaintIn(output) !== undefined || /No size specified/.test(output)) return undefined
  return { lengthBytes: Number(line[1]), volume: line[2] ?? '' }
}

/** `mmc dev 0`: the user area of the first device, and no boot partition of it. */
export const isMmcSelected = (output: string): boolean => /^mmc0(?:\(part 0\))? is current device$/m.test(output) && complaintIn(output) === undefined

const unitBytes: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1048576, GiB: 1073741824 }

/** `mmc info`: mainline tells one decimal place, and the result is the largest size that is printed so; some vendor builds tell bytes, or nothing (0). */
export function parseMmcInfo(output: string): { readonly flashBytes: number; readonly name: string } | undefined {
  const size = /^Capacity: (\d{1,6})(?:\.(\d))? (KiB|MiB|GiB)$/m.exec(output)
  const exact = /^Capacity: (\d{6,14})$/m.exec(output)
  const block = /^Rd Block Len: (\d+)$/m.exec(output)
  if (Number(block?.[1]) !== 512) return undefined
  const name = /^Name: ?(\S{1,20})/m.exec(output)?.[1] ?? ''
  if (!size) return { flashBytes: Number(exact?.[1] ?? 0), name }
  const unit = unitBytes[size[3] ?? ''] ?? 0
  const shown = Number(`${size[1] ?? ''}.${size[2] ?? '0'}`)
  return { flashBytes: Math.floor((shown + 0.05) * unit), name }
}

/** `mmc read` and `mmc write`: block and count before, the count again after. */
export function parseMmcMoved(output: string, verb: 'read' | 'write'): { readonly block: number; readonly count: number } | undefined {
  const head = /MMC (read|write): dev # 0, block # (\d{1,12}), count (\d{1,12}) \.\.\. (\d{1,12}) blocks (read|written): OK/.exec(output)
  if (head?.[1] !== verb || head[3] !== head[4] || head[5] !== (verb === 'read' ? 'read' : 'written') || complaintIn(output) !== undefined) return undefined
  return { block: Number(head[2]), count: Number(head[3]) }
}
