import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeFoldersSync } from '../files/makeFolders.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

const schemaVersion = 1
/** Another process holds the file for the time of one commit, not longer. */
const busyTimeoutMs = 5_000

/** Each job has exactly one of these, and last. */
export const endTypes = `'job-succeeded', 'job-failed', 'job-cancelled', 'job-interrupted'`

const schema = `
  CREATE TABLE events (
    job TEXT NOT NULL, sequence INTEGER NOT NULL, at_ms REAL NOT NULL, type TEXT NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (job, sequence)
  ) STRICT;
  CREATE INDEX ends ON events (job) WHERE type IN (${endTypes});
  CREATE TABLE owners (number INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL UNIQUE, process TEXT NOT NULL) STRICT;
  CREATE TABLE leases (
    resource TEXT PRIMARY KEY, holder TEXT NOT NULL, since_ms REAL NOT NULL, pid INTEGER NOT NULL, process TEXT NOT NULL, token TEXT NOT NULL
  ) STRICT;
`

/** SQLite's primary result codes that mean something else than "a bug of ours". */
const full = 13
const damaged = new Set([11, 26])
const refused = new Set([3, 8, 14, 23])
const busy = new Set([5, 6])

/** Runs `work`; SQLite's errors come out as `host/…`. `what` the file is, for the middle of a sentence. */
export function guarded<T>(file: string, work: () => T, what = 'journal'): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof Error) || !('errcode' in cause) || typeof cause.errcode !== 'number') throw cause
    const code = cause.errcode & 0xff
    const context = { file, sqlite: code }
    if (code === full) {
      throw new WorkbenchError('host/disk-full', `The ${what} cannot grow: the disk is full`, { cause, context, hint: `Free some space where ${file} lies` })
    }
    if (damaged.has(code)) {
      throw new WorkbenchError('host/io', `The ${what} file is damaged`, { cause, context, hint: `Rename ${file} to keep it, and start again; a new one is made` })
    }
    if (refused.has(code)) {
      throw new WorkbenchError('host/no-permission', `The ${what} file cannot be opened for writing`, { cause, context, hint: `Check who owns ${file}` })
    }
    const message = busy.has(code) ? `Another program holds the ${what} file` : `The ${what} file could not be read or written`
    throw new WorkbenchError('host/io', message, { cause, context })
  }
}

export interface DatabaseShape {
  readonly what: string
  readonly schema: string
  readonly version: number
}
const journalShape: DatabaseShape = { what: 'journal', schema, version: schemaVersion }

/** One file for journal and leases, and one for the audit log, each shared by every process of this user. */
export function openDatabase(file: string, shape = journalShape): DatabaseSync {
  if (file !== ':memory:') makeFoldersSync(path.dirname(file))
  return guarded(file, () => {
    const database = new DatabaseSync(file, { timeout: busyTimeoutMs })
    try {
      // FULL: with a write-ahead log, NORMAL forgets the last commits when the power goes, and the journal is the truth.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
      prepareSchema(database, file, shape)
      return database
    } catch (error) {
      database.close()
      throw error
    }
  }, shape.what)
}

/** It says that the disk is full at that size. */
export function limitDatabase(database: DatabaseSync, maxBytes: number): void {
  const pageBytes = Number(database.prepare('PRAGMA page_size').get()?.['page_size'])
  database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageBytes))}`)
}

/** All of `work` or nothing. Other processes wait; they may start at the same moment. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // A full disk may have rolled back already.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function prepareSchema(database: DatabaseSync, file: string, { what, schema: tables, version: newest }: DatabaseShape): void {
  inTransaction(database, () => {
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version > newest) {
      throw new WorkbenchError('input/not-supported', `The ${what} was written by a newer Rackbench`, {
        context: { file, version }, hint: 'Update Rackbench, or give it another data folder',
      })
    }
    if (version === 0) database.exec(`${tables} PRAGMA user_version = ${newest}`)
  })
}
