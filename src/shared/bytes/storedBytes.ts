import { WorkbenchError } from '../errors/workbenchError.ts'

/**
 * Bytes that stay on the disk until they are needed: the dump of a card may be larger than the memory of this computer. They were read
 * through once; their sums are kept, and each piece is compared with them when it is read again.
 */
export interface StoredBytes {
  readonly isStored: true
  readonly length: number
  /** Of all of them; a piece has none. */
  readonly sha256: string
  /** The beginning of them, which tells what they are. */
  readonly head: Uint8Array
  readonly crc32: () => number
  /** `from` on a step of 64 KiB, `to` there as well or at the end. */
  readonly subarray: (from: number, to: number) => StoredBytes
  /** Rejects with `input/conflict` if they are not the ones that were read before. */
  readonly read: (signal: AbortSignal) => Promise<Uint8Array>
}

export type ImageBytes = Uint8Array | StoredBytes

export const isStored = (bytes: ImageBytes): bytes is StoredBytes => 'isStored' in bytes

/** What tells the kind of an image: all of it, or the beginning of a stored one. */
export const headOf = (bytes: ImageBytes): Uint8Array => (isStored(bytes) ? bytes.head : bytes)

export const readBytes = async (bytes: ImageBytes, signal: AbortSignal): Promise<Uint8Array> => (isStored(bytes) ? bytes.read(signal) : bytes)

/** For what takes an image apart and so needs all of it at once. */
export function wholeInMemory(bytes: ImageBytes, source: string): Uint8Array {
  if (!isStored(bytes)) return bytes
  throw new WorkbenchError('input/too-large', `${source} is part of a dump that is larger than what this computer holds at once, and only an eMMC's is written from the disk`, {
    context: { sizeBytes: bytes.length }, hint: 'Restore it in pieces: a folder with some of its mtd files, and --mtdparts; or on a computer with more memory',
  })
}
