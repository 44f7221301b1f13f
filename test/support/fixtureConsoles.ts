import type { ConsoleMark } from '../../src/shared/consoles/consoles.schema.ts'

/** A time for each line of a console that has been talking, and one command that somebody typed. */
export function fixtureMarks(text: string, nowMs: number): ConsoleMark[] {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)].filter((at) => at < text.length)
  const marks = starts.map((position, index): ConsoleMark => ({ sequence: index + 1, position, atMs: nowMs - 20_000 + index * 137 + (index * 7_919) % 97 }))
  const last = marks.at(-1)
  return last ? [...marks, { sequence: marks.length + 1, position: last.position, atMs: last.atMs + 12, sent: 'root\r' }] : marks
}
