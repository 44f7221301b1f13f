import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { MtdPart } from '../../../protocols/mtdparts/parser.ts'
import { fileSystemOf } from '../../../protocols/ubi/fileSystems.ts'
import { isUbiImage, parseUbi } from '../../../protocols/ubi/parser.ts'
import { hexText, roundUp, usualNandBlockBytes } from './layout.ts'
import type { ImagePart } from './rawInput.ts'

/** What one file of a whole chip holds, partition by partition; places of bad blocks in it are those of the chip that it was read from. */
export interface CutImage {
  readonly parts: readonly ImagePart[]
  readonly warnings: readonly string[]
}

/** Spare bytes beside each page, as parts of the page: 64 and 128 beside 2048, 224 and 256 beside 4096. */
const spareShares = [64 / 2048, 128 / 2048, 224 / 4096] as const

const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value))

/**
 * Cuts the image of a whole NAND by the camera's table. `table` neither overlaps nor leaves its erase blocks. What belongs to no partition,
 * lies half behind the image, or is neither raw nor UBI is refused: a guess would be written.
 */
export function cutWhole({ source, bytes }: ImagePart, table: readonly MtdPart[]): CutImage {
  checkShape(source, bytes)
  const warnings: string[] = []
  const parts: ImagePart[] = []
  let reached = 0
  for (const { index, name, offsetBytes, lengthBytes } of table.map((entry, index) => ({ ...entry, index })).sort((a, b) => a.offsetBytes - b.offsetBytes)) {
    checkNobodys(source, bytes, reached, offsetBytes)
    const endBytes = lengthBytes === undefined ? Math.max(bytes.length, offsetBytes) : offsetBytes + lengthBytes
    reached = endBytes
    if (offsetBytes >= bytes.length) {
      warnings.push(`${name} lies behind the end of the image and stays as it is`)
      continue
    }
    if (endBytes > bytes.length) {
      throw new WorkbenchError('input/conflict', `${source} ends at ${hexText(bytes.length)}, inside ${name}, which ends at ${hexText(endBytes)}`, {
        context: { partition: name, imageBytes: bytes.length, endBytes }, hint: 'The image is cut off, or the partition table is that of another camera',
      })
    }
    const contents = contentsOf(`${source}: ${name}`, bytes.subarray(offsetBytes, endBytes))
    if (contents.holes > 0) {
      warnings.push(`${name} has ${contents.holes} erased ${contents.holes === 1 ? 'block' : 'blocks'} before its end, written as it is in the image. If a block there was bad on the chip that was read, read the partition again with "nand read", which leaves bad blocks out`)
    }
    parts.push({ name: `mtd${index}`, source: `${source}: ${name}`, index, bytes: contents.bytes, partitionBytes: lengthBytes })
  }
  checkNobodys(source, bytes, reached, bytes.length)
  checkSameBlocks(parts)
  return { parts, warnings }
}

function checkShape(source: string, { length }: Uint8Array): void {
  if (!isPowerOfTwo(length) && spareShares.some((share) => isPowerOfTwo(Math.round(length / (1 + share))) && Number.isInteger(length / (1 + share)))) {
    throw new WorkbenchError('input/not-supported', `${source} has ${length} bytes: a chip's pages together with their spare bytes (OOB), which U-Boot writes by itself`, {
      context: { imageBytes: length }, hint: 'Read the chip without OOB: nanddump --omitoob, or "nand read" in U-Boot',
    })
  }
  if (length % usualNandBlockBytes === 0) return
  throw new WorkbenchError('input/malformed', `${source} has ${length} bytes and so ends inside an erase block of 128 KiB`, { context: { imageBytes: length }, hint: 'The image is cut off, or it is not one of a whole NAND; read it again' })
}

/** Data outside every partition would be lost in silence. */
function checkNobodys(source: string, bytes: Uint8Array, from: number, to: number): void {
  const end = Math.min(to, bytes.length)
  for (let at = from; at < end; at += usualNandBlockBytes) {
    if (isErased(bytes.subarray(at, Math.min(end, at + usualNandBlockBytes)))) continue
    throw new WorkbenchError('input/conflict', `${source} holds data at ${hexText(at)}, which belongs to no partition`, { context: { offsetBytes: at }, hint: 'Name that place in the partition table too; or this is the table of another camera' })
  }
}

/** UBI from its first block to its last, or raw bytes. `holes`: erased blocks in raw bytes with more behind them. */
function contentsOf(source: string, bytes: Uint8Array): { readonly bytes: Uint8Array; readonly holes: number } {
  const blocks = Array.from({ length: Math.ceil(bytes.length / usualNandBlockBytes) }, (_, index) => bytes.subarray(index * usualNandBlockBytes, (index + 1) * usualNandBlockBytes))
  const held = blocks.flatMap((block, index) => (isErased(block) ? [] : [index]))
  const [first = 0] = held
  const last = held.at(-1) ?? -1
  const ubi = blocks.findIndex(isUbiImage)
  if (ubi < 0) {
    if (fileSystemOf(bytes)?.kind === 'ubifs') throw mixed(source, 'a UBIFS without the UBI that it needs')
    return { bytes, holes: held.length === 0 ? 0 : last + 1 - held.length - first }
  }
  if (ubi > first) throw mixed(source, `other data before the UBI that begins at ${hexText(ubi * usualNandBlockBytes)} in it`)
  const whole = bytes.subarray(ubi * usualNandBlockBytes)
  const { eraseBytes } = parseUbi(whole, { name: source })
  // A lone header says nothing about the distance to the next one.
  if (blocks.filter(isUbiImage).length < 2 || !isPowerOfTwo(eraseBytes) || eraseBytes > 2 * 1024 * 1024 || bytes.length % eraseBytes !== 0) {
    throw new WorkbenchError('input/not-supported', `${source} holds UBI whose erase blocks cannot be told`, { context: { eraseBytes }, hint: 'Restore from a folder with one file for each partition' })
  }
  return { bytes: whole.subarray(0, roundUp((last + 1 - ubi) * usualNandBlockBytes, eraseBytes)), holes: 0 }
}

const mixed = (source: string, what: string): WorkbenchError =>
  new WorkbenchError('input/not-supported', `${source} holds ${what}`, { hint: 'A partition is raw or UBI and never both: check the partition table against the camera\'s own' })

function checkSameBlocks(parts: readonly ImagePart[]): void {
  const sizes = new Map(parts.filter(({ bytes }) => isUbiImage(bytes)).map(({ source, bytes }) => [parseUbi(bytes, { name: source }).eraseBytes, source]))
  const [first, second] = [...sizes]
  if (!first || !second) return
  throw new WorkbenchError('input/malformed', `${first[1]} has UBI blocks of ${first[0]} bytes and ${second[1]} of ${second[0]}: one chip has one size`, { hint: 'The image was put together from several chips, or is damaged' })
}

export function isErased(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0xff) return false
  return true
}

/** The smallest page there is: enough to prove that a partition is erased. */
const pageBytes = 2048

/**
 * Without the erased blocks at its end: its partition is erased to the end anyway, and a bad block needs the room. Of what is erased
 * throughout a little is left, because something has to be read back.
 */
export function withoutErasedEnd(bytes: Uint8Array, blockBytes = usualNandBlockBytes, leastBytes = pageBytes): Uint8Array {
  let end = roundUp(bytes.length, blockBytes)
  while (end > 0 && isErased(bytes.subarray(end - blockBytes, end))) end -= blockBytes
  return bytes.subarray(0, Math.max(end, leastBytes))
}
