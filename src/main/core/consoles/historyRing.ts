/** The newest bytes of a console, addressed by their place in its whole history. */
export interface HistoryRing {
  append(bytes: Uint8Array): void
  /** Position after the newest byte. */
  readonly end: number
  /** From `after`, at most so many bytes; what was asked for and is gone is counted in `skippedBytes`. Always a copy. */
  read(after: number, maxBytes: number): HistoryPiece
}
export interface HistoryPiece {
  /** Of the first byte in `bytes`. */
  readonly position: number
  readonly bytes: Uint8Array
  readonly skippedBytes: number
}

export function createHistoryRing(capacityBytes: number): HistoryRing {
  const ring = new Uint8Array(capacityBytes)
  let end = 0
  return {
    append: (bytes) => {
      // Of a piece longer than the ring only its end can stay.
      const kept = bytes.subarray(Math.max(0, bytes.length - capacityBytes))
      const at = (end + bytes.length - kept.length) % capacityBytes
      const first = Math.min(kept.length, capacityBytes - at)
      ring.set(kept.subarray(0, first), at)
      ring.set(kept.subarray(first), 0)
      end += bytes.length
    },
    get end() { return end },
    read: (after, maxBytes) => {
      const start = Math.max(0, end - capacityBytes)
      // A place in the future belongs to the history of an earlier run of this program.
      const wanted = after > end || !Number.isFinite(after) ? start : Math.max(0, Math.floor(after))
      const position = Math.max(start, wanted)
      const bytes = new Uint8Array(Math.max(0, Math.min(end - position, maxBytes)))
      const at = position % capacityBytes
      const first = Math.min(bytes.length, capacityBytes - at)
      bytes.set(ring.subarray(at, at + first))
      bytes.set(ring.subarray(0, bytes.length - first), first)
      return { position, bytes, skippedBytes: position - wanted }
    },
  }
}
