import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { IpctoolDescription } from '../../../../shared/restore/ipctool.schema.ts'
import { flashKindSchema } from '../../../../shared/restore/restore.schema.ts'
import { printMtdDevices } from '../../../protocols/mtdparts/writer.ts'
import { fileSystemOf } from '../../../protocols/ubi/fileSystems.ts'
import type { ImagePart, InputTools, RestoreInput } from './rawInput.ts'

type Rom = IpctoolDescription['rom'][number]
type Described = Rom['partitions'][number]
type Volume = NonNullable<Described['ubi_volumes']>[number]

export interface Backup {
  readonly path: string
  readonly name: string
  readonly rom: Rom
  readonly blocks: readonly Uint8Array[]
}

/** What one block of the backup holds. */
interface Slot {
  readonly index: number
  readonly partition: Described
  readonly volume?: Volume
}

/**
 * Blocks of a backup, each with its partition. Of a NAND there is one for each UBI volume, and none for what could not be read, so number
 * of block and number of partition differ; every checksum is compared before anything is believed.
 */
export function partsOfBackup({ path, name, rom, blocks }: Backup, tools: InputTools): RestoreInput {
  const { partitions } = rom
  const isNand = rom.type === 'nand' || partitions.some((each) => each.dump_type === 'ubifs' || each.ubi_volumes !== undefined)
  const slots = assign(name, slotsOf(partitions), blocks.length, isNand)
  const filled = slots.map((slot, position) => ({ ...slot, bytes: checked(slot, blocks[position] ?? new Uint8Array(), tools) })).filter(({ bytes }) => bytes.length > 0)
  const lebBytes = filled.map(({ bytes }) => lebOf(bytes)).find((each) => each !== undefined)
  const parts = filled.map(({ index, partition, volume, bytes }): ImagePart => ({
    name: `mtd${index}`, source: `${name}: ${partition.name}${volume ? `, ${volume.vol_name}` : ''}`, index, bytes, partitionBytes: partition.size,
    ...(volume ? { volume: volumeOf(partition, volume, bytes, lebBytes) } : {}),
  }))
  const unchecked = slots.filter((slot) => shaOf(slot) === undefined).length
  const left = partitions.filter((_, index) => !slots.some((slot) => slot.index === index)).map((each) => each.name)
  const flash = flashKindSchema.safeParse(isNand ? 'nand' : rom.type)
  return {
    kind: 'ipctool', path, parts, totalBytes: parts.reduce((sum, { bytes }) => sum + bytes.length, 0),
    warnings: [
      ...(unchecked > 0 ? [`${unchecked} of ${slots.length} partitions carry no checksum`] : []),
      ...(left.length > 0 ? [`The backup holds nothing of ${left.join(', ')}, which ${left.length === 1 ? 'stays' : 'stay'} as ${left.length === 1 ? 'it is' : 'they are'}`] : []),
    ],
    ...(isNand ? { mtdparts: tableOf(partitions) } : {}),
    ...(flash.success ? { flash: { kind: flash.data, why: `the backup is of a ${flash.data} flash` } } : {}),
  }
}

const slotsOf = (partitions: readonly Described[]): readonly Slot[] => partitions.flatMap((partition, index): readonly Slot[] =>
  (partition.ubi_volumes ? partition.ubi_volumes.map((volume) => ({ index, partition, volume })) : partition.dump_type === 'ubifs' ? [] : [{ index, partition }]))

const shaOf = ({ partition, volume }: Slot): string | undefined => (volume ?? partition).sha1

/** All of them, or all but those that were not read: these have no checksum. Anything between would be a guess. */
function assign(name: string, slots: readonly Slot[], found: number, isNand: boolean): readonly Slot[] {
  if (found === slots.length) return slots
  const read = slots.filter((slot) => shaOf(slot) !== undefined)
  if (isNand && found === read.length) return read
  throw new WorkbenchError('input/malformed', `${name} describes ${slots.length} partitions and holds ${found}`, {
    context: { described: slots.length, found }, hint: 'The backup is cut off or was made of unreadable partitions; make it again',
  })
}

function checked(slot: Slot, bytes: Uint8Array, tools: InputTools): Uint8Array {
  const { partition, volume } = slot
  const what = volume ? `${partition.name}, ${volume.vol_name}` : partition.name
  const limit = volume ? Math.min(volume.data_bytes, partition.size) : partition.size
  if (bytes.length > limit) throw new WorkbenchError('input/malformed', `${what} has ${bytes.length} bytes, more than its ${limit}`)
  const sha1 = tools.hashHex('sha1', bytes).slice(0, 8)
  const wanted = shaOf(slot)
  if (wanted !== undefined && wanted.toLowerCase() !== sha1) {
    throw new WorkbenchError('input/malformed', `${what} does not match its checksum: ${sha1} instead of ${wanted}`, {
      context: { partition: partition.name }, hint: 'The backup file is damaged; take another copy',
    })
  }
  return bytes
}

function lebOf(bytes: Uint8Array): number | undefined {
  const fileSystem = fileSystemOf(bytes)
  return fileSystem?.kind === 'ubifs' ? fileSystem.lebBytes : undefined
}

function volumeOf(partition: Described, { vol_id: id, vol_name: name, data_bytes: sizeBytes }: Volume, bytes: Uint8Array, lebBytes: number | undefined): NonNullable<ImagePart['volume']> {
  const known = lebOf(bytes) ?? lebBytes
  if (known === undefined || known < 4096) {
    throw new WorkbenchError('input/not-supported', `Nobody can tell for which blocks the volume ${name} of ${partition.name} was made: none of the volumes is a UBIFS`, {
      context: { partition: partition.name }, hint: 'Restore from a folder with the UBI image of the partition instead',
    })
  }
  return { name, id, sizeBytes, lebBytes: known, isAlone: partition.ubi_volumes?.length === 1 }
}

/** Sizes as they were told, each behind the one before. */
function tableOf(partitions: readonly Described[]): string {
  let offsetBytes = 0
  const parts = partitions.map(({ name, size }) => {
    const part = { name, offsetBytes, lengthBytes: size, readOnly: false, keepLocked: false, slcMode: false }
    offsetBytes += size
    return part
  })
  return printMtdDevices([{ id: 'hinand', parts }])
}
