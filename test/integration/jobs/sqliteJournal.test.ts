import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createJobBook } from '../../../src/main/core/jobs/jobBook.ts'
import { createLeases } from '../../../src/main/core/rack/leases.ts'
import { isAlive } from '../../../src/main/drivers/storage/processIdentity.ts'
import { openSqliteJournal, type SqliteJournal } from '../../../src/main/drivers/storage/sqliteJournal.ts'
import { openSqliteLeases } from '../../../src/main/drivers/storage/sqliteLeases.ts'
import type { JobEvent } from '../../../src/shared/jobs/jobEvent.ts'
import { jobId, numbered, queuedEvent } from '../../support/planFixture.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

let folder = ''
let file = ''
const lines: string[] = []
const open: { close(): void }[] = []
const journalOf = (more: { process?: string; maxBytes?: number } = {}): SqliteJournal => {
  const journal = openSqliteJournal(file, { log: (line) => { lines.push(line) }, ...more })
  open.push(journal)
  return journal
}
const bookOf = (journal: SqliteJournal) =>
  createJobBook({ journal, clock: createVirtualClock(), newJobId: () => jobId('x'), log: (line) => { lines.push(line) } })
const tamper = (sql: string): void => { const raw = new DatabaseSync(file); raw.exec(sql); raw.close() }

beforeEach(() => { folder = mkdtempSync(path.join(tmpdir(), 'rackbench-journal-')); file = path.join(folder, 'a', 'journal.sqlite'); lines.length = 0 })
afterEach(() => { for (const each of open.splice(0)) each.close(); rmSync(folder, { recursive: true }) })

test('what was appended is read again after a restart, in order', () => {
  const events = numbered('j1', [{ type: 'job-started' }, { type: 'noted', level: 'info', message: 'täst \u0000 ✓' }, { type: 'job-cancelled', verdict: 'cancelled', elapsedMs: 1 }])
  const first = journalOf()
  for (const event of events) first.append(event)
  first.close()
  const again = journalOf()
  expect(again.read(jobId('j1'), 0)).toEqual(events)
  expect(again.read(jobId('j1'), 2)).toEqual(events.slice(2))
  expect(again.count()).toBe(4)
  expect(again.jobs().map(({ id, state }) => [id, state])).toEqual([['j1', 'cancelled']])
})

test('the same sequence twice is refused: nothing is overwritten', () => {
  const journal = journalOf()
  journal.append(queuedEvent('j1'))
  expect(() => { journal.append(queuedEvent('j1')) }).toThrowError()
  expect(journal.count()).toBe(1)
})

test('an event that could not be read again is not written', () => {
  const journal = journalOf()
  const bad = { ...queuedEvent('j1'), job: '../../etc' } as unknown as JobEvent
  expect(() => { journal.append(bad) }).toThrowError(expect.objectContaining({ code: 'internal/bug' }) as Error)
})

test.each([
  ['not JSON', `UPDATE events SET json = '{"half' WHERE job = 'j1' AND sequence = 3`],
  ['not an event', `UPDATE events SET json = '{"type":"job-exploded"}' WHERE job = 'j1' AND sequence = 3`],
  ['of another place', `UPDATE events SET json = replace(json, '"sequence":3', '"sequence":4') WHERE job = 'j1' AND sequence = 3`],
  ['missing', `DELETE FROM events WHERE job = 'j1' AND sequence = 3`],
])('a row that is %s is reported and marked, and the others are read', (_, sql) => {
  const first = journalOf()
  for (const name of ['j0', 'j1']) {
    for (const event of numbered(name, [{ type: 'job-started' }, { type: 'noted', level: 'info', message: 'm' }, { type: 'phase-started', phase: 'fastboot' }])) first.append(event)
  }
  first.close()
  tamper(sql)
  const journal = journalOf({ process: 'another' })
  const job = journal.jobs().find(({ id }) => id === 'j1')
  expect(job).toMatchObject({ sequence: 4, phase: 'fastboot', notes: [{ level: 'warning', message: 'Entry 3 of this job is damaged in the journal and was left out' }] })
  expect(lines).toEqual(['journal: entry 3 of job j1 is damaged or missing'])
  expect(journal.damaged()).toBe(1)
  expect(journal.jobs()).toHaveLength(2)
})

test('a job whose first event is damaged is left out and reported, the rest of the list lives', () => {
  const first = journalOf()
  first.append(queuedEvent('j0'))
  first.append(queuedEvent('j1'))
  first.close()
  tamper(`UPDATE events SET json = 'x' WHERE job = 'j0'`)
  expect(journalOf().jobs().map(({ id }) => id)).toEqual(['j1'])
  expect(lines.join()).toContain('j0')
})

test('a full disk has its own code, and what was there stays', () => {
  const journal = journalOf({ maxBytes: 100_000 })
  let kept = 0
  expect(() => { for (; kept < 1000; kept += 1) journal.append(queuedEvent(`k${kept}`)) })
    .toThrowError(expect.objectContaining({ code: 'host/disk-full' }) as Error)
  expect(kept).toBeGreaterThan(3)
  expect(journal.jobs()).toHaveLength(kept)
})

test('a file that is no journal, and one from the future, are refused with a next step', () => {
  journalOf().close()
  tamper('PRAGMA user_version = 99')
  expect(() => journalOf()).toThrowError(expect.objectContaining({ code: 'input/not-supported' }) as Error)
  writeFileSync(file, 'this is no database, whatever its name says. '.repeat(100))
  rmSync(`${file}-wal`, { force: true })
  expect(() => journalOf()).toThrowError(expect.objectContaining({ code: 'host/io' }) as Error)
})

const startWriter = async () => {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../../support/journalWriter.ts'), file], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return { child, kill: async () => { const gone = once(child, 'exit'); process.kill(child.pid!, 'SIGKILL'); await gone } }
}

test('two processes: the other one is left alone while it lives, and after SIGKILL its job is interrupted and its lease taken over', async () => {
  const writer = await startWriter()
  try {
    const alive = journalOf()
    const book = bookOf(alive)
    expect(book.get(jobId('crashed')).state).toBe('running')
    expect(() => { book.cancel(jobId('crashed')) }).toThrowError(expect.objectContaining({ code: 'input/not-supported' }) as Error)
    const store = openSqliteLeases(file)
    open.push(store)
    const leases = createLeases({ store, clock: createVirtualClock(), log: (line) => { lines.push(line) } })
    const { signal } = new AbortController()
    await expect(leases.take('cam-1', 'me', signal)).rejects.toMatchObject({
      code: 'pod/busy', context: { holder: 'Restore of Camera 1 (other process)' },
    })
    await writer.kill()
    expect(book.get(jobId('crashed'))).toMatchObject({ state: 'interrupted', verdict: 'interrupted' })
    expect(leases.holderOf('cam-1')).toBeUndefined()
    const lease = await leases.take('cam-1', 'me', signal)
    expect(lease.takenOverFrom?.holder).toContain('other process')
    await expect(leases.take('cam-1', 'somebody', signal)).rejects.toMatchObject({ code: 'pod/busy', context: { holder: 'me' } })
    await lease.release()
    await lease.release()
    const second = await leases.take('cam-1', 'somebody', signal)
    // A late release of the first must not free the second.
    await lease.release()
    expect(leases.holderOf('cam-1')?.holder).toBe('somebody')
    await second.release()
  } finally {
    if (writer.child.exitCode === null && writer.child.signalCode === null) await writer.kill()
  }
})

test('a pid that was given away again is not the process that had it', () => {
  expect(isAlive(`${process.pid}:1:00000000-0000-0000-0000-000000000000`)).toBe(false)
  expect(isAlive('nonsense')).toBe(false)
  expect(isAlive('-1')).toBe(false)
})

test('what is given back while the disk is full is free at once here, and for others when there is room again', () => {
  journalOf()
  const [here, other] = [openSqliteLeases(file), openSqliteLeases(file)]
  open.push(here, other)
  const taken = here.tryTake('cam-1', { holder: 'Restore of cam-1', sinceMs: 1 })
  if (taken.kind !== 'taken') throw new Error('it was free')
  tamper("CREATE TRIGGER full BEFORE DELETE ON leases BEGIN SELECT RAISE(ABORT, 'full'); END")
  here.free('cam-1', taken.token)
  expect(here.holderOf('cam-1')).toBeUndefined()
  expect(other.holderOf('cam-1')?.holder).toBe('Restore of cam-1')
  tamper('DROP TRIGGER full')
  expect(here.holderOf('cam-1')).toBeUndefined()
  expect(other.holderOf('cam-1')).toBeUndefined()
  expect(here.tryTake('cam-1', { holder: 'the next one', sinceMs: 2 })).toMatchObject({ kind: 'taken', takenOverFrom: undefined })
  expect(here.holderOf('cam-1')?.holder).toBe('the next one')
})
