import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { crc32, crc32Joiner, joinCrc32 } from '../../../shared/bytes/crc32.ts'
import type { StoredBytes } from '../../../shared/bytes/storedBytes.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

const stepBytes = 64 * 1024
const headBytes = 1024 * 1024
const joinStep = crc32Joiner(stepBytes)

export interface StoredFile {
  readonly path: string
  readonly stat: Stats
  /** Opens what `stat` was taken of, or rejects. */
  readonly open: () => Promise<FileHandle>
  /** Rejects when there is less. */
  readonly readInto: (handle: FileHandle, into: Uint8Array, at: number, signal: AbortSignal) => Promise<void>
  readonly changed: () => WorkbenchError
}

/** Reads all of it once, in steps, for its sums; keeps its first megabyte. */
export async function sumStoredFile(file: StoredFile, signal: AbortSignal): Promise<StoredBytes> {
  const { size } = file.stat
  const hash = createHash('sha256')
  const sums = new Uint32Array(Math.ceil(size / stepBytes))
  const piece = new Uint8Array(Math.min(headBytes, size))
  let head: Uint8Array | undefined
  const handle = await file.open()
  try {
    for (let at = 0; at < size; at += piece.length) {
      const bytes = piece.subarray(0, Math.min(piece.length, size - at))
      await file.readInto(handle, bytes, at, signal)
      hash.update(bytes)
      for (let from = 0; from < bytes.length; from += stepBytes) sums[(at + from) / stepBytes] = crc32(bytes.subarray(from, from + stepBytes))
      head ??= bytes.slice()
    }
    const { bytesRead: beyond } = await handle.read(new Uint8Array(1), 0, 1, size)
    if (beyond > 0) throw file.changed()
  } finally {
    await handle.close()
  }
  return pieceOf(file, sums, 0, size, { sha256: hash.digest('hex'), head: head ?? new Uint8Array() })
}

function pieceOf(file: StoredFile, sums: Uint32Array, from: number, to: number, whole: { readonly sha256: string; readonly head: Uint8Array }): StoredBytes {
  const length = to - from
  const sumOf = (): number => {
    let sum = 0
    for (let at = from; at < to; at += stepBytes) {
      const next = sums[at / stepBytes] ?? 0
      sum = to - at >= stepBytes ? joinStep(sum, next) : joinCrc32(sum, next, to - at)
    }
    return sum
  }
  return {
    isStored: true, length, ...whole, crc32: sumOf,
    subarray: (start, end) => {
      const last = Math.min(end, length)
      if (start < 0 || start > last || (from + start) % stepBytes !== 0 || (from + last !== file.stat.size && (from + last) % stepBytes !== 0)) throw new WorkbenchError('internal/bug', `A stored image cannot be cut from ${start} to ${end}`)
      return pieceOf(file, sums, from + start, from + last, { sha256: '', head: start === 0 ? whole.head.subarray(0, last) : new Uint8Array() })
    },
    read: async (signal) => {
      const bytes = new Uint8Array(length)
      const handle = await file.open()
      try {
        await file.readInto(handle, bytes, from, signal)
      } finally {
        await handle.close()
      }
      if (crc32(bytes) !== sumOf()) throw file.changed()
      return bytes
    },
  }
}
