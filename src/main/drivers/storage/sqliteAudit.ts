import { guarded, inTransaction, openDatabase } from './sqliteFile.ts'

const what = 'audit log'
// The triggers keep accidents away; who means it is noticed by the chain.
const schema = `
  CREATE TABLE entries (seq INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT;
  CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END;
  CREATE TRIGGER entries_remain BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END;
`

export interface SqliteAuditOptions {
  /** A quota: the file does not grow beyond it, and that is `host/disk-full`. */
  readonly maxBytes?: number
}

/** What core/audit calls an AuditStore: lines, shared by every process that opens the same file. */
export interface SqliteAudit {
  /** `make` is given the last line and gives the next; nobody comes between, other processes included. On disk when this returns. */
  append(make: (last: { readonly seq: number; readonly line: string } | undefined) => { readonly seq: number; readonly line: string }): void
  /** In order. */
  lines(): string[]
  /** Newest first. */
  newest(count: number): string[]
  close(): void
}

/** A file of its own: a journal that is damaged and put away does not take the audit log with it. */
export function openSqliteAudit(file: string, { maxBytes }: SqliteAuditOptions = {}): SqliteAudit {
  const database = openDatabase(file, { what, schema, version: 1 })
  if (maxBytes !== undefined) {
    const pageBytes = Number(database.prepare('PRAGMA page_size').get()?.['page_size'])
    database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageBytes))}`)
  }
  const last = database.prepare('SELECT seq, line FROM entries ORDER BY seq DESC LIMIT 1')
  const insert = database.prepare('INSERT INTO entries (seq, line) VALUES (?, ?)')
  const all = database.prepare('SELECT line FROM entries ORDER BY seq')
  const some = database.prepare('SELECT line FROM entries ORDER BY seq DESC LIMIT ?')
  const lineOf = (row: Record<string, unknown>): string => String(row['line'])
  return {
    append: (make) => {
      guarded(file, () => {
        inTransaction(database, () => {
          const row = last.get()
          const { seq, line } = make(row && { seq: Number(row['seq']), line: lineOf(row) })
          insert.run(seq, line)
        })
      }, what)
    },
    lines: () => guarded(file, () => all.all().map(lineOf), what),
    newest: (count) => guarded(file, () => some.all(count).map(lineOf), what),
    close: () => { if (database.isOpen) database.close() },
  }
}
