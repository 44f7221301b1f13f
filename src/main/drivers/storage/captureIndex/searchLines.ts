import type { DatabaseSync } from 'node:sqlite'
import { isCutKind, requiredPieces, requiredWords } from '../../../protocols/captureLines/lineKind.ts'
import { cameraWord, lineIdAt, timeOfLine } from './indexFile.ts'

export interface LineQuery {
  /** All of these words, in any order. */
  readonly words?: string | undefined
  /** A JavaScript pattern. */
  readonly pattern?: string | undefined
  readonly ignoreCase: boolean
  readonly cameras: readonly string[]
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
  /** Lines before this number, as the page before said. */
  readonly before?: number | undefined
  readonly limit: number
  readonly limitMs: number
}
export interface FoundLine {
  readonly id: number
  readonly camera: string
  readonly session: string
  /** Of its first byte in the session. */
  readonly offset: number
  readonly atMs: number
  readonly line: string
}
export interface FoundPage {
  /** Newest first. */
  readonly lines: readonly FoundLine[]
  /** There may be more: ask for what is before this number. */
  readonly next: number | undefined
  /** The time was over before all was looked at. */
  readonly isStopped: boolean
  /** More was said since the index was read on than one page holds. */
  readonly isTailOnly?: boolean
}
export interface KindQuery {
  readonly cameras: readonly string[]
  readonly firmware?: string | undefined
  readonly sinceMs: number
  readonly limit: number
}
export interface NewKind extends FoundLine {
  readonly kind: string
  readonly firmware: string
  /** How often since then. */
  readonly lines: number
}

/** So many kinds are followed side by side; of more, the lines are collected first, and of very many the newest lines are just gone through. */
const mostMerged = 64
const mostCollected = 200_000
const rawColumns = 'id, part, kind, text'
const clockEvery = 64

const lineColumns = 'lines.id AS id, lines.offset AS offset, lines.text AS text, parts.session AS session, cameras.camera AS camera'
const joined = 'lines JOIN parts ON parts.id = lines.part JOIN cameras ON cameras.id = parts.camera'
const lineOf = (row: Record<string, unknown>): FoundLine =>
  ({ id: Number(row['id']), camera: String(row['camera']), session: String(row['session']), offset: Number(row['offset']), atMs: timeOfLine(Number(row['id'])), line: String(row['text']) })
const marks = (count: number): string => Array.from({ length: count }, () => '?').join(', ')

interface Range { readonly first: number; readonly end: number }
const rangeOf = ({ sinceMs, untilMs, before }: LineQuery): Range => ({
  first: sinceMs === undefined ? 0 : lineIdAt(sinceMs),
  end: Math.min(before ?? Number.MAX_SAFE_INTEGER, untilMs === undefined ? Number.MAX_SAFE_INTEGER : lineIdAt(untilMs)),
})

function camerasOf(database: DatabaseSync, cameras: readonly string[]): number[] {
  return cameras.length === 0 ? [] : database.prepare(`SELECT id FROM cameras WHERE camera IN (${marks(cameras.length)})`).all(...cameras).map((row) => Number(row['id']))
}

/** Never waits for long by itself; a pattern that hangs is ended from outside, with its thread. */
export function searchLines(database: DatabaseSync, query: LineQuery, nowMs: () => number): FoundPage {
  const cameras = camerasOf(database, query.cameras)
  if (query.cameras.length > 0 && cameras.length === 0) return { lines: [], next: undefined, isStopped: false }
  return query.pattern === undefined ? byWords(database, query, cameras) : byPattern(database, query, query.pattern, cameras, nowMs)
}

function byWords(database: DatabaseSync, query: LineQuery, cameras: readonly number[]): FoundPage {
  const words = (query.words ?? '').replaceAll('\ue000', ' ').match(/[\p{L}\p{N}]+/gu) ?? []
  if (words.length === 0) return { lines: [], next: undefined, isStopped: false }
  const { first, end } = rangeOf(query)
  const anyOf = cameras.length === 0 ? '' : ` AND (${cameras.map((camera) => `"${cameraWord(camera)}"`).join(' OR ')})`
  const match = `${words.map((word) => `"${word}"`).join(' AND ')}${anyOf}`
  const ids = database.prepare('SELECT rowid AS id FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? ORDER BY rowid DESC LIMIT ?').all(match, first, end, query.limit)
  const one = database.prepare(`SELECT ${lineColumns} FROM ${joined} WHERE lines.id = ?`)
  const lines = ids.map((row) => one.get(row['id'] as number)).filter((row) => row !== undefined).map(lineOf)
  return { lines, next: ids.length < query.limit ? undefined : Number(ids.at(-1)?.['id']), isStopped: false }
}

function byPattern(database: DatabaseSync, query: LineQuery, source: string, cameras: readonly number[], nowMs: () => number): FoundPage {
  const pattern = new RegExp(source, query.ignoreCase ? 'i' : '')
  const stopAtMs = nowMs() + query.limitMs
  const { first, end } = rangeOf(query)
  const kinds = kindsFor(database, requiredPieces(source))
  if (kinds?.size === 0) return { lines: [], next: undefined, isStopped: false }
  const wanted = new Set(cameras)
  const parts = wanted.size === 0 ? undefined : new Set(database.prepare('SELECT id, camera FROM parts').all().filter((row) => wanted.has(Number(row['camera']))).map((row) => Number(row['id'])))
  const one = database.prepare(`SELECT ${lineColumns} FROM ${joined} WHERE lines.id = ?`)
  const lines: FoundLine[] = []
  let looked = 0
  let last: number | undefined
  for (const row of candidates(database, requiredWords(source), kinds, { first, end })) {
    last = Number(row['id'])
    looked += 1
    if (looked % clockEvery === 0 && nowMs() >= stopAtMs) return { lines, next: last, isStopped: true }
    if ((kinds && !kinds.has(Number(row['kind']))) || (parts && !parts.has(Number(row['part']))) || !pattern.test(String(row['text']))) continue
    const found = one.get(last)
    if (found) lines.push(lineOf(found))
    if (lines.length >= query.limit) return { lines, next: last, isStopped: false }
  }
  return { lines, next: undefined, isStopped: false }
}

/** Kinds that can match, with their count; `undefined` when the pattern says nothing about them. */
function kindsFor(database: DatabaseSync, pieces: readonly string[]): ReadonlyMap<number, number> | undefined {
  if (pieces.length === 0) return undefined
  const rows = database.prepare('SELECT id, text, lines FROM kinds').all()
  const fitting = rows.filter((row) => {
    const text = String(row['text']).toLowerCase()
    // Kind 0 is all that is unlike anything, and a cut kind may hold more than it says.
    return row['id'] === 0 || isCutKind(text) || pieces.every((piece) => text.includes(piece))
  })
  return new Map(fitting.filter((row) => Number(row['lines']) > 0).map((row) => [Number(row['id']), Number(row['lines'])]))
}

type Rows = Generator<Record<string, unknown>, void, void>

/** Lines that may match, newest first, by the cheapest way that leaves none out. */
function candidates(database: DatabaseSync, words: readonly string[], kinds: ReadonlyMap<number, number> | undefined, range: Range): Rows {
  if (words.length > 0) return ofWords(database, words, range)
  if (kinds && kinds.size <= mostMerged) return ofFewKinds(database, [...kinds.keys()], range)
  const count = kinds ? [...kinds.values()].reduce((sum, lines) => sum + lines, 0) : Infinity
  return kinds && count <= mostCollected ? ofManyKinds(database, [...kinds.keys()], count, range) : all(database, range)
}

function* all(database: DatabaseSync, { first, end }: Range): Rows {
  yield* database.prepare(`SELECT ${rawColumns} FROM lines WHERE id >= ? AND id < ? ORDER BY id DESC`).iterate(first, end)
}

function* ofWords(database: DatabaseSync, words: readonly string[], { first, end }: Range): Rows {
  const one = database.prepare(`SELECT ${rawColumns} FROM lines WHERE id = ?`)
  const match = words.map((word) => `"${word}"`).join(' AND ')
  for (const { id } of database.prepare('SELECT rowid AS id FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? ORDER BY rowid DESC').iterate(match, first, end)) {
    const row = one.get(id as number)
    if (row) yield row
  }
}

/** Each kind is in order already, so the newest of their heads is the next one. */
function* ofFewKinds(database: DatabaseSync, kinds: readonly number[], { first, end }: Range): Rows {
  const streams = kinds.map((kind) => database.prepare(`SELECT ${rawColumns} FROM lines WHERE kind = ? AND id >= ? AND id < ? ORDER BY id DESC`).iterate(kind, first, end))
  try {
    const heads = streams.map((stream) => stream.next())
    for (;;) {
      let newest = -1
      let newestId = -1
      heads.forEach((head, index) => {
        if (head.done !== true && Number(head.value['id']) > newestId) { newest = index; newestId = Number(head.value['id']) }
      })
      const [head, stream] = [heads[newest], streams[newest]]
      if (!head || !stream || head.done === true) return
      yield head.value
      heads[newest] = stream.next()
    }
  } finally {
    for (const stream of streams) stream.return?.()
  }
}

function* ofManyKinds(database: DatabaseSync, kinds: readonly number[], count: number, { first, end }: Range): Rows {
  const ids = new Float64Array(count)
  let filled = 0
  const ofKind = database.prepare('SELECT id FROM lines WHERE kind = ? AND id >= ? AND id < ?')
  for (const kind of kinds) {
    for (const row of ofKind.iterate(kind, first, end)) {
      // Lines that were added since the count are left to the next search.
      if (filled < count) { ids[filled] = Number(row['id']); filled += 1 }
    }
  }
  const one = database.prepare(`SELECT ${rawColumns} FROM lines WHERE id = ?`)
  for (const id of ids.subarray(0, filled).sort().reverse()) {
    const row = one.get(id)
    if (row) yield row
  }
}

/** Kinds of lines that a firmware said for the first time, newest first. */
export function newKinds(database: DatabaseSync, { cameras, firmware, sinceMs, limit }: KindQuery): NewKind[] {
  const known = camerasOf(database, cameras)
  const sql = `SELECT ${lineColumns}, kinds.text AS kind, firmwares.text AS firmware, seen.lines AS count
    FROM seen JOIN kinds ON kinds.id = seen.kind JOIN firmwares ON firmwares.id = seen.firmware JOIN lines ON lines.id = seen.first_line
    JOIN parts ON parts.id = lines.part JOIN cameras ON cameras.id = parts.camera
    WHERE seen.first_line >= ? AND seen.kind <> 0 ${firmware === undefined ? '' : 'AND firmwares.text LIKE ? ESCAPE \'\\\''}
    ${cameras.length === 0 ? '' : `AND cameras.id IN (${marks(known.length)})`} ORDER BY seen.first_line DESC LIMIT ?`
  const like = firmware === undefined ? [] : [`%${firmware.replaceAll(/[\\%_]/g, (letter) => `\\${letter}`)}%`]
  return database.prepare(sql).all(lineIdAt(sinceMs), ...like, ...(cameras.length === 0 ? [] : known), limit)
    .map((row) => ({ ...lineOf(row), kind: String(row['kind']), firmware: String(row['firmware']), lines: Number(row['count']) }))
}
