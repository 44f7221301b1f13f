/** A line of the console that somebody should notice. */
export interface LineMark {
  /** Grows with each; what came later stands further down. */
  readonly key: number
  /** As a person would read it; may be cut. */
  readonly line: string
  readonly words: string
  readonly tone: 'bad' | 'warn' | 'ok'
}
/** A line of the terminal with all its wrapped rows; `row` is its first one. */
export interface ShownLine { readonly row: number; readonly text: string }

/** Enough to know it by, and to be within the first rows of a line. */
const lettersCompared = 160

/**
 * Where marks belong: from the newest line upwards, each mark at or above the one that came after it. What is not there stays out:
 * it has scrolled away, or is still to be drawn.
 */
export function placeMarks(linesFromBottom: Iterable<ShownLine>, marksNewestFirst: readonly LineMark[]): ReadonlyMap<number, number> {
  const rows = new Map<number, number>()
  let at = 0
  for (const { row, text } of linesFromBottom) {
    if (at >= marksNewestFirst.length) break
    const found = marksNewestFirst.findIndex((mark, index) => index >= at && text.includes(mark.line.slice(0, lettersCompared)))
    if (found === -1) continue
    const met = new Set<string>()
    at = found
    // Several rules may have met the same line; the same words of the same rule are another one.
    for (const mark of marksNewestFirst.slice(found)) {
      if (mark.line !== marksNewestFirst[found]?.line || met.has(mark.words)) break
      met.add(mark.words)
      rows.set(mark.key, row)
      at += 1
    }
  }
  return rows
}
