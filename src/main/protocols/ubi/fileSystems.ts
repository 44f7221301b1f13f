import { ubiCrc } from './frame.ts'

export interface UbifsFacts {
  readonly kind: 'ubifs'
  readonly lebBytes: number
  /** Logical blocks the file system has now, and how many it can grow to. */
  readonly lebs: number
  readonly maxLebs: number
  readonly minIoBytes: number
  /** False: the superblock was damaged after it was written. */
  readonly crcOk: boolean
}

export interface SquashfsFacts {
  readonly kind: 'squashfs'
  /** Bytes of the file system itself; the image may be padded behind. */
  readonly usedBytes: number
  readonly blockBytes: number
  readonly compression: string
}

export type FileSystemFacts = UbifsFacts | SquashfsFacts

const ubifsMagic = 0x06101831
const superblockType = 6
const superblockBytes = 4096
const squashfsHeaderBytes = 96
const compressions = ['unknown', 'gzip', 'lzma', 'lzo', 'xz', 'lz4', 'zstd'] as const

function decodeUbifs(bytes: Uint8Array): UbifsFacts | undefined {
  if (bytes.length < superblockBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, superblockBytes)
  if (view.getUint32(0, true) !== ubifsMagic || view.getUint8(20) !== superblockType) return undefined
  return {
    kind: 'ubifs', minIoBytes: view.getUint32(32, true), lebBytes: view.getUint32(36, true), lebs: view.getUint32(40, true), maxLebs: view.getUint32(44, true),
    crcOk: view.getUint32(16, true) === superblockBytes && view.getUint32(4, true) === ubiCrc(bytes.subarray(8, superblockBytes)),
  }
}

function decodeSquashfs(bytes: Uint8Array): SquashfsFacts | undefined {
  if (bytes.length < squashfsHeaderBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, squashfsHeaderBytes)
  if (view.getUint32(0, true) !== 0x73717368 || view.getUint16(28, true) !== 4) return undefined
  const usedBytes = view.getBigUint64(40, true)
  const blockBytes = view.getUint32(12, true)
  if (usedBytes < squashfsHeaderBytes || usedBytes > 0xffffffffn || blockBytes !== 2 ** view.getUint16(22, true)) return undefined
  return { kind: 'squashfs', usedBytes: Number(usedBytes), blockBytes, compression: compressions[view.getUint16(20, true)] ?? 'unknown' }
}

/** By the first bytes: the superblock of UBIFS or of squashfs 4. `undefined` for everything else. */
export const fileSystemOf = (bytes: Uint8Array): FileSystemFacts | undefined => decodeUbifs(bytes) ?? decodeSquashfs(bytes)
