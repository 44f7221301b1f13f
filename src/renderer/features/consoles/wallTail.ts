import { LineTail } from '../../ui/lineTail.ts'

/** More lines than the largest tile shows are in here, unless they are very long. */
const keptBytes = 8 * 1024

/** The end of one console, made into lines only when it is drawn: most of what comes scrolls away unseen. */
export interface WallTail {
  push(bytes: Uint8Array): void
  /** What came before no longer joins what comes next. */
  skip(): void
  text(rows: number, columns: number): string
}

export function createWallTail(): WallTail {
  const kept = new Uint8Array(keptBytes)
  let length = 0
  return {
    push: (bytes) => {
      const some = bytes.subarray(Math.max(0, bytes.length - keptBytes))
      const stays = Math.min(length, keptBytes - some.length)
      kept.copyWithin(0, length - stays, length)
      kept.set(some, stays)
      length = stays + some.length
    },
    skip: () => { length = 0 },
    text: (rows, columns) => {
      if (rows < 1) return ''
      const tail = new LineTail(rows)
      // A few lines more than are shown, because empty ones are left out.
      tail.push(kept.subarray(startOfLines(kept, length, rows * 3 + 8), length))
      return tail.lines.map((line) => line.slice(0, columns)).join('\n')
    },
  }
}

/** Where the last so many lines begin. */
function startOfLines(bytes: Uint8Array, length: number, lines: number): number {
  let seen = 0
  for (let at = length - 1; at >= 0; at -= 1) {
    if (bytes[at] !== 0x0a) continue
    seen += 1
    if (seen > lines) return at + 1
  }
  return 0
}
