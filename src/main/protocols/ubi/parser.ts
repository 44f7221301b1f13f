import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type HeldBlock, isIntact, type Note, type UbiProblem } from './blocks.ts'
import { findGeometry, sameImage } from './eraseSize.ts'
import { decodeEraseHeader, decodeTable, decodeVolumeHeader, fastmapVolumes, firstInternalVolume, layoutVolume, maxVolumes, type TableRecord, type VolumeHeader } from './frame.ts'
import { buildVolume, type UbiVolume } from './volumes.ts'

export interface UbiImage {
  readonly eraseBytes: number
  /** Contents of one physical block: erase size less the two headers. */
  readonly lebBytes: number
  readonly imageSequence: number
  readonly blocks: { readonly total: number; readonly used: number; readonly empty: number; readonly damaged: number }
  /** By id. Those of UBI itself are left out. */
  readonly volumes: readonly UbiVolume[]
  readonly problems: readonly UbiProblem[]
  /** True when `problems` was too long to be told whole. */
  readonly moreProblems: boolean
}

export interface UbiOptions {
  /** Of the flash chip. Found out from the image when absent. */
  readonly eraseBytes?: number
  /** Of the file, for messages. */
  readonly name?: string
}

const maxProblems = 200
/** 512 MiB in the smallest blocks that UBI is used with. */
const maxBlocks = 131_072
/** A place in a volume is below the number of blocks of the flash; an image can be smaller than its flash. */
const smallestFlashBlocks = 4096

/** `UBI#` at the start. */
export const isUbiImage = (bytes: Uint8Array): boolean => bytes[0] === 0x55 && bytes[1] === 0x42 && bytes[2] === 0x49 && bytes[3] === 0x23

interface Scan {
  /** For each volume the block that counts at each place. */
  readonly held: ReadonlyMap<number, ReadonlyMap<number, HeldBlock>>
  readonly blocks: UbiImage['blocks']
}

/**
 * Reads an image of a UBI device: a file made for flashing, or what was read from flash. Everything in the result is a view into
 * `bytes`. What is wrong inside is told in `problems`; only what is no UBI at all is `input/malformed`.
 */
export function parseUbi(bytes: Uint8Array, options: UbiOptions = {}): UbiImage {
  const found = findGeometry(bytes)
  const { header } = found ?? {}
  const eraseBytes = options.eraseBytes ?? found?.eraseBytes ?? 0
  if (!header || !Number.isSafeInteger(eraseBytes) || eraseBytes <= header.dataOffset) {
    throw new WorkbenchError('input/malformed', header ? `Blocks of ${eraseBytes} bytes are too small for the UBI image${options.name === undefined ? '' : ` ${options.name}`}` : `${options.name ?? 'This'} is no UBI image, or a damaged one: none of its erase blocks has an intact header`, {
      hint: 'A UBI image has "UBI#" and a header with its CRC at the start of each erase block: take another copy of it, or dump again',
    })
  }
  if (bytes.length / eraseBytes > maxBlocks) throw new WorkbenchError('input/too-large', `The UBI image has more than ${maxBlocks} blocks of ${eraseBytes} bytes`)
  const problems: UbiProblem[] = []
  let moreProblems = false
  const note: Note = (problem) => {
    if (problems.length < maxProblems) problems.push(problem)
    else moreProblems = true
  }
  const scan = scanBlocks(bytes, eraseBytes, header, note)
  const table = readTable(scan, note)
  const lebBytes = eraseBytes - header.dataOffset
  const volumes = volumeIds(scan, table).map((id) => buildVolume({ id, record: table?.find((each) => each.id === id), blocks: scan.held.get(id) ?? new Map(), lebBytes, note }))
  return { eraseBytes, lebBytes, imageSequence: header.imageSequence, blocks: scan.blocks, volumes, problems, moreProblems }
}

function scanBlocks(bytes: Uint8Array, eraseBytes: number, first: { readonly volumeHeaderOffset: number; readonly dataOffset: number; readonly imageSequence: number }, note: Note): Scan {
  const held = new Map<number, Map<number, HeldBlock>>()
  const total = Math.ceil(bytes.length / eraseBytes)
  const counts = { total, used: 0, empty: 0, damaged: 0 }
  const damaged = (blockIndex: number, message: string): void => {
    counts.damaged += 1
    note({ severity: 'error', blockIndex, message: `Block ${blockIndex} ${message}` })
  }
  for (let blockIndex = 0; blockIndex < total; blockIndex += 1) {
    const start = blockIndex * eraseBytes
    const erase = decodeEraseHeader(bytes, start)
    const header = decodeVolumeHeader(bytes, start + first.volumeHeaderOffset)
    if (header === 'empty') {
      // Only the wear count would be lost; there is nothing to read.
      if (erase === 'damaged') note({ severity: 'warning', blockIndex, message: `Block ${blockIndex} is empty and its wear count is lost` })
      counts.empty += 1
    } else if (header === 'damaged') damaged(blockIndex, 'has no readable volume header')
    else if (start + eraseBytes > bytes.length) damaged(blockIndex, `is cut off: ${bytes.length - start} of ${eraseBytes} bytes are there`)
    else if (typeof erase !== 'string' && !sameImage(first, erase)) damaged(blockIndex, 'belongs to another UBI image')
    else if (header.dataBytes > eraseBytes - first.dataOffset || header.dataPad >= eraseBytes - first.dataOffset || !isPossiblePlace(header, total)) damaged(blockIndex, 'has a volume header with impossible figures')
    else {
      if (typeof erase === 'string') note({ severity: 'warning', blockIndex, message: `Block ${blockIndex} has lost its wear count` })
      counts.used += 1
      keepNewer(held, { blockIndex, header, contents: bytes.subarray(start + first.dataOffset, start + eraseBytes) }, note)
    }
  }
  return { held, blocks: counts }
}

const isPossiblePlace = ({ volumeId, number }: VolumeHeader, total: number): boolean =>
  number < Math.max(total, smallestFlashBlocks) && (volumeId < maxVolumes || volumeId >= firstInternalVolume)

/** A copy that was under way when the power went has a higher number and half of the contents: only its CRC tells. */
function keepNewer(held: Map<number, Map<number, HeldBlock>>, block: HeldBlock, note: Note): void {
  const { volumeId, number } = block.header
  let places = held.get(volumeId)
  if (!places) held.set(volumeId, places = new Map())
  const other = places.get(number)
  if (!other) {
    places.set(number, block)
    return
  }
  if (other.header.sequence === block.header.sequence) {
    note({ severity: 'error', blockIndex: block.blockIndex, volumeId, message: `Blocks ${other.blockIndex} and ${block.blockIndex} are both piece ${number} of volume ${volumeId}, and neither is newer` })
    return
  }
  const [older, newer] = other.header.sequence < block.header.sequence ? [other, block] : [block, other]
  const isTorn = newer.header.isCopy && !isIntact(newer)
  if (isTorn) note({ severity: 'warning', blockIndex: newer.blockIndex, volumeId, message: `Block ${newer.blockIndex} is an unfinished copy of block ${older.blockIndex}, which counts instead` })
  places.set(number, isTorn ? older : newer)
}

function readTable(scan: Scan, note: Note): readonly TableRecord[] | undefined {
  const copies = scan.held.get(layoutVolume)
  const [first, second] = [0, 1].map((number) => {
    const block = copies?.get(number)
    return block && decodeTable(block.contents)
  })
  if (!first && !second) note({ severity: 'error', message: 'The volume table is missing or damaged in both copies, so names and kinds of the volumes are unknown' })
  else if (!first || !second) note({ severity: 'warning', message: `Copy ${first ? 2 : 1} of the volume table is missing or damaged; the other one counts` })
  return first ?? second
}

function volumeIds(scan: Scan, table: readonly TableRecord[] | undefined): readonly number[] {
  const known = new Set(table?.map(({ id }) => id))
  for (const id of scan.held.keys()) if (id !== layoutVolume && !fastmapVolumes.includes(id) && id < firstInternalVolume) known.add(id)
  return [...known].sort((a, b) => a - b)
}
