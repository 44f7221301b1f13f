import type { ImageBytes } from '../../../../shared/bytes/storedBytes.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { PlannedMedium } from '../../../../shared/restore/restore.schema.ts'
import { parseMtdDevices, type MtdPart } from '../../../protocols/mtdparts/parser.ts'
import { printMtdDevices } from '../../../protocols/mtdparts/writer.ts'
import { fileSystemOf } from '../../../protocols/ubi/fileSystems.ts'
import { parseUbi } from '../../../protocols/ubi/parser.ts'
import { type UbiVolume, volumeBytes } from '../../../protocols/ubi/volumes.ts'
import { ubiStart } from './flashKind.ts'
import { hexText, type PlacedPart, roundUp, usualNandBlockBytes } from './layout.ts'
import { ubiBlocksOf } from './nandMap.ts'
import { cutWhole, isErased, withoutErasedEnd } from './nandWhole.ts'
import type { ImagePart, RestoreInput } from './rawInput.ts'

const usualBlockBytes = usualNandBlockBytes
/** U-Boot's console line is 1024 bytes, and a setenv stands before it. */
const maxTableLength = 800
const maxNandBytes = 4 * 1024 * 1024 * 1024

export interface NandLayout {
  readonly parts: readonly PlacedPart[]
  readonly mtd: { readonly ids: string; readonly parts: string }
  readonly warnings: readonly string[]
}

type Partition = Extract<PlannedMedium, { kind: 'nand' }>['partition']

/**
 * Where everything goes on a NAND. Blocks of it may be bad, so a place is a partition and never an offset alone; without a table there
 * is none. Images of UBI are taken apart: only UBI may place its blocks.
 */
export function placeOnNand(input: RestoreInput, mtdparts: string | undefined): NandLayout {
  if (mtdparts === undefined) {
    throw new WorkbenchError('input/conflict', 'Where the partitions of a NAND begin and end must be known: their bad blocks stay inside them', {
      hint: 'Give the camera\'s own table with --mtdparts, as on its kernel\'s command line',
    })
  }
  const devices = parseMtdDevices(mtdparts)
  const [device] = devices
  if (!device || devices.length !== 1) throw new WorkbenchError('input/malformed', 'mtdparts names more than one flash device', { hint: 'Give the NAND\'s part of it only' })
  const id = device.id === '' ? 'nand' : device.id
  const text = printMtdDevices([{ ...device, id }])
  if (text.length > maxTableLength) throw new WorkbenchError('input/too-large', `The partition table has ${text.length} characters; U-Boot takes ${maxTableLength}`)
  checkTable(device.parts)
  const [whole] = input.kind === 'image' ? input.parts : []
  const cut = whole ? cutWhole(whole, device.parts) : { parts: input.parts, warnings: [] }
  const parts = cut.parts.flatMap((part) => placePart(part, device.parts))
  checkVolumesFit(parts)
  return {
    parts,
    mtd: { ids: `nand0=${id}`, parts: `mtdparts=${text}` },
    warnings: [...cut.warnings, ...lebWarnings(parts), ...(parts.some(({ medium }) => medium?.kind === 'ubi') ? ['UBI volumes are always written anew: their partition is erased first, and comparing would already change it'] : [])],
  }
}

/** Two headers in a page each, and pages of 2 KiB. */
const usualLebBytes = usualBlockBytes - 2 * 2048

const lebWarnings = (parts: readonly PlacedPart[]): readonly string[] => parts.flatMap(({ name, medium }) => (medium?.kind === 'ubi' && medium.lebBytes !== usualLebBytes
  ? [`${name} was made for UBI blocks of ${medium.lebBytes} bytes and not the usual ${usualLebBytes}; whether this NAND has them is asked before anything is erased`] : []))

function checkTable(parts: readonly MtdPart[]): void {
  let reached = 0
  for (const { name, offsetBytes, lengthBytes } of parts.toSorted((a, b) => a.offsetBytes - b.offsetBytes)) {
    if (offsetBytes % usualBlockBytes !== 0 || (lengthBytes ?? 0) % usualBlockBytes !== 0) throw new WorkbenchError('input/conflict', `${name} does not begin and end with an erase block of 128 KiB`, { context: { partition: name } })
    if (offsetBytes < reached) throw new WorkbenchError('input/conflict', `${name} overlaps the partition before it`, { context: { partition: name } })
    if (offsetBytes + (lengthBytes ?? 0) > maxNandBytes) throw new WorkbenchError('input/too-large', `${name} ends behind any NAND that is supported`, { context: { partition: name } })
    reached = lengthBytes === undefined ? Infinity : offsetBytes + lengthBytes
  }
}

function placePart(part: ImagePart, table: readonly MtdPart[]): readonly PlacedPart[] {
  const entry = table[part.index]
  if (!entry) throw new WorkbenchError('input/conflict', `mtdparts has ${table.length} partitions, so there is no place for ${part.name}`)
  const { lengthBytes, ...rest } = entry
  const partition: Partition = { name: rest.name, offsetBytes: rest.offsetBytes, ...(lengthBytes === undefined ? {} : { lengthBytes }) }
  if (part.volume) {
    checkTypeable(partition.name, 'partition', part)
    return [volumeOfBackup(part, part.volume, partition)]
  }
  const ubi = ubiWithin(part)
  if (ubi) {
    checkTypeable(partition.name, 'partition', part)
    return volumesOfImage({ ...part, bytes: ubi }, partition)
  }
  const fileSystem = fileSystemOf(part.bytes)
  if (fileSystem?.kind === 'ubifs') {
    if (!fileSystem.crcOk) throw new WorkbenchError('input/malformed', `The UBIFS in ${part.source} is damaged`, { context: { partition: part.name } })
    // The kernel mounts ubi0:NAME, and there the name is the partition's. All the space, so that it can grow.
    checkTypeable(partition.name, 'partition', part)
    const volume = { name: partition.name, type: 'dynamic' as const }
    return [ubiPart(part, partition, `${part.name}:${volume.name}`, part.bytes, { volume, lebBytes: fileSystem.lebBytes, blockBytes: blockOf(fileSystem.lebBytes) })]
  }
  // What was given has to fit; erased blocks at its end are not written, which leaves room for bad ones.
  checkRoom(part.name, roundUp(part.bytes.length, usualBlockBytes), partition)
  const bytes = withoutErasedEnd(part.bytes)
  const erasedBytes = roundUp(bytes.length, usualBlockBytes)
  return [{
    name: part.name, source: part.source, offsetBytes: partition.offsetBytes, bytes, eraseBytes: partition.lengthBytes ?? erasedBytes,
    isBoot: partition.offsetBytes === 0,
    medium: { kind: 'nand', partition, withinBytes: 0, endsPartition: true, ...(bytes.length < part.bytes.length ? { erasedBehind: true } : {}) },
  }]
}

/** UBI takes erased blocks wherever they lie; anything else before its first block is a damaged one, and nothing to write as it is. */
function ubiWithin({ source, name, bytes }: ImagePart): Uint8Array | undefined {
  const first = ubiStart(bytes)
  if (first === undefined || isErased(bytes.subarray(0, first))) return first === undefined ? undefined : bytes.subarray(first)
  throw new WorkbenchError('input/malformed', `The UBI image ${source} is damaged: there is UBI from ${hexText(first)} on, and something else before it`, { context: { partition: name }, hint: 'Take another copy of it, or dump again' })
}

/** What a block has besides its two headers: the next power of two. */
const blockOf = (lebBytes: number): number => 2 ** Math.ceil(Math.log2(lebBytes))

function checkRoom(name: string, neededBytes: number, { lengthBytes, name: partition }: Partition): void {
  if (lengthBytes === undefined || neededBytes <= lengthBytes) return
  throw new WorkbenchError('input/too-large', `${name} needs ${neededBytes} bytes and ${partition} has only ${lengthBytes}`, { context: { partition: name, neededBytes, partitionBytes: lengthBytes } })
}

/** The volumes of one partition together. */
function checkVolumesFit(parts: readonly PlacedPart[]): void {
  for (const { medium } of parts) {
    if (medium?.kind !== 'ubi') continue
    const own = parts.filter((each) => each.medium?.kind === 'ubi' && each.medium.partition.name === medium.partition.name)
    const names = own.map((each) => each.name)
    const twin = names.find((name, index) => names.indexOf(name) !== index)
    if (twin !== undefined) throw new WorkbenchError('input/malformed', `There are two volumes ${twin}`, { context: { partition: medium.partition.name } })
    checkRoom(names.join(' and '), ubiBlocksOf(own) * medium.blockBytes, medium.partition)
  }
}

/** Pieces of what is larger than a load. Their places count good blocks from the start of the partition. UBI volumes stay whole. */
export function cutForNand(parts: readonly PlacedPart[], maxBytes: number): readonly PlacedPart[]
export function cutForNand(parts: readonly PlacedPart<ImageBytes>[], maxBytes: number): readonly PlacedPart<ImageBytes>[]
export function cutForNand(parts: readonly PlacedPart<ImageBytes>[], maxBytes: number): readonly PlacedPart<ImageBytes>[] {
  const step = Math.max(usualBlockBytes, maxBytes - (maxBytes % usualBlockBytes))
  return parts.flatMap((part) => {
    const { medium, bytes: whole } = part
    const count = Math.ceil(whole.length / step)
    if (medium?.kind !== 'nand' || count <= 1) return [part]
    return Array.from({ length: count }, (_, index): PlacedPart<ImageBytes> => {
      const from = index * step
      const bytes = whole.subarray(from, from + step)
      const endsPartition = index === count - 1
      return {
        ...part, name: `${part.name}.${index}`, offsetBytes: part.offsetBytes + from, bytes,
        eraseBytes: endsPartition ? part.eraseBytes - from : roundUp(bytes.length, usualBlockBytes), medium: { ...medium, withinBytes: from, endsPartition, ...(endsPartition ? {} : { erasedBehind: false }) },
      }
    })
  })
}

/** Raw ones first: once UBI is attached it has taken memory that fetching needs. Boot last, as everywhere. */
export function nandOrder(parts: readonly PlacedPart<ImageBytes>[]): readonly PlacedPart<ImageBytes>[] {
  const rank = ({ isBoot, medium }: PlacedPart<ImageBytes>): number => (isBoot ? 2 : medium?.kind === 'ubi' ? 1 : 0)
  // Volumes keep the order in which they have to be made.
  return parts.toSorted((a, b) => rank(a) - rank(b) || (rank(a) === 0 ? b.bytes.length - a.bytes.length || a.offsetBytes - b.offsetBytes : 0))
}

/** It becomes a word of a command, of which a shell must make nothing else. */
function checkTypeable(name: string, what: 'partition' | 'volume', part: ImagePart): void {
  if (/^[A-Za-z0-9_][\w.+-]{0,63}$/.test(name)) return
  throw new WorkbenchError('input/not-supported', `The ${what} ${JSON.stringify(name.slice(0, 40))} for ${part.source} has a name that cannot be typed safely`, { context: { partition: part.name } })
}

type Facts = Pick<Extract<PlannedMedium, { kind: 'ubi' }>, 'volume' | 'lebBytes' | 'blockBytes'>

const ubiPart = (part: ImagePart, partition: Partition, name: string, bytes: Uint8Array, facts: Facts): PlacedPart => ({
  name, source: part.source, offsetBytes: partition.offsetBytes, bytes, eraseBytes: partition.lengthBytes ?? roundUp(bytes.length, usualBlockBytes),
  isBoot: partition.offsetBytes === 0, medium: { kind: 'ubi', partition, ...facts },
})

function volumesOfImage(part: ImagePart, partition: Partition): readonly PlacedPart[] {
  const image = parseUbi(part.bytes, { name: part.source })
  const broken = image.problems.find(({ severity }) => severity === 'error')
  if (broken) throw new WorkbenchError('input/malformed', `The UBI image ${part.source} is damaged: ${broken.message}`, { context: { partition: part.name }, hint: 'Take another copy of it, or dump again' })
  if (image.volumes.length === 0) throw new WorkbenchError('input/malformed', `The UBI image ${part.source} has no volumes`, { context: { partition: part.name } })
  // The one that takes the rest of the space has to come last, whatever its number.
  const order = [...image.volumes].sort((a, b) => Number(a.growsToFill) - Number(b.growsToFill) || a.id - b.id)
  const numbered = order.some(({ id }, index) => id !== index)
  const sized = order.map((volume) => sizeOf(volume, order.length === 1 || volume.growsToFill))
  checkRoom(part.name, sized.reduce((sum, { blocks }) => sum + blocks, 0) * image.eraseBytes, partition)
  return order.map((volume, index) => {
    const name = volume.name ?? ''
    checkTypeable(name, 'volume', part)
    if (order.some((other) => other !== volume && other.name === name)) throw new WorkbenchError('input/malformed', `Two volumes in ${part.source} have the name ${name}`, { context: { partition: part.name } })
    if (volume.lebBytes !== image.lebBytes) throw new WorkbenchError('input/not-supported', `The volume ${name} in ${part.source} is aligned in its own way, which U-Boot cannot make`, { context: { partition: part.name } })
    const { sizeBytes, bytes } = sized[index] ?? { sizeBytes: undefined, bytes: new Uint8Array() }
    const medium = { name, type: volume.kind, ...(numbered ? { id: volume.id } : {}), ...(sizeBytes === undefined ? {} : { sizeBytes }) }
    return ubiPart(part, partition, `${part.name}:${name}`, bytes, { volume: medium, lebBytes: image.lebBytes, blockBytes: image.eraseBytes })
  })
}

/**
 * A volume whose contents were stored without UBI around them. Backups do not tell static from dynamic; dynamic serves every file system.
 * Only one that is alone gets all the space; the others their size, and their number.
 */
function volumeOfBackup(part: ImagePart, { name, id, sizeBytes, lebBytes, isAlone }: NonNullable<ImagePart['volume']>, partition: Partition): PlacedPart {
  checkTypeable(name, 'volume', part)
  const fileSystem = fileSystemOf(part.bytes)
  if (fileSystem?.kind === 'ubifs' && !fileSystem.crcOk) throw new WorkbenchError('input/malformed', `The UBIFS in ${part.source} is damaged`, { context: { partition: part.name } })
  const volume = { name, type: 'dynamic' as const, ...(isAlone ? {} : { sizeBytes: roundUp(Math.max(sizeBytes, lebBytes), lebBytes), id }) }
  return ubiPart(part, partition, `${part.name}:${name}`, withoutErasedEnd(part.bytes, lebBytes, lebBytes), { volume, lebBytes, blockBytes: blockOf(lebBytes) })
}

/** `blocks`: at least so many. */
function sizeOf(volume: UbiVolume, takesTheRest: boolean): { readonly sizeBytes: number | undefined; readonly bytes: Uint8Array; readonly blocks: number } {
  const contents = volumeBytes(volume)
  // An empty volume is proved by one erased block: UBI stores none of it and reads it back all the same.
  const bytes = contents.length > 0 ? contents : new Uint8Array(volume.lebBytes).fill(0xff)
  const filled = Math.ceil(bytes.length / volume.lebBytes)
  const blocks = takesTheRest ? filled : Math.max(filled, volume.reservedBlocks)
  return { sizeBytes: takesTheRest ? undefined : blocks * volume.lebBytes, bytes, blocks }
}
