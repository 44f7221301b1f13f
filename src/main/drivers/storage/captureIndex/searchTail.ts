import type { DatabaseSync } from 'node:sqlite'
import type { CutLine } from '../../../protocols/captureLines/plainLine.ts'
import { lineIdAt } from './indexFile.ts'
import { isThere, type PartToIndex, readOn, type Resume } from './indexLines.ts'
import type { FoundLine, FoundPage, LineQuery } from './searchLines.ts'

/** Of all parts together: some seconds of a rack where every console talks as fast as it can. An index that is behind by more says so itself. */
const mostTailBytes = 16 * 2 ** 20
const clockEvery = 64
const word = /[\p{L}\p{N}]+/gu
const wordsOf = (text: string): string[] => (text.match(word) ?? []).map((each) => each.toLowerCase())

/** As the index would find it, had it been read. */
export function lineMatcher({ words, pattern, ignoreCase, sinceMs = -Infinity, untilMs = Infinity }: LineQuery): (line: Pick<CutLine, 'atMs' | 'text'>) => boolean {
  const wanted = new Set(wordsOf(words ?? ''))
  const source = pattern === undefined ? undefined : new RegExp(pattern, ignoreCase ? 'i' : '')
  const isIn = (text: string): boolean => {
    if (source) return source.test(text)
    const said = new Set(wordsOf(text))
    return wanted.size > 0 && [...wanted].every((each) => said.has(each))
  }
  return ({ atMs, text }) => atMs >= sinceMs && atMs < untilMs && isIn(text)
}

export interface Tail {
  /** Newest first. */
  readonly lines: readonly FoundLine[]
  /** The time was over, or it was too much. */
  readonly isStopped: boolean
}

/** Lines that were said after the index was last read on, and those that have not ended. Reads the logs themselves and changes nothing. */
export function tailLines(database: DatabaseSync, parts: readonly PartToIndex[], query: LineQuery, nowMs: () => number): Tail {
  const read = database.prepare('SELECT resume_offset, resume_record, is_done FROM parts WHERE base = ?')
  const fits = lineMatcher(query)
  const stopAtMs = nowMs() + query.limitMs
  const lines: FoundLine[] = []
  let bytesLeft = mostTailBytes
  let looked = 0
  let isLate = false
  // The newest first: when it is too much, the oldest is left out.
  for (const part of [...parts].reverse()) {
    if (query.cameras.length > 0 && !query.cameras.includes(part.camera)) continue
    const row = read.get(part.base)
    const resume: Resume = { part: 0, offset: Number(row?.['resume_offset'] ?? 0), record: Number(row?.['resume_record'] ?? 0), isDone: row?.['is_done'] === 1 }
    if (resume.isDone || !isThere(part)) continue
    const take = ({ offset, atMs, text: line }: CutLine): void => {
      looked += 1
      if (looked % clockEvery === 0) isLate ||= nowMs() >= stopAtMs
      if (!isLate && fits({ atMs, text: line })) lines.push({ id: lineIdAt(atMs), camera: part.camera, session: part.session, offset, atMs: Math.floor(atMs), line })
    }
    bytesLeft -= Math.max(0, part.rawBytes - resume.offset)
    if (isLate || bytesLeft < 0) { isLate = true; break }
    try {
      while (readOn(part, resume, take, take) && !isLate) continue
    } catch (error) {
      // The quota took it while it was read.
      if (isThere(part)) throw error
    }
  }
  return { lines: lines.sort((a, b) => b.atMs - a.atMs || b.offset - a.offset), isStopped: isLate }
}

/** Both as one page, as long as it may be. */
export function withTail(tail: Tail, query: LineQuery, search: (query: LineQuery) => FoundPage): FoundPage {
  const shown = tail.lines.slice(0, query.limit)
  const oldest = shown.at(-1)
  // It goes on with all of that millisecond, by then in the index: a line twice is better than one left out.
  if (oldest && shown.length === query.limit) return { lines: shown, next: lineIdAt(oldest.atMs + 1), isStopped: tail.isStopped, isTailOnly: true }
  const page = search({ ...query, limit: query.limit - shown.length })
  return { ...page, lines: [...shown, ...page.lines], isStopped: page.isStopped || tail.isStopped }
}
