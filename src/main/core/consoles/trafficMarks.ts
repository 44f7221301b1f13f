import type { ConsoleMark } from '../../../shared/consoles/consoles.schema.ts'

const maxMarks = 8_192
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

export function createTrafficMarks(): TrafficMarks {
  let marks: ConsoleMark[] = []
  let last = 0
  let sentBytes = 0
  const add = (mark: Omit<ConsoleMark, 'sequence'>): void => {
    last += 1
    marks.push({ sequence: last, ...mark })
    sentBytes += mark.sent?.length ?? 0
    // Cut in halves, so that a talkative console does not move the list for each byte.
    if (marks.length > maxMarks || sentBytes > maxSentBytes) {
      marks = marks.slice(Math.ceil(marks.length / 2))
      sentBytes = marks.reduce((sum, { sent }) => sum + (sent?.length ?? 0), 0)
    }
  }
  return {
    received: (position, atMs) => {
      const newest = marks.at(-1)
      if (newest && newest.sent === undefined && newest.atMs === atMs) return
      add({ position, atMs })
    },
    sent: (position, atMs, bytes) => { add({ position, atMs, sent: Array.from(bytes.subarray(0, maxSentOfOne), (byte) => String.fromCharCode(byte)).join('') }) },
    after: (sequence, count) => {
      const first = marks[0]?.sequence ?? 0
      const from = Math.max(0, sequence + 1 - first)
      return marks.slice(from, from + count)
    },
    get last() { return last },
  }
}
