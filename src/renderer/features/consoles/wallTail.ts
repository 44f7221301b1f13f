import { LineTail } from '../../ui/lineTail.ts'

/** More lines than the largest tile shows are in here, unless they are very long. */
const keptBytes = 8 * 1024

/** The end of one console, made into lines only when it is drawn: most of what comes scrolls away unseen. */
export interface WallTail {
  /** `position` is that of the first byte in the console's history. */
  push(bytes: Uint8Array, position: number): void
  /** What came before no longer joins what comes next. */
  skip(): void
  /** At most so many of at most so many letters; empty ones are left out. */
  lines(rows: number, columns: number): readonly string[]
  /** Which of those lines begins at that place in the console's history; `undefined` when it is none of them. */
  rowAt(position: number, rows: number): number | undefined
}

export function createWallTail(): WallTail {
  const kept = new Uint8Array(keptBytes)
  let length = 0
  let end = 0
  const linesFrom = (from: number, rows: number, columns: number): readonly string[] => {
    if (rows < 1) return []
    const plain = plainLines(kept.subarray(from, length), rows, columns)
    if (plain) return plain
    const tail = new LineTail(rows)
    // A few lines more than are shown, because empty ones are left out.
    tail.push(kept.subarray(Math.max(from, startOfLines(kept, length, rows * 3 + 8)), length))
    return tail.lines.map((line) => line.replaceAll('\t', ' ').slice(0, columns))
  }
  return {
    push: (bytes, position) => {
      end = position + bytes.length
      const some = bytes.subarray(Math.max(0, bytes.length - keptBytes))
      const stays = Math.min(length, keptBytes - some.length)
      kept.copyWithin(0, length - stays, length)
      kept.set(some, stays)
      length = stays + some.length
    },
    skip: () => { length = 0 },
    lines: (rows, columns) => linesFrom(0, rows, columns),
    rowAt: (position, rows) => {
      const from = length - (end - position)
      if (from < 0 || from >= length) return undefined
      // One more than are shown: the line above the first is told from the first.
      const below = linesFrom(from, rows + 1, 1).length
      return below === 0 || below > rows ? undefined : linesFrom(0, rows, 1).length - below
    },
  }
}

const [tab, lineFeed, carriageReturn, space, tilde] = [0x09, 0x0a, 0x0d, 0x20, 0x7e]
/** Of the line that has not ended yet LineTail keeps as much. */
const longestPlain = 1024

/** Nearly all that a camera says, at a tenth of the cost of looking for colours and letters of several bytes; `undefined` for the rest. */
function plainLines(bytes: Uint8Array, rows: number, columns: number): string[] | undefined {
  const lines: string[] = []
  for (let end = bytes.length; end >= 0 && lines.length < rows;) {
    // Looked for from before its beginning, it would be looked for from its end.
    const start = end === 0 ? 0 : bytes.lastIndexOf(lineFeed, end - 1) + 1
    let last = end
    while (last > start && bytes[last - 1] === carriageReturn) last -= 1
    if (last - start > longestPlain || !isPlain(bytes, start, last)) return undefined
    const line = textOf(bytes.subarray(start, last)).trimEnd()
    if (line !== '') lines.unshift(line.slice(0, columns))
    end = start - 1
  }
  return lines
}
function isPlain(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0
    if ((byte < space && byte !== tab) || byte > tilde) return false
  }
  return true
}
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes).replaceAll('\t', ' ')

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
