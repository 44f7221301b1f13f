import { crc32 } from 'node:zlib'

/** What UBI calls CRC-32: without the last inversion. */
const rawCrc = (bytes: Uint8Array): number => (crc32(bytes) ^ 0xffffffff) >>> 0

export interface TestVolume {
  readonly id: number
  readonly name: string
  readonly kind: 'static' | 'dynamic'
  readonly data: Uint8Array
  readonly reservedBlocks?: number
  readonly dataPad?: number
  readonly isHalfUpdated?: boolean
}

export interface TestGeometry {
  readonly eraseBytes: number
  readonly headerOffset?: number
  readonly dataOffset?: number
  readonly imageSequence?: number
}

export interface TestBlock {
  readonly volumeId: number
  readonly number: number
  readonly isStatic: boolean
  readonly contents: Uint8Array
  readonly usedBlocks?: number
  readonly dataPad?: number
  readonly sequence?: number
  readonly isCopy?: boolean
  /** Other than the real one: a write that was cut off. */
  readonly dataCrc?: number
}

const layoutId = 0x7fffefff
const filled = ({ headerOffset = 2048, dataOffset = 4096, imageSequence = 0x12345678, eraseBytes }: TestGeometry): Required<TestGeometry> => ({ eraseBytes, headerOffset, dataOffset, imageSequence })

/** One physical block; without `block` an empty one that knows only its wear. */
export function buildUbiBlock(geometry: TestGeometry, block?: TestBlock): Uint8Array {
  const { eraseBytes, headerOffset, dataOffset, imageSequence } = filled(geometry)
  const bytes = new Uint8Array(eraseBytes).fill(0xff)
  const erase = new DataView(bytes.buffer, 0, 64)
  bytes.fill(0, 0, 64)
  bytes.set(new TextEncoder().encode('UBI#'))
  erase.setUint8(4, 1)
  erase.setBigUint64(8, 3n)
  erase.setUint32(16, headerOffset)
  erase.setUint32(20, dataOffset)
  erase.setUint32(24, imageSequence)
  erase.setUint32(60, rawCrc(bytes.subarray(0, 60)))
  if (!block) return bytes
  bytes.fill(0, headerOffset, headerOffset + 64)
  const view = new DataView(bytes.buffer, headerOffset, 64)
  bytes.set(new TextEncoder().encode('UBI!'), headerOffset)
  view.setUint8(4, 1)
  view.setUint8(5, block.isStatic ? 2 : 1)
  view.setUint8(6, block.isCopy === true ? 1 : 0)
  view.setUint32(8, block.volumeId)
  view.setUint32(12, block.number)
  if (block.isStatic || block.isCopy === true) {
    view.setUint32(20, block.contents.length)
    view.setUint32(32, block.dataCrc ?? rawCrc(block.contents))
  }
  view.setUint32(24, block.usedBlocks ?? 0)
  view.setUint32(28, block.dataPad ?? 0)
  view.setBigUint64(40, BigInt(block.sequence ?? 0))
  view.setUint32(60, rawCrc(bytes.subarray(headerOffset, headerOffset + 60)))
  bytes.set(block.contents, dataOffset)
  return bytes
}

export function buildVolumeTable(volumes: readonly TestVolume[], lebBytes: number): Uint8Array {
  const table = new Uint8Array(Math.min(128, Math.floor(lebBytes / 172)) * 172)
  const view = new DataView(table.buffer)
  for (let at = 0; at < table.length; at += 172) {
    const volume = volumes.find(({ id }) => id === at / 172)
    if (volume) {
      view.setUint32(at, volume.reservedBlocks ?? 64)
      view.setUint32(at + 4, 1)
      view.setUint32(at + 8, volume.dataPad ?? 0)
      view.setUint8(at + 12, volume.kind === 'static' ? 2 : 1)
      view.setUint8(at + 13, volume.isHalfUpdated === true ? 1 : 0)
      view.setUint16(at + 14, volume.name.length)
      table.set(new TextEncoder().encode(volume.name), at + 16)
    }
    view.setUint32(at + 168, rawCrc(table.subarray(at, at + 168)))
  }
  return table
}

/** Contents of a volume, cut into its blocks. */
export function buildVolumeBlocks(volume: TestVolume, geometry: TestGeometry): readonly TestBlock[] {
  const { eraseBytes, dataOffset } = filled(geometry)
  const { id, kind, data, dataPad = 0 } = volume
  const usable = eraseBytes - dataOffset - dataPad
  const count = Math.ceil(data.length / usable)
  return Array.from({ length: count }, (_, number): TestBlock => ({
    volumeId: id, number, isStatic: kind === 'static', contents: data.subarray(number * usable, (number + 1) * usable), dataPad, usedBlocks: kind === 'static' ? count : 0,
  }))
}

/** As a flashing tool makes it: the table twice, then volume after volume. `order` moves blocks about, as wear levelling does. */
export function buildUbiImage(volumes: readonly TestVolume[], geometry: TestGeometry, order: (blocks: readonly (TestBlock | undefined)[]) => readonly (TestBlock | undefined)[] = (blocks) => blocks): Uint8Array {
  const { eraseBytes, dataOffset } = filled(geometry)
  const table = buildVolumeTable(volumes, eraseBytes - dataOffset)
  const copies = [0, 1].map((number): TestBlock => ({ volumeId: layoutId, number, isStatic: false, contents: table }))
  return joinBlocks(order([...copies, ...volumes.flatMap((volume) => buildVolumeBlocks(volume, geometry))]).map((block) => buildUbiBlock(geometry, block)))
}

export function joinBlocks(blocks: readonly Uint8Array[]): Uint8Array {
  const image = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0))
  let at = 0
  for (const block of blocks) {
    image.set(block, at)
    at += block.length
  }
  return image
}

/** The first 4 KiB of a UBIFS: its superblock node. */
export function buildUbifsSuperblock(lebBytes: number, lebs: number, maxLebs: number): Uint8Array {
  const node = new Uint8Array(4096)
  const view = new DataView(node.buffer)
  view.setUint32(0, 0x06101831, true)
  view.setUint32(16, 4096, true)
  view.setUint8(20, 6)
  view.setUint32(32, 2048, true)
  view.setUint32(36, lebBytes, true)
  view.setUint32(40, lebs, true)
  view.setUint32(44, maxLebs, true)
  view.setUint32(4, rawCrc(node.subarray(8)), true)
  return node
}

export function buildSquashfsSuperblock(usedBytes: number): Uint8Array {
  const node = new Uint8Array(96)
  const view = new DataView(node.buffer)
  node.set(new TextEncoder().encode('hsqs'))
  view.setUint32(12, 131_072, true)
  view.setUint16(20, 4, true)
  view.setUint16(22, 17, true)
  view.setUint16(28, 4, true)
  view.setBigUint64(40, BigInt(usedBytes), true)
  return node
}
