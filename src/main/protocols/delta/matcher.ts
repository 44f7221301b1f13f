/* eslint-disable @typescript-eslint/no-non-null-assertion -- a tight loop: every index is below the length it was checked against */
/** Where in the old file the bytes at a place of the new one stand, too; `length` 0: nowhere. */
export interface Match {
  readonly oldOffset: number
  readonly length: number
}

/** Shorter matches cost as much as they save. */
export const seedBytes = 6
/** How many places with the same beginning are looked at; more find little and take long on files that repeat themselves. */
const chainLimit = 32
/** A match of this length is taken without looking for a longer one. */
const goodEnough = 1024

export interface Matcher {
  /** The longest of those that were looked at. `likely` is tried first: where the last copy would go on. */
  find(newOffset: number, likely: number): Match
}

/** Every offset of the old file is indexed, not only those of blocks: so a change of one byte costs one byte and not a block. Bytes are compared; a sum alone proves nothing. */
export function createMatcher(older: Uint8Array, newer: Uint8Array): Matcher {
  const bits = Math.min(18, Math.max(8, Math.ceil(Math.log2(older.length + 1))))
  const heads = new Int32Array(1 << bits).fill(-1)
  const before = new Int32Array(older.length).fill(-1)
  const keyOf = (bytes: Uint8Array, at: number): number => {
    const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    const high = bytes[at + 4]! | (bytes[at + 5]! << 8)
    return (Math.imul(low, 0x9e3779b1) ^ Math.imul(high + 0x7f4a7c15, 0x85ebca6b)) >>> (32 - bits)
  }
  // From the end, so that of equal places the first stands at the head: small offsets are short to write.
  for (let at = older.length - seedBytes; at >= 0; at -= 1) {
    const key = keyOf(older, at)
    before[at] = heads[key]!
    heads[key] = at
  }
  const lengthAt = (oldOffset: number, newOffset: number): number => {
    const limit = Math.min(older.length - oldOffset, newer.length - newOffset)
    let length = 0
    while (length < limit && older[oldOffset + length] === newer[newOffset + length]) length += 1
    return length
  }
  return {
    find: (newOffset, likely) => {
      let best = { oldOffset: 0, length: 0 }
      const offer = (oldOffset: number): void => {
        // The byte that would make it longer is looked at first: most places fail there.
        if (best.length > 0 && older[oldOffset + best.length] !== newer[newOffset + best.length]) return
        const length = lengthAt(oldOffset, newOffset)
        if (length > best.length) best = { oldOffset, length }
      }
      if (likely >= 0 && likely < older.length) offer(likely)
      if (newOffset + seedBytes > newer.length) return best
      let at = heads[keyOf(newer, newOffset)]!
      for (let looked = 0; at >= 0 && looked < chainLimit && best.length < goodEnough; looked += 1) {
        offer(at)
        at = before[at]!
      }
      return best
    },
  }
}
