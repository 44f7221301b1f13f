import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { isPowerEdge } from '../../../../shared/captures/captures.schema.ts'
import { indexHeaderBytes, indexRecordBytes, indexSuffix, rawSuffix } from '../../../protocols/captureLog/frame.ts'
import { parseRecords } from '../../../protocols/captureLog/parser.ts'
import { lineKind } from '../../../protocols/captureLines/lineKind.ts'
import { createLineCutter, type CutLine } from '../../../protocols/captureLines/plainLine.ts'
import { createBootRecorder } from './bootTable.ts'
import { cameraWord, lineIdAt, mostKinds } from './indexFile.ts'

/** A part as the store knows it: only what is on disk by then is read. */
export interface PartToIndex {
  readonly base: string
  readonly camera: string
  readonly session: string
  readonly startOffset: number
  readonly rawBytes: number
  readonly isClosed: boolean
}

const recordsAtOnce = 2_048
const bytesAtOnce = 128 * 1024
/** In one transaction. */
const linesAtOnce = 50_000
/** As many consoles as talk at the same time. */
const partsInTurn = 127
/** A quarter of a second. */
const nearbyLines = 1_000_000
/** A call for each line costs a quarter of what the words' table itself costs. */
const wordsAtOnce = 16

interface Found extends CutLine { readonly part: number; readonly camera: number }
export interface Resume { readonly part: number; offset: number; record: number; isDone: boolean }

export interface LineIndexer {
  /** Reads on in these parts; one transaction at a time, so that it can end between two. Result: how many lines were added. */
  add(parts: readonly PartToIndex[]): number
  /** Whose files are gone. */
  forgetAllBut(bases: ReadonlySet<string>): void
}

/** What is stored is seen by searches when all of it is. */
export function createLineIndexer(database: DatabaseSync): LineIndexer {
  const sql = {
    camera: database.prepare('SELECT id, firmware FROM cameras WHERE camera = ?'),
    newCamera: database.prepare('INSERT INTO cameras (camera, firmware) VALUES (?, 0)'),
    part: database.prepare('SELECT id, resume_offset, resume_record, is_done FROM parts WHERE base = ?'),
    newPart: database.prepare('INSERT INTO parts (base, camera, session, start_offset, resume_offset, resume_record, is_done) VALUES (?, ?, ?, ?, 0, 0, 0)'),
    resume: database.prepare('UPDATE parts SET resume_offset = ?, resume_record = ?, is_done = ? WHERE id = ?'),
    span: database.prepare('UPDATE parts SET first_line = min(coalesce(first_line, ?1), ?1), last_line = max(coalesce(last_line, ?2), ?2) WHERE id = ?3'),
    line: database.prepare('INSERT OR IGNORE INTO lines (id, part, offset, kind, text) VALUES (?, ?, ?, ?, ?)'),
    newest: database.prepare('SELECT max(id) AS id FROM lines WHERE id >= ? AND id < ?'),
    words: database.prepare('INSERT INTO words (rowid, text) VALUES (?, ?)'),
    manyWords: database.prepare(`INSERT INTO words (rowid, text) VALUES ${Array.from({ length: wordsAtOnce }, () => '(?, ?)').join(', ')}`),
    newKind: database.prepare('INSERT INTO kinds (text, lines) VALUES (?, 0) ON CONFLICT DO UPDATE SET lines = lines RETURNING id'),
    countKind: database.prepare('UPDATE kinds SET lines = lines + ? WHERE id = ?'),
    seen: database.prepare('INSERT INTO seen (kind, firmware, first_line, lines) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET lines = lines + ?4, first_line = min(first_line, ?3)'),
    firmware: database.prepare('SELECT id FROM firmwares WHERE text = ?'),
    newFirmware: database.prepare('INSERT INTO firmwares (text) VALUES (?)'),
    setFirmware: database.prepare('UPDATE cameras SET firmware = ? WHERE id = ?'),
  }
  const kinds = new Map<string, number>(database.prepare('SELECT text, id FROM kinds').all().map((row) => [String(row['text']), Number(row['id'])]))
  const firmwareOf = new Map<number, number>(database.prepare('SELECT id, firmware FROM cameras').all().map((row) => [Number(row['id']), Number(row['firmware'])]))

  const boots = createBootRecorder(database)
  const kindOf = (text: string): number => {
    const kind = lineKind(text)
    const known = kinds.get(kind)
    if (known !== undefined) return known
    if (kinds.size >= mostKinds) return 0
    const id = Number(sql.newKind.get(kind)?.['id'])
    kinds.set(kind, id)
    return id
  }
  const cameraOf = (camera: string): number => {
    const known = sql.camera.get(camera)
    if (known) return Number(known['id'])
    const id = Number(sql.newCamera.run(camera).lastInsertRowid)
    firmwareOf.set(id, 0)
    return id
  }
  const firmwareId = (build: string): number => {
    const known = sql.firmware.get(build)
    return known ? Number(known['id']) : Number(sql.newFirmware.run(build).lastInsertRowid)
  }
  /** The kernel names its build: from then on its camera runs that. */
  const noteFirmware = (camera: number, text: string): void => {
    const build = firmwareLine.exec(text)?.[1]
    if (build === undefined) return
    const id = firmwareId(build)
    firmwareOf.set(camera, id)
    sql.setFirmware.run(id, camera)
  }
  const store = (lines: readonly Found[]): void => {
    const counts = new Map<number, { readonly kind: number; readonly firmware: number; readonly first: number; lines: number }>()
    const spans = new Map<number, { readonly first: number; last: number }>()
    let last = -1
    let lastMs = -1
    let words: (number | string)[] = []
    // In the order of their numbers, which the words' table wants, too.
    for (const { part, camera, offset, text, atMs } of [...lines].sort((a, b) => a.atMs - b.atMs)) {
      const base = lineIdAt(atMs)
      const isNewMs = Math.floor(atMs) !== lastMs
      lastMs = Math.floor(atMs)
      const floor = isNewMs ? Number(sql.newest.get(lineIdAt(lastMs), lineIdAt(lastMs + 1))?.['id'] ?? -1) + 1 : 0
      let id = Math.max(base, floor, last + 1)
      const kind = kindOf(text)
      // More lines in one millisecond than it has numbers: on behind the last that is taken nearby.
      while (sql.line.run(id, part, offset, kind, text).changes === 0) id = Number(sql.newest.get(id, id + nearbyLines)?.['id'] ?? id) + 1
      last = id
      words.push(id, `${text} ${cameraWord(camera)}`)
      if (words.length === 2 * wordsAtOnce) { sql.manyWords.run(...words); words = [] }
      noteFirmware(camera, text)
      const firmware = firmwareOf.get(camera) ?? 0
      const key = firmware * (mostKinds + 1) + kind
      const count = counts.get(key)
      if (count) count.lines += 1
      else counts.set(key, { kind, firmware, first: id, lines: 1 })
      const span = spans.get(part)
      if (span) span.last = id
      else spans.set(part, { first: id, last: id })
    }
    for (let at = 0; at < words.length; at += 2) sql.words.run(words[at] ?? 0, words[at + 1] ?? '')
    for (const { kind, firmware, first, lines: many } of counts.values()) { sql.seen.run(kind, firmware, first, many); sql.countKind.run(many, kind) }
    for (const [part, { first, last: end }] of spans) sql.span.run(first, end, part)
  }
  const partOf = (part: PartToIndex): { readonly resume: Resume; readonly camera: number } => {
    const camera = cameraOf(part.camera)
    const row = sql.part.get(part.base)
    if (!row) return { camera, resume: { part: Number(sql.newPart.run(part.base, camera, part.session, part.startOffset).lastInsertRowid), offset: 0, record: 0, isDone: false } }
    return { camera, resume: { part: Number(row['id']), offset: Number(row['resume_offset']), record: Number(row['resume_record']), isDone: row['is_done'] === 1 } }
  }

  return {
    add: (parts) => {
      let added = 0
      // A little of each in turn: what was said at the same time then comes together, which the tables like best.
      const queue = [...parts]
      while (queue.length > 0) {
        inOneGo(database, () => {
          const lines: Found[] = []
          for (let part = queue.shift(); part; part = lines.length < linesAtOnce ? queue.shift() : undefined) {
            const { camera, resume } = partOf(part)
            if (resume.isDone) continue
            const place = { session: part.session, camera, part: resume.part }
            const found = (line: CutLine): void => { lines.push({ offset: line.offset, atMs: line.atMs, text: line.text, part: resume.part, camera }); boots.heard(line, place) }
            if (isThere(part) && readOn(part, resume, found, (line) => { boots.waiting(line, place) })) queue.splice(partsInTurn, 0, part)
            sql.resume.run(resume.offset, resume.record, resume.isDone ? 1 : 0, resume.part)
          }
          store(lines)
          boots.save(firmwareId)
          added += lines.length
        })
      }
      return added
    },
    forgetAllBut: (bases) => {
      for (const row of database.prepare('SELECT id, base, first_line, last_line FROM parts').all()) {
        if (bases.has(String(row['base']))) continue
        inOneGo(database, () => {
          const [first, last, part] = [Number(row['first_line'] ?? 0), Number(row['last_line'] ?? -1), Number(row['id'])]
          database.prepare('DELETE FROM words WHERE rowid IN (SELECT id FROM lines WHERE id BETWEEN ? AND ? AND part = ?)').run(first, last, part)
          database.prepare('DELETE FROM lines WHERE id BETWEEN ? AND ? AND part = ?').run(first, last, part)
          database.prepare('DELETE FROM boots WHERE part = ?').run(part)
          database.prepare('DELETE FROM parts WHERE id = ?').run(part)
        })
      }
    },
  }
}

const firmwareLine = /^(?:\[ *\d+\.\d+\] )?(Linux version \d.{0,200})/

/** The quota may have deleted it since it was told of; its lines are forgotten soon. */
export const isThere = ({ base }: PartToIndex): boolean => existsSync(`${base}${indexSuffix}`) && existsSync(`${base}${rawSuffix}`)

/** Some from where the last reading ended; true when there is more. */
export function readOn(part: PartToIndex, resume: Resume, found: (line: CutLine) => void, waiting: (line: CutLine) => void): boolean {
  const index = openSync(`${part.base}${indexSuffix}`, 'r')
  const raw = openSync(`${part.base}${rawSuffix}`, 'r')
  try {
    const known = Math.floor((fstatSync(index).size - indexHeaderBytes) / indexRecordBytes)
    const records = parseRecords(readAt(index, indexHeaderBytes + resume.record * indexRecordBytes, Math.min(recordsAtOnce, known - resume.record) * indexRecordBytes))
    let lineRecord = resume.record
    let budget = bytesAtOnce
    const rawAt = readAhead(raw, part.rawBytes)
    const cutter = createLineCutter((line) => { found({ ...line, offset: line.offset + part.startOffset }) })
    let done = 0
    let isAhead = false
    for (const record of records) {
      if (record.kind === 'rx') {
        const skip = Math.max(0, resume.offset - record.offset)
        // What the store has not told of yet is not read: the files may be ahead of it, never behind.
        const wanted = Math.min(record.lengthBytes, part.rawBytes - record.offset) - skip
        if (wanted < record.lengthBytes - skip && !part.isClosed) { isAhead = true; break }
        if (wanted > 0) cutter.push(rawAt(record.offset + skip, wanted), record.offset + skip, record.atMs)
        if (cutter.openOffset !== undefined && cutter.openOffset >= record.offset) lineRecord = resume.record + done
        budget -= record.lengthBytes
      } else if (record.kind !== 'tx' && !isPowerEdge(record.kind) && record.kind !== 'watts') cutter.finish()
      done += 1
      if (budget <= 0) break
    }
    const isMore = !isAhead && done > 0 && resume.record + done < known
    if (part.isClosed && !isMore) {
      cutter.finish()
      resume.isDone = true
      return false
    }
    // A line that goes on behind thousands of marks and typed letters is cut, or the same stretch would be read for ever.
    if (isMore && cutter.openOffset !== undefined && lineRecord === resume.record) cutter.finish()
    const { openOffset, openLine } = cutter
    if (openLine && !isMore) waiting({ ...openLine, offset: openLine.offset + part.startOffset })
    resume.record = openOffset === undefined ? resume.record + done : lineRecord
    resume.offset = openOffset ?? 0
    return isMore
  } finally {
    closeSync(index)
    closeSync(raw)
  }
}

/** A record has the bytes of a moment, and a call for each of them would cost more than they do. */
function readAhead(file: number, endBytes: number): (position: number, lengthBytes: number) => Uint8Array {
  let held: Uint8Array = new Uint8Array()
  let heldAt = 0
  return (position, lengthBytes) => {
    if (position < heldAt || position + lengthBytes > heldAt + held.length) {
      held = readAt(file, position, Math.max(lengthBytes, Math.min(bytesAtOnce, endBytes - position)))
      heldAt = position
    }
    return held.subarray(position - heldAt, position - heldAt + lengthBytes)
  }
}

function readAt(file: number, position: number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, lengthBytes))
  const read = bytes.length === 0 ? 0 : readSync(file, bytes, 0, bytes.length, position)
  return bytes.subarray(0, read)
}

function inOneGo(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    work()
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
