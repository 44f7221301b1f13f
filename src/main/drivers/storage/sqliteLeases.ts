import { randomUUID } from 'node:crypto'
import process from 'node:process'
import { describeProcess, isAlive } from './processIdentity.ts'
import { guarded, inTransaction, openDatabase } from './sqliteFile.ts'

interface Holder { readonly holder: string; readonly sinceMs: number }

/** What core/rack calls a LeaseStore: shared by every process that opens the same file. */
export interface SqliteLeases {
  tryTake(resource: string, by: Holder):
    | { readonly kind: 'taken'; readonly token: string; readonly takenOverFrom: Holder | undefined }
    | { readonly kind: 'held'; readonly by: Holder }
  /** Holds at once in this process; where the disk is full, the others learn of it when there is room again. */
  free(resource: string, token: string): void
  holderOf(resource: string): Holder | undefined
  /** Frees what this store still holds. */
  close(): void
}

/** `file` is the journal's; a row whose process is gone is worth nothing and is taken over. */
export function openSqliteLeases(file: string): SqliteLeases {
  const database = openDatabase(file)
  const self = describeProcess(process.pid) ?? String(process.pid)
  const find = database.prepare('SELECT holder, since_ms, process, token FROM leases WHERE resource = ?')
  const put = database.prepare('INSERT OR REPLACE INTO leases (resource, holder, since_ms, pid, process, token) VALUES (?, ?, ?, ?, ?, ?)')
  const drop = database.prepare('DELETE FROM leases WHERE resource = ? AND token = ?')
  const mine = new Map<string, string>()
  /** Given back while the file could not be written. */
  const owed = new Map<string, string>()

  const rowOf = (resource: string): (Holder & { readonly alive: boolean }) | undefined => {
    const row = find.get(resource)
    return row && { holder: String(row['holder']), sinceMs: Number(row['since_ms']), alive: !owed.has(String(row['token'])) && isAlive(String(row['process'])) }
  }
  const free = (resource: string, token: string): void => {
    mine.delete(token)
    // Clean-up may come after the store was closed, and then the row is gone already.
    if (!database.isOpen) return
    try {
      drop.run(resource, token)
      owed.delete(token)
    } catch {
      owed.set(token, resource)
    }
  }
  const freeOwed = (): void => { for (const [token, resource] of [...owed]) free(resource, token) }
  return {
    tryTake: (resource, { holder, sinceMs }) => { freeOwed(); return guarded(file, () => inTransaction(database, () => {
      const row = rowOf(resource)
      const by = row && { holder: row.holder, sinceMs: row.sinceMs }
      if (by && row.alive) return { kind: 'held', by } as const
      const token = randomUUID()
      put.run(resource, holder, sinceMs, process.pid, self, token)
      mine.set(token, resource)
      return { kind: 'taken', token, takenOverFrom: by } as const
    })) },
    free,
    holderOf: (resource) => guarded(file, () => {
      freeOwed()
      const row = rowOf(resource)
      return row?.alive ? { holder: row.holder, sinceMs: row.sinceMs } : undefined
    }),
    close: () => {
      for (const [token, resource] of [...mine, ...owed]) free(resource, token)
      if (database.isOpen) database.close()
    },
  }
}
