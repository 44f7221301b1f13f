import { deltaCopy, deltaEnd, deltaInsert, deltaMagic, deltaVersion, maxCopyBytes, maxInsertBytes } from './frame.ts'

/** Base 128, low part first; the high bit says that more follows. */
export function encodeVarint(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw new RangeError(`${value} does not fit into 32 bits`)
  const bytes: number[] = []
  let rest = value
  // Division, because `>>` takes 32-bit numbers for signed ones.
  while (rest > 0x7f) { bytes.push((rest % 128) | 0x80); rest = Math.floor(rest / 128) }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

export const varintBytes = (value: number): number => (value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5)

export interface DeltaWriter {
  /** Any length: it is split into what one instruction may hold. */
  copy(oldOffset: number, length: number): void
  insert(bytes: Uint8Array): void
  /** Once. */
  finish(): Uint8Array
}

export function createDeltaWriter(): DeltaWriter {
  let buffer = new Uint8Array(4096)
  let used = 0
  const put = (bytes: Uint8Array): void => {
    if (used + bytes.length > buffer.length) {
      const larger = new Uint8Array(Math.max(buffer.length * 2, used + bytes.length))
      larger.set(buffer.subarray(0, used))
      buffer = larger
    }
    buffer.set(bytes, used)
    used += bytes.length
  }
  put(deltaMagic)
  put(Uint8Array.of(deltaVersion))
  return {
    copy: (oldOffset, length) => {
      for (let done = 0; done < length; done += maxCopyBytes) {
        put(Uint8Array.of(deltaCopy))
        put(encodeVarint(oldOffset + done))
        put(encodeVarint(Math.min(maxCopyBytes, length - done)))
      }
    },
    insert: (bytes) => {
      for (let done = 0; done < bytes.length; done += maxInsertBytes) {
        const piece = bytes.subarray(done, done + maxInsertBytes)
        put(Uint8Array.of(deltaInsert))
        put(encodeVarint(piece.length))
        put(piece)
      }
    },
    finish: () => { put(Uint8Array.of(deltaEnd)); return buffer.slice(0, used) },
  }
}
