import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { type AuditLog, createAuditLog, createMemoryAuditStore } from '../../../src/main/core/audit/auditLog.ts'
import { auditLostJobs, createJobAudit } from '../../../src/main/core/audit/jobAudit.ts'
import { hashHex } from '../../../src/main/drivers/host/randomness.ts'
import { openSqliteAudit, type SqliteAudit } from '../../../src/main/drivers/storage/sqliteAudit.ts'
import type { JobNews } from '../../../src/shared/jobs/jobEvent.ts'
import { type Job, reduceJob } from '../../../src/shared/jobs/reduceJob.ts'
import { numbered } from '../../support/planFixture.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'

const writer = join(import.meta.dirname, '../../support/auditWriter.ts')
const hashText = (text: string): string => hashHex('sha256', new TextEncoder().encode(text))

async function tempFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-audit-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  return join(folder, 'audit.sqlite')
}
function open(file: string, maxBytes?: number): { readonly audit: AuditLog; readonly store: SqliteAudit; readonly logged: string[] } {
  const logged: string[] = []
  const store = openSqliteAudit(file, maxBytes === undefined ? {} : { maxBytes })
  onTestFinished(() => { store.close() })
  return { store, logged, audit: createAuditLog({ store, clock: { wallMs: () => 1_000 }, who: { host: 'cli', user: 'ann' }, hashText, log: (line) => { logged.push(line) } }) }
}

test('an act is written down before it is done, and how it ended afterwards', async () => {
  const { audit } = open(await tempFile())
  await audit.around({ what: 'power off', subject: 'cam-01' }, async () => {
    expect(audit.list({ limit: 10 })).toMatchObject([{ seq: 1, what: 'power off', subject: 'cam-01', who: { host: 'cli', user: 'ann' } }])
  })
  await expect(audit.around({ what: 'remove pod', subject: 'pod-1' }, async () => { throw new WorkbenchError('pod/busy', 'a job has it') })).rejects.toMatchObject({ code: 'pod/busy' })
  expect(audit.list({ limit: 10 }).map(({ seq, what, details }) => ({ seq, what, details }))).toEqual([
    { seq: 4, what: 'outcome', details: { of: 3, outcome: 'failed', code: 'pod/busy', why: 'a job has it' } },
    { seq: 3, what: 'remove pod', details: {} },
    { seq: 2, what: 'outcome', details: { of: 1, outcome: 'done' } },
    { seq: 1, what: 'power off', details: {} },
  ])
  expect(audit.verify()).toMatchObject({ state: 'ok', entries: 4 })
})

test('what cannot be written down is not done, and the words say why', async () => {
  let isDone = false
  const audit = createAuditLog({ store: createMemoryAuditStore(() => { throw new WorkbenchError('host/disk-full', 'The audit log cannot grow: the disk is full', { hint: 'Free some space' }) }), clock: { wallMs: () => 0 }, who: { host: 'cli', user: 'ann' }, hashText, log: () => undefined })
  await expect(audit.around({ what: 'power off', subject: 'cam-01' }, async () => { isDone = true })).rejects.toMatchObject({
    code: 'host/disk-full', message: expect.stringContaining('Nothing was done (power off of cam-01)') as string, hint: 'Free some space',
  })
  expect(isDone).toBe(false)
})

test('a full disk is said, and the chain before it stays right', async () => {
  const file = await tempFile()
  const { audit } = open(file, 64 * 1024)
  const fill = (): void => { for (let number = 0; number < 1_000; number += 1) audit.append({ what: 'note', subject: 'x', details: { text: 'y'.repeat(300) } }) }
  expect(fill).toThrow(/disk is full/)
  const { state, entries } = open(file).audit.verify()
  expect(state).toBe('ok')
  expect(entries).toBeGreaterThan(10)
})

test('two processes write one chain, and one that is killed leaves it whole', async () => {
  const file = await tempFile()
  const { audit, store } = open(file)
  const killed = spawn(process.execPath, [writer, file, 'killed'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const steady = spawn(process.execPath, [writer, file, 'steady', '60'], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => { killed.kill('SIGKILL'); steady.kill('SIGKILL') })
  const told = { killed: 0 }
  killed.stdout.setEncoding('utf8').on('data', (text: string) => {
    told.killed = Number(text.trimEnd().split('\n').at(-1))
    if (told.killed >= 20) killed.kill('SIGKILL')
  })
  steady.stdout.resume()
  for (let number = 0; number < 20; number += 1) audit.append({ what: 'note', subject: 'here', details: { number } })
  const [[, signal], [code]] = await Promise.all([once(killed, 'exit'), once(steady, 'exit')])
  expect({ signal: signal as string, code: code as number }).toEqual({ signal: 'SIGKILL', code: 0 })
  audit.append({ what: 'note', subject: 'here', details: { number: 'last' } })
  const { state, entries } = audit.verify()
  expect(state).toBe('ok')
  // Each that was told is there: 21 here, 60 there, and what the third had said before its end.
  expect(entries).toBeGreaterThanOrEqual(81 + told.killed)
  expect(store.lines()).toHaveLength(entries)
}, 30_000)

test('an entry that somebody changed in the file is found, and what is done afterwards is still written down', async () => {
  const file = await tempFile()
  const { audit, store } = open(file)
  for (const number of [1, 2, 3]) audit.append({ what: 'note', subject: 'cam-01', details: { number } })
  const { head } = audit.verify()
  const other = new DatabaseSync(file)
  expect(() => other.exec("UPDATE entries SET line = 'x' WHERE seq = 2")).toThrow(/only appended/)
  expect(() => other.exec('DELETE FROM entries')).toThrow(/only appended/)
  other.exec("DROP TRIGGER entries_stay; UPDATE entries SET line = replace(line, 'cam-01', 'cam-02') WHERE seq = 2")
  expect(audit.verify()).toMatchObject({ state: 'broken', seq: 2, entries: 1 })
  other.exec("UPDATE entries SET line = 'rubbish' WHERE seq = 3")
  other.close()
  expect(audit.append({ what: 'note', subject: 'cam-01' })).toMatchObject({ seq: 4, details: { note: 'entry 3 cannot be read' } })
  expect(audit.verify(head).state).toBe('broken')
  expect(store.lines()).toHaveLength(4)
})

test('entries that were cut off are noticed by a head that was noted', async () => {
  const file = await tempFile()
  const { audit } = open(file)
  for (const number of [1, 2, 3]) audit.append({ what: 'note', subject: 'cam-01', details: { number } })
  const { head } = audit.verify()
  const other = new DatabaseSync(file)
  other.exec('DROP TRIGGER entries_remain; DELETE FROM entries WHERE seq = 3')
  other.close()
  expect(audit.verify().state).toBe('ok')
  expect(audit.verify(head)).toMatchObject({ state: 'broken', seq: 3, why: expect.stringContaining('cut off') as string })
})

test('a job whose program was killed gets its outcome from whoever starts next, once', async () => {
  const { audit } = open(await tempFile())
  const begun = numbered('crashed', [{ type: 'job-started' }])
  const fold = (news: JobNews[]): Job => numbered('crashed', [{ type: 'job-started' }, ...news]).reduce<Job | undefined>((job, event) => reduceJob(job, event), undefined)!
  const running = begun.reduce<Job | undefined>((job, event) => reduceJob(job, event), undefined)!
  createJobAudit(audit, () => 'cam-01').before(running)
  auditLostJobs(audit, [running])
  expect(audit.list({ limit: 10 })).toHaveLength(1)
  for (let start = 0; start < 2; start += 1) auditLostJobs(audit, [fold([{ type: 'job-interrupted', verdict: 'interrupted' }])])
  expect(audit.list({ limit: 10 }).map(({ what, details }) => `${what} ${String(details['outcome'] ?? '')}`)).toEqual(['outcome interrupted', 'restore '])
})
