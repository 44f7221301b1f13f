import type { DatabaseSync } from 'node:sqlite'
import { type BootPhase, bootPhases } from '../../../../shared/captures/boots.schema.ts'
import { phaseOf, trackBoot, type HeardLine, type TrackedBoot } from '../../../protocols/bootPhases/bootTrack.ts'

export const bootSchema = `
  CREATE TABLE boots (
    id INTEGER PRIMARY KEY, camera INTEGER NOT NULL, part INTEGER NOT NULL, session TEXT NOT NULL, firmware INTEGER NOT NULL, start_offset INTEGER NOT NULL, end_offset INTEGER NOT NULL,
    start_ms REAL NOT NULL, end_ms REAL NOT NULL, ${bootPhases.map((phase) => `${phase} REAL`).join(', ')}, is_last INTEGER NOT NULL, UNIQUE (session, start_offset)
  ) STRICT;
  CREATE INDEX boots_of_camera ON boots (camera, start_ms);
  CREATE INDEX boots_of_time ON boots (start_ms);
`

/** Where a line was heard. */
export interface LinePlace { readonly session: string; readonly camera: number; readonly part: number }

export interface BootRecorder {
  /** Lines of one session in order. */
  heard(line: HeardLine, place: LinePlace): void
  /** A line that has not ended: only a prompt says something by then. */
  waiting(line: HeardLine, place: LinePlace): void
  /** Inside the transaction that the lines are in. */
  save(firmwareOf: (build: string) => number): void
}

interface Known { boot: TrackedBoot; place: LinePlace; isChanged: boolean }

/** The newest boot of each session is held here, and what happened to it goes into the table with the lines that told it. */
export function createBootRecorder(database: DatabaseSync): BootRecorder {
  const put = database.prepare(`INSERT INTO boots (camera, part, session, firmware, start_offset, end_offset, start_ms, end_ms, ${bootPhases.join(', ')}, is_last)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ${bootPhases.map(() => '?').join(', ')}, ?)
    ON CONFLICT (session, start_offset) DO UPDATE SET firmware = excluded.firmware, end_offset = excluded.end_offset, end_ms = excluded.end_ms, ${bootPhases.map((phase) => `${phase} = excluded.${phase}`).join(', ')}, is_last = excluded.is_last`)
  const newest = database.prepare('SELECT boots.*, firmwares.text AS build FROM boots JOIN firmwares ON firmwares.id = boots.firmware WHERE session = ? ORDER BY start_offset DESC LIMIT 1')
  const known = new Map<string, Known | undefined>()
  let ended: Known[] = []

  const knownOf = (place: LinePlace): Known | undefined => {
    if (!known.has(place.session)) {
      const row = newest.get(place.session)
      known.set(place.session, row && { boot: bootOf(row), place: { session: place.session, camera: Number(row['camera']), part: Number(row['part']) }, isChanged: false })
    }
    return known.get(place.session)
  }
  const heard = (line: HeardLine, place: LinePlace): void => {
    const old = knownOf(place)
    const boot = trackBoot(old?.boot, line)
    if (!boot || boot === old?.boot) return
    if (old && boot.startOffset === old.boot.startOffset) known.set(place.session, { ...old, boot, isChanged: true })
    else {
      if (old) ended.push(old)
      known.set(place.session, { boot, place, isChanged: true })
    }
  }
  const write = ({ boot, place }: Known, isLast: boolean, firmwareOf: (build: string) => number): void => {
    put.run(place.camera, place.part, place.session, boot.build === '' ? 0 : firmwareOf(boot.build), boot.startOffset, boot.endOffset, boot.startMs, boot.endMs, ...bootPhases.map((phase) => boot.begins[phase] ?? null), isLast ? 1 : 0)
  }
  return {
    heard,
    waiting: (line, place) => { if (phaseOf(line.text) === 'login') heard(line, place) },
    save: (firmwareOf) => {
      for (const each of ended) write(each, false, firmwareOf)
      ended = []
      for (const each of known.values()) {
        if (each?.isChanged !== true) continue
        write(each, true, firmwareOf)
        each.isChanged = false
      }
    },
  }
}

function bootOf(row: Record<string, unknown>): TrackedBoot {
  const begins: Partial<Record<BootPhase, number>> = {}
  for (const phase of bootPhases) if (row[phase] !== null) begins[phase] = Number(row[phase])
  return { startOffset: Number(row['start_offset']), endOffset: Number(row['end_offset']), startMs: Number(row['start_ms']), endMs: Number(row['end_ms']), build: String(row['build']), begins }
}

export interface BootSearch { readonly cameras: readonly string[]; readonly firmware?: string | undefined; readonly sinceMs?: number | undefined; readonly untilMs?: number | undefined; readonly session?: string | undefined; readonly startOffset?: number | undefined; readonly limit: number }
export interface FoundBoot extends Omit<TrackedBoot, 'build'> { readonly camera: string; readonly session: string; readonly firmware: string; readonly isLast: boolean }

/** Newest first. */
export function findBoots(database: DatabaseSync, { cameras, firmware, sinceMs, untilMs, session, startOffset, limit }: BootSearch): FoundBoot[] {
  const conditions: string[] = []
  const values: (string | number)[] = []
  const add = (condition: string, ...some: readonly (string | number)[]): void => { conditions.push(condition); values.push(...some) }
  if (cameras.length > 0) add(`boots.camera IN (SELECT id FROM cameras WHERE camera IN (${cameras.map(() => '?').join(', ')}))`, ...cameras)
  if (firmware !== undefined) add('firmwares.text LIKE ? ESCAPE \'\\\'', `%${firmware.replaceAll(/[\\%_]/g, (letter) => `\\${letter}`)}%`)
  if (sinceMs !== undefined) add('start_ms >= ?', sinceMs)
  if (untilMs !== undefined) add('start_ms < ?', untilMs)
  if (session !== undefined) add('session = ?', session)
  if (startOffset !== undefined) add('start_offset = ?', startOffset)
  const sql = `SELECT boots.*, cameras.camera AS camera_name, firmwares.text AS build FROM boots JOIN cameras ON cameras.id = boots.camera JOIN firmwares ON firmwares.id = boots.firmware
    ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`} ORDER BY start_ms DESC LIMIT ?`
  return database.prepare(sql).all(...values, limit).map((row) => {
    const { build, ...boot } = bootOf(row)
    return { ...boot, camera: String(row['camera_name']), session: String(row['session']), firmware: build, isLast: row['is_last'] === 1 }
  })
}
