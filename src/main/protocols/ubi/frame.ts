import { crc32 } from '../../../shared/bytes/crc32.ts'

/** `UBI#`, the erase counter header at the start of every block. */
export const eraseHeaderMagic = 0x55424923
/** `UBI!`, the header that says which piece of which volume a block holds. */
export const volumeHeaderMagic = 0x55424921
export const headerBytes = 64
/** Volumes from here on belong to UBI itself. */
export const firstInternalVolume = 0x7fffefff
/** The volume table, kept twice. */
export const layoutVolume = firstInternalVolume
/** Its shortcut for quick starts; nothing of it is needed to read an image. */
export const fastmapVolumes: readonly number[] = [firstInternalVolume + 1, firstInternalVolume + 2]
export const maxVolumes = 128
export const tableRecordBytes = 172

/** UBI starts at all ones as everybody does, and leaves out the inversion at the end. */
export const ubiCrc = (bytes: Uint8Array): number => ~crc32(bytes) >>> 0

export interface EraseHeader {
  readonly volumeHeaderOffset: number
  readonly dataOffset: number
  /** The same in all blocks of one image; 0 where nobody set it. */
  readonly imageSequence: number
}

export interface VolumeHeader {
  readonly isStatic: boolean
  /** The block was moved by wear levelling: its contents count only if their CRC is right. */
  readonly isCopy: boolean
  readonly volumeId: number
  /** Place inside the volume, in logical blocks. */
  readonly number: number
  /** Contents in bytes, under `dataCrc`. 0 for dynamic volumes, unless `isCopy`. */
  readonly dataBytes: number
  readonly dataCrc: number
  /** Static volumes only: how many blocks there should be. */
  readonly usedBlocks: number
  /** Unused bytes at the end of each logical block. */
  readonly dataPad: number
  /** Grows with each write: of two blocks with one place the higher one counts. */
  readonly sequence: bigint
}

export interface TableRecord {
  readonly id: number
  readonly name: string
  readonly isStatic: boolean
  readonly reservedBlocks: number
  readonly dataPad: number
  /** An update was begun and not finished: the contents are nobody's. */
  readonly isHalfUpdated: boolean
  /** Grows to all free blocks when it is first attached. */
  readonly growsToFill: boolean
}

/** `empty`: flash that was erased. `damaged`: anything else that is no header. */
export type Decoded<T> = T | 'empty' | 'damaged'

const viewOf = (bytes: Uint8Array, at = 0, lengthBytes = bytes.length - at): DataView => new DataView(bytes.buffer, bytes.byteOffset + at, lengthBytes)

/** Both kinds keep version 1 at byte 4 and their CRC in the last four bytes. */
function checkedHeader(bytes: Uint8Array, at: number, magic: number): Decoded<DataView> {
  if (at + headerBytes > bytes.length) return 'damaged'
  const view = viewOf(bytes, at, headerBytes)
  if (view.getUint32(0) !== magic) {
    for (let index = 0; index < headerBytes; index += 4) if (view.getUint32(index) !== 0xffffffff) return 'damaged'
    return 'empty'
  }
  return view.getUint8(4) === 1 && view.getUint32(60) === ubiCrc(bytes.subarray(at, at + 60)) ? view : 'damaged'
}

export function decodeEraseHeader(bytes: Uint8Array, at: number): Decoded<EraseHeader> {
  const view = checkedHeader(bytes, at, eraseHeaderMagic)
  if (typeof view === 'string') return view
  return { volumeHeaderOffset: view.getUint32(16), dataOffset: view.getUint32(20), imageSequence: view.getUint32(24) }
}

export function decodeVolumeHeader(bytes: Uint8Array, at: number): Decoded<VolumeHeader> {
  const view = checkedHeader(bytes, at, volumeHeaderMagic)
  if (typeof view === 'string') return view
  const type = view.getUint8(5)
  if (type !== 1 && type !== 2) return 'damaged'
  return {
    isStatic: type === 2, isCopy: view.getUint8(6) !== 0, volumeId: view.getUint32(8), number: view.getUint32(12),
    dataBytes: view.getUint32(20), usedBlocks: view.getUint32(24), dataPad: view.getUint32(28), dataCrc: view.getUint32(32), sequence: view.getBigUint64(40),
  }
}

function decodeRecord(bytes: Uint8Array, id: number): TableRecord | 'empty' | 'damaged' {
  const view = viewOf(bytes)
  if (view.getUint32(168) !== ubiCrc(bytes.subarray(0, 168))) return 'damaged'
  const reservedBlocks = view.getUint32(0)
  if (reservedBlocks === 0) return 'empty'
  const type = view.getUint8(12)
  const nameBytes = view.getUint16(14)
  const name = new TextDecoder('latin1').decode(bytes.subarray(16, 16 + Math.min(nameBytes, 127)))
  if ((type !== 1 && type !== 2) || nameBytes === 0 || nameBytes > 127 || !/^[\x21-\x7e]+$/.test(name)) return 'damaged'
  return {
    id, name, isStatic: type === 2, reservedBlocks, dataPad: view.getUint32(8),
    isHalfUpdated: view.getUint8(13) !== 0, growsToFill: (view.getUint8(144) & 1) !== 0,
  }
}

/** One copy of the volume table. `undefined` when any of its records is damaged, used or not: then the other copy counts. */
export function decodeTable(leb: Uint8Array): readonly TableRecord[] | undefined {
  const slots = Math.min(maxVolumes, Math.floor(leb.length / tableRecordBytes))
  if (slots === 0) return undefined
  const records: TableRecord[] = []
  for (let id = 0; id < slots; id += 1) {
    const record = decodeRecord(leb.subarray(id * tableRecordBytes, (id + 1) * tableRecordBytes), id)
    if (record === 'damaged') return undefined
    if (record !== 'empty') records.push(record)
  }
  return new Set(records.map(({ name }) => name)).size === records.length ? records : undefined
}
