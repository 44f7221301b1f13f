import process from 'node:process'
import type { DatabaseSync } from 'node:sqlite'
import type { JobId } from '../../../shared/devices/ids.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type JobEvent, jobEventSchema } from '../../../shared/jobs/jobEvent.ts'
import { type Job, reduceJob } from '../../../shared/jobs/reduceJob.ts'
import { describeProcess, isAlive } from './processIdentity.ts'
import { endTypes, guarded, inTransaction, limitDatabase, openDatabase } from './sqliteFile.ts'

/** Older finished jobs stay in the file and can be asked for by id; folding them all would make every start slower. */
const newestJobs = 200
/** More missing rows than this are no accident of one page. */
const maxHole = 1_000
/** Progress may be lost by a power cut; a commit without fsync costs 20 microseconds and not 5 milliseconds. */
const progress: ReadonlySet<string> = new Set(['phase-progressed', 'staging-progressed'])

export interface SqliteJournalOptions {
  readonly log: (line: string) => void
  /** Who writes here; another process's unfinished jobs are left alone while it lives. */
  readonly process?: string
  /** A quota: the file does not grow beyond it, and that is `host/disk-full`. */
  readonly maxBytes?: number
}

/** What core/jobs calls a JobJournal. */
export interface SqliteJournal {
  append(event: JobEvent): void
  read(job: JobId, after: number): JobEvent[]
  jobs(): Job[]
  isAbandoned(job: JobId): boolean
  count(): number
  damaged(): number
  close(): void
}

interface Row { readonly sequence: number; readonly atMs: number; readonly json: string }

const rowOf = (row: Record<string, unknown>): Row => ({ sequence: Number(row['sequence']), atMs: Number(row['at_ms']), json: String(row['json']) })

function parseRow(job: JobId, row: Row): JobEvent | undefined {
  try {
    const checked = jobEventSchema.safeParse(JSON.parse(row.json))
    if (!checked.success || checked.data.job !== job || checked.data.sequence !== row.sequence) return undefined
    return checked.data
  } catch {
    // Not even JSON: damaged, which the caller reports.
    return undefined
  }
}

const standIn = (job: JobId, sequence: number, atMs: number): JobEvent => ({
  job, sequence, atMs, type: 'noted', level: 'warning', message: `Entry ${sequence} of this job is damaged in the journal and was left out`,
})

function createRowReader(log: (line: string) => void): { read(job: JobId, after: number, rows: readonly Row[]): JobEvent[]; damaged(): number } {
  const reported = new Set<string>()
  const report = (job: JobId, sequence: number): void => {
    const key = `${job} ${sequence}`
    if (reported.has(key)) return
    reported.add(key)
    log(`journal: entry ${sequence} of job ${job} is damaged or missing`)
  }
  return {
    read: (job, after, rows) => {
      const events: JobEvent[] = []
      let last = after
      for (const row of rows) {
        if (row.sequence - last > maxHole) { report(job, last + 1); break }
        for (let missing = last + 1; missing < row.sequence; missing += 1) {
          report(job, missing)
          events.push(standIn(job, missing, row.atMs))
        }
        const event = parseRow(job, row)
        if (!event) report(job, row.sequence)
        events.push(event ?? standIn(job, row.sequence, row.atMs))
        last = row.sequence
      }
      return events
    },
    damaged: () => reported.size,
  }
}

function prepare(database: DatabaseSync) {
  return {
    insert: database.prepare('INSERT INTO events (job, sequence, at_ms, type, json) VALUES (?, ?, ?, ?, ?)'),
    own: database.prepare('INSERT INTO owners (job, process) VALUES (?, ?)'),
    owner: database.prepare('SELECT process FROM owners WHERE job = ?'),
    read: database.prepare('SELECT sequence, at_ms, json FROM events WHERE job = ? AND sequence > ? ORDER BY sequence'),
    count: database.prepare('SELECT count(*) AS events FROM events'),
    jobs: database.prepare(`
      SELECT job FROM owners WHERE number > (SELECT coalesce(max(number), 0) - ${newestJobs} FROM owners)
      OR job NOT IN (SELECT job FROM events WHERE type IN (${endTypes})) ORDER BY number`),
  }
}

/** Opens or makes the journal; `host/no-permission`, `host/io`, `host/disk-full`, `input/not-supported` (newer format). */
export function openSqliteJournal(file: string, options: SqliteJournalOptions): SqliteJournal {
  const database = openDatabase(file)
  if (options.maxBytes !== undefined) limitDatabase(database, options.maxBytes)
  const sql = prepare(database)
  const reader = createRowReader(options.log)
  const self = options.process ?? describeProcess(process.pid) ?? String(process.pid)
  let events = Number(sql.count.get()?.['events'])
  let isSyncing = true
  const setSyncing = (wanted: boolean): void => {
    if (wanted === isSyncing) return
    database.exec(`PRAGMA synchronous = ${wanted ? 'FULL' : 'NORMAL'}`)
    isSyncing = wanted
  }
  const read = (job: JobId, after: number): JobEvent[] =>
    guarded(file, () => reader.read(job, after, sql.read.all(job, after).map(rowOf)))

  const fold = (id: JobId): Job | undefined => {
    try {
      return read(id, 0).reduce<Job | undefined>((job, event) => reduceJob(job, event), undefined)
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code.startsWith('host/')) throw error
      options.log(`journal: job ${id} cannot be read (${error.message}) and is left out`)
      return undefined
    }
  }

  return {
    append: (event) => {
      const checked = jobEventSchema.safeParse(event)
      if (!checked.success) throw new WorkbenchError('internal/bug', `"${event.type}" could not be read again`, { cause: checked.error })
      guarded(file, () => {
        setSyncing(!progress.has(event.type))
        const { job, sequence, atMs, type } = event
        inTransaction(database, () => {
          if (type === 'job-queued') sql.own.run(job, self)
          sql.insert.run(job, sequence, atMs, type, JSON.stringify(event))
        })
        events += 1
      })
    },
    read,
    jobs: () => guarded(file, () => sql.jobs.all().map((row) => String(row['job']) as JobId))
      .map(fold).filter((job): job is Job => job !== undefined),
    isAbandoned: (job) => {
      const owner = guarded(file, () => sql.owner.get(job))?.['process']
      return typeof owner !== 'string' || (owner !== self && !isAlive(owner))
    },
    count: () => events,
    damaged: () => reader.damaged(),
    close: () => { if (database.isOpen) database.close() },
  }
}
