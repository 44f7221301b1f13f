import process from 'node:process'
import type { DatabaseSync } from 'node:sqlite'
import { type AttemptKey, type AttemptResult, attemptResultSchema, type BatchEvent, batchEventSchema } from '../../../shared/batch/batchEvent.ts'
import { type BatchId, batchIdSchema } from '../../../shared/batch/batchPlan.schema.ts'
import { type BatchQueue, type BatchWork, batchWishSchema, type CollectedWork, mostWishes, tooManyWishes } from '../../../shared/batch/batchQueue.ts'
import { cameraIdSchema } from '../../../shared/devices/ids.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { describeProcess, isAlive } from './processIdentity.ts'
import { guarded, inTransaction, openDatabase } from './sqliteFile.ts'

const what = 'batch'
// What was told of a batch is a fact; the triggers keep accidents away.
const schema = `
  CREATE TABLE events (batch TEXT NOT NULL, sequence INTEGER NOT NULL, type TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (batch, sequence)) STRICT, WITHOUT ROWID;
  CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are only appended to'); END;
  CREATE TRIGGER events_remain BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are only appended to'); END;
  CREATE TABLE batches (number INTEGER PRIMARY KEY AUTOINCREMENT, batch TEXT NOT NULL UNIQUE, decider TEXT) STRICT;
  CREATE TABLE works (
    number INTEGER PRIMARY KEY AUTOINCREMENT, batch TEXT NOT NULL, item INTEGER NOT NULL, attempt INTEGER NOT NULL, camera TEXT NOT NULL,
    worker TEXT, result TEXT, UNIQUE (batch, item, attempt)
  ) STRICT;
  CREATE INDEX owners ON works (worker);
  CREATE INDEX ended ON works (batch) WHERE result IS NOT NULL;
`
// Files from before it get it when they are opened.
const wishTable = 'CREATE TABLE IF NOT EXISTS wishes (number INTEGER PRIMARY KEY AUTOINCREMENT, batch TEXT NOT NULL, json TEXT NOT NULL) STRICT'
/**
 * The disk is waited for where a person's wish or a stop would be lost with the power. An attempt whose end is lost that way is done once
 * more, and never told as passed; the journal of its job has it for certain.
 */
const passing: ReadonlySet<string> = new Set(['attempt-started', 'attempt-ended'])

type Row = Readonly<Record<string, unknown>>
const workOf = (row: Row): BatchWork => ({ batch: batchIdSchema.parse(row['batch']), item: Number(row['item']), attempt: Number(row['attempt']), camera: cameraIdSchema.parse(row['camera']) })

function prepare(database: DatabaseSync) {
  return {
    last: database.prepare('SELECT max(sequence) AS last FROM events WHERE batch = ?'),
    insert: database.prepare('INSERT INTO events (batch, sequence, type, json) VALUES (?, ?, ?, ?)'),
    name: database.prepare('INSERT INTO batches (batch) VALUES (?)'),
    read: database.prepare('SELECT sequence, json FROM events WHERE batch = ? AND sequence > ? ORDER BY sequence LIMIT ?'),
    batches: database.prepare('SELECT batch FROM batches ORDER BY number'),
    decider: database.prepare('SELECT decider FROM batches WHERE batch = ?'),
    decide: database.prepare('UPDATE batches SET decider = ? WHERE batch = ?'),
    add: database.prepare('INSERT OR IGNORE INTO works (batch, item, attempt, camera) VALUES (?, ?, ?, ?)'),
    waiting: database.prepare('SELECT * FROM works WHERE worker IS NULL ORDER BY number'),
    claim: database.prepare('UPDATE works SET worker = ? WHERE number = ?'),
    finish: database.prepare('UPDATE works SET result = ? WHERE batch = ? AND item = ? AND attempt = ? AND worker = ? AND result IS NULL'),
    ofBatch: database.prepare('SELECT * FROM works WHERE batch = ? ORDER BY number'),
    ended: database.prepare('SELECT * FROM works WHERE batch = ? AND result IS NOT NULL ORDER BY number'),
    // Two ranges of an index: the answer is nearly always no, and asked after each attempt.
    others: database.prepare('SELECT 1 FROM works WHERE worker < ?1 OR worker > ?1 LIMIT 1'),
    find: database.prepare('SELECT * FROM works WHERE batch = ? AND item = ? AND attempt = ?'),
    countWishes: database.prepare('SELECT COUNT(*) AS count FROM wishes WHERE batch = ?'),
    wish: database.prepare('INSERT INTO wishes (batch, json) VALUES (?, ?)'),
    wishes: database.prepare('SELECT json FROM wishes WHERE batch = ? ORDER BY number'),
    forget: database.prepare('DELETE FROM wishes WHERE number IN (SELECT number FROM wishes WHERE batch = ? ORDER BY number LIMIT ?)'),
    drop: database.prepare('DELETE FROM works WHERE number = ?'),
  }
}

export interface SqliteBatchesOptions {
  readonly log: (line: string) => void
  /** Who works here; a test has several in one process. */
  readonly worker?: string
  /** Whether the bench of that name still lives; this computer's processes are asked otherwise. */
  readonly isAlive?: (worker: string) => boolean
}

/** The queue of one computer, in a file beside the journal. Other programs of this user may have it open, too. */
export function openSqliteBatches(file: string, { log, worker, isAlive: lives = isAlive }: SqliteBatchesOptions): BatchQueue {
  const database = openDatabase(file, { what, schema, version: 1 })
  // A checkpoint waits for the disk; a thousand attempts are worth one, and not ten.
  database.exec('PRAGMA wal_autocheckpoint = 8000')
  guarded(file, () => { database.exec(wishTable) }, what)
  const sql = prepare(database)
  const self = worker ?? describeProcess(process.pid) ?? String(process.pid)
  const listeners = new Set<() => void>()
  const ring = (): void => { for (const listener of [...listeners]) listener() }
  const held = <T>(work: () => T): T => guarded(file, () => inTransaction(database, work), what)
  let isSyncing = true
  const setSyncing = (wanted: boolean): void => {
    if (wanted === isSyncing) return
    database.exec(`PRAGMA synchronous = ${wanted ? 'FULL' : 'NORMAL'}`)
    isSyncing = wanted
  }
  // One question a process and a pass: a thousand rows have few workers.
  const living = (): ((who: string) => boolean) => {
    const known = new Map<string, boolean>([[self, true]])
    return (who) => {
      const answer = known.get(who) ?? lives(who)
      known.set(who, answer)
      return answer
    }
  }

  const append = (events: readonly BatchEvent[]): void => {
    for (const event of events) {
      const last = Number(sql.last.get(event.batch)?.['last'] ?? 0)
      if (event.sequence !== last + 1) throw new WorkbenchError('input/conflict', `Event ${event.sequence} of batch ${event.batch} comes after ${last}`, { context: { batch: event.batch, sequence: event.sequence } })
      if (event.type === 'batch-queued') sql.name.run(event.batch)
      sql.insert.run(event.batch, event.sequence, event.type, JSON.stringify(event))
    }
  }
  const add = (works: readonly BatchWork[]): void => { for (const { batch, item, attempt, camera } of works) sql.add.run(batch, item, attempt, camera) }
  const drop = (keys: readonly AttemptKey[]): AttemptKey[] => {
    const asked = living()
    return keys.filter(({ batch, item, attempt }) => {
      const row = sql.find.get(batch, item, attempt)
      if (!row || (row['worker'] !== null && row['result'] === null && asked(String(row['worker'])))) return false
      sql.drop.run(Number(row['number']))
      return true
    })
  }
  const eventOf = (batch: BatchId, row: Row): BatchEvent => {
    const event = batchEventSchema.safeParse(parseJson(row['json']))
    if (event.success && event.data.batch === batch && event.data.sequence === row['sequence']) return event.data
    throw new WorkbenchError('host/io', `Entry ${Number(row['sequence'])} of batch ${batch} is damaged`, { context: { file, batch }, hint: 'Its jobs are in the journal; the batch itself cannot go on' })
  }
  const collected = (row: Row, lives: (who: string) => boolean): CollectedWork | undefined => {
    const work = workOf(row)
    if (row['result'] !== null) {
      const result = attemptResultSchema.safeParse(parseJson(row['result']))
      if (result.success) return { work, result: result.data }
      log(`batch ${work.batch}: the result of item ${work.item} is damaged and counts as lost`)
      return { work, lost: true }
    }
    return row['worker'] !== null && !lives(String(row['worker'])) ? { work, lost: true } : undefined
  }
  const ofBatch = (batch: BatchId): Row[] => guarded(file, () => sql.ofBatch.all(batch), what)

  return {
    append: async (events, { add: added = [], drop: dropped = [] } = {}) => {
      for (const event of events) {
        const checked = batchEventSchema.safeParse(event)
        if (!checked.success) throw new WorkbenchError('internal/bug', `"${event.type}" of a batch could not be read again`, { cause: checked.error })
      }
      setSyncing(events.some(({ type }) => !passing.has(type)))
      held(() => {
        append(events)
        add(added)
        drop(dropped)
      })
      if (added.length > 0) ring()
    },
    read: async (batch, after, atMost) => guarded(file, () => sql.read.all(batch, after, atMost ?? -1), what).map((row) => eventOf(batch, row)),
    batches: async () => guarded(file, () => sql.batches.all().map((row) => batchIdSchema.parse(row['batch'])), what),
    adopt: async (batch) => held(() => {
      const decider: unknown = sql.decider.get(batch)?.['decider']
      if (typeof decider === 'string' && decider !== self && lives(decider)) return false
      sql.decide.run(self, batch)
      return true
    }),
    add: async (works) => {
      setSyncing(false)
      held(() => { add(works) })
      ring()
    },
    take: async (cameras, atMost) => {
      setSyncing(false)
      // Most looks find nothing, and a look alone needs nobody to wait.
      if (atMost <= 0 || guarded(file, () => sql.waiting.get(), what) === undefined) return []
      return held(() => {
        const rows = sql.waiting.all().filter((row) => cameras?.has(cameraIdSchema.parse(row['camera'])) ?? true).slice(0, atMost)
        for (const row of rows) sql.claim.run(self, Number(row['number']))
        return rows.map(workOf)
      })
    },
    finish: async ({ batch, item, attempt }: AttemptKey, result: AttemptResult) => {
      setSyncing(false)
      const { changes } = guarded(file, () => sql.finish.run(JSON.stringify(result), batch, item, attempt, self), what)
      if (Number(changes) === 0) throw new WorkbenchError('input/conflict', `Item ${item} of batch ${batch} is not this bench's`, { context: { item } })
      ring()
    },
    collect: async (batch) => {
      const asked = living()
      const rows = guarded(file, () => (sql.others.get(self) ? sql.ofBatch : sql.ended).all(batch), what)
      return rows.flatMap((row) => collected(row, asked) ?? [])
    },
    pending: async (batch) => {
      const asked = living()
      return ofBatch(batch).filter((row) => collected(row, asked) === undefined).map(workOf)
    },
    drop: async (keys) => {
      setSyncing(false)
      return held(() => drop(keys))
    },
    wish: async (batch, wish) => {
      setSyncing(true)
      held(() => {
        if (Number(sql.countWishes.get(batch)?.['count']) >= mostWishes) throw tooManyWishes(batch)
        sql.wish.run(batch, JSON.stringify(wish))
      })
      ring()
    },
    wishes: async (batch) => guarded(file, () => sql.wishes.all(batch), what).map((row) => batchWishSchema.safeParse(parseJson(row['json'])).data),
    forgetWishes: async (batch, count) => { guarded(file, () => sql.forget.run(batch, count), what) },
    onNews: (listener) => { listeners.add(listener); return () => { listeners.delete(listener) } },
    close: async () => { if (database.isOpen) database.close() },
  }
}

function parseJson(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return undefined // damaged, which the caller tells
  }
}
