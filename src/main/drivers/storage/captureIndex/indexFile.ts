import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { bootSchema } from './bootTable.ts'

const schemaVersion = 2
/** Line numbers count milliseconds from here, so that the newest lines have the highest numbers and a stretch of time is a stretch of numbers. */
const epochMs = Date.UTC(2020, 0, 1)
const linesPerMs = 4096

export const lineIdAt = (atMs: number): number => Math.max(0, Math.floor((atMs - epochMs) * linesPerMs))
export const timeOfLine = (id: number): number => Math.floor(id / linesPerMs) + epochMs

/** A word that no keyboard types: with it a search in one camera needs no list of its lines. */
export const cameraWord = (camera: number): string => `\ue000${camera}`

/** Lines that are unlike more than this many others share one kind, number 0: binary noise never repeats. */
export const mostKinds = 200_000

const schema = `
  CREATE TABLE cameras (id INTEGER PRIMARY KEY, camera TEXT NOT NULL UNIQUE, firmware INTEGER NOT NULL) STRICT;
  CREATE TABLE parts (
    id INTEGER PRIMARY KEY, base TEXT NOT NULL UNIQUE, camera INTEGER NOT NULL, session TEXT NOT NULL, start_offset INTEGER NOT NULL,
    resume_offset INTEGER NOT NULL, resume_record INTEGER NOT NULL, first_line INTEGER, last_line INTEGER, is_done INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE lines (id INTEGER PRIMARY KEY, part INTEGER NOT NULL, offset INTEGER NOT NULL, kind INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
  CREATE INDEX lines_of_kind ON lines (kind);
  CREATE VIRTUAL TABLE words USING fts5 (text, content = '', contentless_delete = 1, detail = none, tokenize = "unicode61 remove_diacritics 0");
  CREATE TABLE kinds (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, lines INTEGER NOT NULL) STRICT;
  INSERT INTO kinds VALUES (0, '', 0);
  CREATE TABLE firmwares (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
  INSERT INTO firmwares VALUES (0, '');
  CREATE TABLE seen (kind INTEGER NOT NULL, firmware INTEGER NOT NULL, first_line INTEGER NOT NULL, lines INTEGER NOT NULL, PRIMARY KEY (kind, firmware)) STRICT, WITHOUT ROWID;
  CREATE INDEX seen_first ON seen (first_line);
  ${bootSchema}
`

export interface OpenedIndex {
  readonly database: DatabaseSync
  /** There was a file, and it could not be used. */
  readonly wasDamaged: boolean
  readonly isNew: boolean
}

/** SQLite's own words for a file that is damaged, or none of its own; one of another version is as useless. */
const otherFormat = 26
const damaged = new Set([11, otherFormat])

export const isDamage = (error: unknown): boolean => error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && damaged.has(error.errcode & 0xff)

/** For the one that writes. A damaged file, or one of another version, is thrown away: the logs have everything. */
export function openIndexFile(file: string): OpenedIndex {
  try {
    return { ...open(file), wasDamaged: false }
  } catch (error) {
    // A full disk or a missing right would be no better for a new file.
    if (!isDamage(error)) throw error
    removeIndexFile(file)
    return { ...open(file), wasDamaged: true }
  }
}

export function removeIndexFile(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
}

/** For searches, beside the writer. */
export function openIndexForReading(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 2_000 })
  database.exec('PRAGMA cache_size = -65536; PRAGMA mmap_size = 2147483648')
  return database
}

function open(file: string): { readonly database: DatabaseSync; readonly isNew: boolean } {
  const database = new DatabaseSync(file, { timeout: 5_000 })
  try {
    // NORMAL: what a power cut takes from here is read from the logs again.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -131072; PRAGMA wal_autocheckpoint = 16384')
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version !== 0 && version !== schemaVersion) throw Object.assign(new Error(`The search index is of version ${version}`), { errcode: otherFormat })
    if (version === 0) database.exec(`BEGIN; ${schema} PRAGMA user_version = ${schemaVersion}; COMMIT`)
    // Finds a file that was cut or written over, not each wrong bit; those come up as errors later, and the index is made anew then.
    database.prepare('SELECT count(*) AS parts FROM parts, cameras').get()
    database.prepare('SELECT max(id) AS id FROM lines').get()
    return { database, isNew: version === 0 }
  } catch (error) {
    database.close()
    throw error
  }
}
