import { type ImageBytes, isStored, readBytes } from '../../../../shared/bytes/storedBytes.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { PlannedMedium } from '../../../../shared/restore/restore.schema.ts'
import { parseMtdparts } from '../../../protocols/mtdparts/parser.ts'
import type { ImagePart, RestoreInput } from './rawInput.ts'

/** Every NOR chip of these cameras is erased in 64 KiB blocks. */
export const eraseBlockBytes = 0x10000
/** The largest chip a camera of this family carries; nothing is planned past it. */
const largestFlashBytes = 32 * 1024 * 1024

/** The usual block of NAND; the chip's own is asked before anything is written. */
export const usualNandBlockBytes = 0x20000

export interface FlashRules {
  /** Nothing smaller is written or erased. */
  readonly blockBytes: number
  readonly largestBytes: number
}

const norRules: FlashRules = { blockBytes: eraseBlockBytes, largestBytes: largestFlashBytes }
export const emmcRules: FlashRules = { blockBytes: 512, largestBytes: 256 * 1024 * 1024 * 1024 }

/** An image with its place in flash. */
export interface PlacedPart<Bytes extends ImageBytes = Uint8Array> {
  readonly name: string
  readonly source: string
  readonly offsetBytes: number
  readonly bytes: Bytes
  readonly eraseBytes: number
  readonly isBoot: boolean
  /** Absent: NOR. */
  readonly medium?: PlannedMedium
}

export const hexText = (value: number): string => `0x${value.toString(16)}`
export const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step

/**
 * Offsets come from mtdparts, from the backup's own table, or else are the sums of the lengths before. Refuses what overlaps, is not
 * on an erase block, or does not fit. In flash order.
 */
export function placeParts<Bytes extends ImageBytes>(input: RestoreInput<Bytes>, mtdparts: string | undefined, { blockBytes, largestBytes }: FlashRules = norRules): readonly PlacedPart<Bytes>[] {
  const offsets = mtdparts === undefined ? sumOffsets(input.parts) : offsetsFrom(mtdparts, input.parts)
  const placed = input.parts.map((part, position): PlacedPart<Bytes> => {
    const offsetBytes = offsets[position] ?? 0
    if (offsetBytes % blockBytes !== 0) {
      throw new WorkbenchError('input/conflict', `${part.name} would begin at ${hexText(offsetBytes)}, inside ${blockBytes === eraseBlockBytes ? 'an erase block of 64 KiB' : `a block of ${blockBytes} bytes`}`, {
        context: { partition: part.name, offsetBytes },
        hint: 'A partition before it has been trimmed. Give the real layout with --mtdparts',
      })
    }
    return { name: part.name, source: part.source, offsetBytes, bytes: part.bytes, eraseBytes: roundUp(part.bytes.length, blockBytes), isBoot: offsetBytes === 0 }
  })
  placed.sort((a, b) => a.offsetBytes - b.offsetBytes)
  placed.forEach((part, position) => {
    const next = placed[position + 1]
    const end = part.offsetBytes + part.eraseBytes
    if (next && end > next.offsetBytes) {
      throw new WorkbenchError('input/conflict', `Erasing ${part.name} (${hexText(part.offsetBytes)} to ${hexText(end)}) would reach into ${next.name} at ${hexText(next.offsetBytes)}`, {
        context: { partition: part.name, next: next.name }, hint: 'Check the sizes of the files against the camera\'s partition table',
      })
    }
    if (end > largestBytes) {
      throw new WorkbenchError('input/too-large', `${part.name} would end at ${hexText(end)}; no supported flash is larger than ${largestBytes / 1048576} MiB`, {
        context: { partition: part.name, end }, hint: 'If it is for NAND or eMMC, say so with --flash-type',
      })
    }
  })
  return placed
}

function sumOffsets(parts: readonly ImagePart<ImageBytes>[]): readonly number[] {
  let at = 0
  return parts.map((part) => {
    const offset = at
    at += part.partitionBytes ?? part.bytes.length
    return offset
  })
}

function offsetsFrom(mtdparts: string, parts: readonly ImagePart<ImageBytes>[]): readonly number[] {
  const table = parseMtdparts(mtdparts)
  return parts.map((part) => {
    if (part.name === 'flash') return 0
    const entry = table[part.index]
    if (!entry) throw new WorkbenchError('input/conflict', `mtdparts has ${table.length} partitions, so there is no place for ${part.name}`)
    if (entry.lengthBytes !== undefined && part.bytes.length > entry.lengthBytes) {
      throw new WorkbenchError('input/too-large', `${part.name} has ${part.bytes.length} bytes and ${entry.name} only ${entry.lengthBytes}`, {
        context: { partition: part.name, imageBytes: part.bytes.length, partitionBytes: entry.lengthBytes },
      })
    }
    return entry.offsetBytes
  })
}

export function checkFits(end: { readonly name: string; readonly endBytes: number }, flashBytes: number): void {
  if (end.endBytes <= flashBytes) return
  throw new WorkbenchError('input/too-large', `${end.name} ends at ${hexText(end.endBytes)}, past the ${flashBytes / 1048576} MiB of this camera's flash`, {
    context: { partition: end.name, endBytes: end.endBytes, flashBytes }, hint: 'This image was made for a camera with a larger flash',
  })
}

/**
 * Pieces that fit what carries them (a pod's memory, the camera's RAM), cut at erase blocks. A cut partition becomes `mtd3.0`, `mtd3.1`.
 * An image of the whole flash is cut behind the boot area as well, so that boot can be written last.
 */
export function cutToFit(parts: readonly PlacedPart[], maxBytes: number): readonly PlacedPart[]
export function cutToFit(parts: readonly PlacedPart<ImageBytes>[], maxBytes: number): readonly PlacedPart<ImageBytes>[]
export function cutToFit(parts: readonly PlacedPart<ImageBytes>[], maxBytes: number): readonly PlacedPart<ImageBytes>[] {
  const limit = Math.max(eraseBlockBytes, maxBytes - (maxBytes % eraseBlockBytes))
  return parts.flatMap((part) => {
    const cuts = cutsOf(part, limit)
    if (cuts.length === 1) return [part]
    return cuts.map(([from, to], index): PlacedPart<ImageBytes> => ({
      name: `${part.name}.${index}`, source: part.source, offsetBytes: part.offsetBytes + from, bytes: part.bytes.subarray(from, to),
      eraseBytes: roundUp(to - from, eraseBlockBytes), isBoot: part.offsetBytes + from === 0,
    }))
  })
}

/** Where U-Boot lies in every layout of these cameras: the first 256 KiB. */
const bootAreaBytes = 0x40000

function cutsOf(part: PlacedPart<ImageBytes>, limit: number): readonly (readonly [number, number])[] {
  const cuts: (readonly [number, number])[] = []
  const wholeFlash = part.isBoot && part.bytes.length > 4 * bootAreaBytes
  let from = 0
  while (from < part.bytes.length) {
    const step = wholeFlash && from === 0 ? Math.min(bootAreaBytes, limit) : limit
    const to = Math.min(part.bytes.length, from + step)
    cuts.push([from, to])
    from = to
  }
  return cuts
}

/**
 * Boot goes last: until then a failed restore can be repeated with the old U-Boot, and nothing it saves by itself can overwrite ours.
 * The others go by size, largest first: when the upload over WiFi ends, only the small ones are still to be fetched and written.
 */
export const writingOrder = <Bytes extends ImageBytes>(parts: readonly PlacedPart<Bytes>[]): readonly PlacedPart<Bytes>[] => [
  ...parts.filter((part) => !part.isBoot).sort((a, b) => b.bytes.length - a.bytes.length || a.offsetBytes - b.offsetBytes),
  ...parts.filter((part) => part.isBoot),
]

export interface Load<Bytes extends ImageBytes = ImageBytes> {
  readonly name: string
  readonly parts: readonly PlacedPart<Bytes>[]
  readonly lengthBytes: number
}

/** The same with every byte of it in memory. */
export type HeldLoad = Load<Uint8Array>

const isHeld = (load: Load): load is HeldLoad => load.parts.every(({ bytes }) => !isStored(bytes))

export async function holdLoad(load: Load, signal: AbortSignal): Promise<HeldLoad> {
  if (isHeld(load)) return load
  const parts: PlacedPart[] = []
  for (const part of load.parts) parts.push({ ...part, bytes: await readBytes(part.bytes, signal) })
  return { ...load, parts }
}

/** Below this a partition rides with its neighbour: each fetch sets the camera's network link up again, which takes seconds. */
const smallBytes = 1024 * 1024

/** Files as they are staged, in writing order. Each part starts at a 64 KiB step inside its load. */
export function groupLoads<Bytes extends ImageBytes>(parts: readonly PlacedPart<Bytes>[], maxBytes: number, tag: string): readonly Load<Bytes>[] {
  const groups: PlacedPart<Bytes>[][] = []
  const sizeOf = (group: readonly PlacedPart<Bytes>[]): number => group.reduce((sum, part) => roundUp(sum, eraseBlockBytes) + part.bytes.length, 0)
  for (const part of parts) {
    const last = groups.at(-1)
    const joins = last !== undefined && sizeOf([...last, part]) <= maxBytes
      && (part.bytes.length < smallBytes || last.every((each) => each.bytes.length < smallBytes))
    if (joins) last.push(part)
    else groups.push([part])
  }
  return groups.map((group, index) => ({ name: `rb-${tag}-${index}`, parts: group, lengthBytes: sizeOf(group) }))
}

/** Offsets of the parts inside their load, in order. */
export function offsetsInLoad(load: Load): readonly number[] {
  let at = 0
  return load.parts.map((part) => {
    const offset = roundUp(at, eraseBlockBytes)
    at = offset + part.bytes.length
    return offset
  })
}

/** Gaps between parts are 0xff, as erased flash is. */
export function bytesOfLoad(load: HeldLoad): Uint8Array {
  const [only] = load.parts
  if (load.parts.length === 1 && only) return only.bytes
  const whole = new Uint8Array(load.lengthBytes).fill(0xff)
  offsetsInLoad(load).forEach((offset, index) => { whole.set(load.parts[index]?.bytes ?? new Uint8Array(), offset) })
  return whole
}
