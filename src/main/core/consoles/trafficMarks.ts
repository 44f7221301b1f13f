import type { ConsoleMark } from '../../../shared/consoles/consoles.schema.ts'

const maxMarks = 8_192
const fewestMarks = 256
const maxSentBytes = 256 * 1024
/** What one mark shows of a long write; the capture has all of it. */
const maxSentOfOne = 16 * 1024

/** The times of the newest bytes of a console, both directions. Bounded. */
export interface TrafficMarks {
  /** Bytes from that position on came now. */
  received(position: number, atMs: number): void
  sent(position: number, atMs: number, bytes: Uint8Array): void
  /** Oldest first, at most so many. */
  after(sequence: number, count: number): ConsoleMark[]
  readonly last: number
}

/** Times of bytes that are `historyBytes` back and more are dropped: a hundred talkative consoles make millions of marks an hour. */
export function createTrafficMarks(historyBytes = Infinity): TrafficMarks {
  // Two numbers for a mark, and not an object.
  let places = new Float64Array(2 * fewestMarks)
  let length = 0
  let last = 0
  /** By sequence. */
  const sent = new Map<number, string>()
  let sentBytes = 0

  const dropOldest = (count: number): void => {
    for (let sequence = last - length + 1; sequence <= last - length + count; sequence += 1) {
      sentBytes -= sent.get(sequence)?.length ?? 0
      sent.delete(sequence)
    }
    places.copyWithin(0, 2 * count, 2 * length)
    length -= count
  }
  const makeRoom = (position: number): void => {
    if (2 * length < places.length) return
    // In halves, so that a talkative console does not move the list for each byte.
    const half = length / 2
    if (length === maxMarks || (places[2 * half] ?? 0) < position - historyBytes) { dropOldest(half); return }
    const larger = new Float64Array(2 * places.length)
    larger.set(places)
    places = larger
  }
  const add = (position: number, atMs: number): void => {
    makeRoom(position)
    places[2 * length] = position
    places[2 * length + 1] = atMs
    length += 1
    last += 1
  }
  return {
    received: (position, atMs) => {
      if (length > 0 && places[2 * length - 1] === atMs && !sent.has(last)) return
      add(position, atMs)
    },
    sent: (position, atMs, bytes) => {
      add(position, atMs)
      const text = Array.from(bytes.subarray(0, maxSentOfOne), (byte) => String.fromCharCode(byte)).join('')
      sent.set(last, text)
      sentBytes += text.length
      while (sentBytes > maxSentBytes) dropOldest(Math.ceil(length / 2))
    },
    after: (sequence, count) => {
      const first = last - length + 1
      const from = Math.max(first, sequence + 1)
      return Array.from({ length: Math.max(0, Math.min(count, last + 1 - from)) }, (_, index): ConsoleMark => {
        const at = from + index
        const [position = 0, atMs = 0] = places.subarray(2 * (at - first), 2 * (at - first) + 2)
        const text = sent.get(at)
        return { sequence: at, position, atMs, ...(text === undefined ? {} : { sent: text }) }
      })
    },
    get last() { return last },
  }
}
