import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync, truncateSync, appendFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createAuditLog, createMemoryAuditStore } from '../../../src/main/core/audit/auditLog.ts'
import { hashText } from '../../../src/main/composition/auditDesk.ts'
import { auditQuota } from '../../../src/main/composition/captureDesk.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { bytes, captureBench, gate, piecesOf, story, text } from '../../support/captureBench.ts'

const namesIn = (folder: string): string[] => readdirSync(join(folder, gate.id)).sort()

test('both directions in order with their times, and marks where the line was away', async () => {
  const bench = captureBench()
  const store = bench.open()
  const tap = store.open(gate)
  tap.received(bytes('login: '))
  await bench.clock.advance(100)
  tap.sent(bytes('root\r'))
  tap.lost()
  await bench.clock.advance(3_000)
  tap.found()
  tap.received(bytes('# '))
  tap.received(bytes('ls'))
  await tap.close()
  const [session] = await store.sessions()
  expect(session).toMatchObject({ camera: 'cam-1', cameraName: 'Gate', chip: 'hi3516ev300', startOffset: 0, endOffset: 16, isOpen: false, isCut: false, parts: 1 })
  const pieces = await piecesOf(store, session?.session)
  expect(story(pieces)).toEqual(['rx:login: ', 'tx:root\r', 'lost', 'found', 'rx:# ls'])
  expect(pieces.map(({ offset }) => offset)).toEqual([0, 7, 12, 12, 12])
  expect(pieces.map(({ atMs }) => atMs - (pieces[0]?.atMs ?? 0))).toEqual([0, 100, 100, 3_100, 3_100])
  expect(story(await piecesOf(store, session?.session, { offset: 9 }))).toEqual(['tx:ot\r', 'lost', 'found', 'rx:# ls'])
  expect(story(await piecesOf(store, session?.session, { fromMs: (pieces[0]?.atMs ?? 0) + 50, untilMs: (pieces[0]?.atMs ?? 0) + 1_000 }))).toEqual(['tx:root\r', 'lost'])
})

test('a console that says nothing leaves no file, and what came is on disk within a second by itself', async () => {
  const bench = captureBench()
  const store = bench.open()
  const quiet = store.open({ ...gate, id: 'cam-2' as typeof gate.id })
  const tap = store.open(gate)
  tap.received(bytes('x'.repeat(5_000)))
  await bench.clock.advance(900)
  await expect.poll(() => namesIn(bench.folder)).toHaveLength(2)
  await expect.poll(() => statSync(join(bench.folder, gate.id, namesIn(bench.folder)[1] ?? '')).size).toBe(5_000)
  await quiet.close()
  expect(readdirSync(bench.folder)).toEqual(['cam-1'])
  await tap.close()
})

test('a file is followed by the next one when it is large or old; positions go on', async () => {
  const bench = captureBench()
  const store = bench.open({ partBytes: 4096, partMs: 60_000, nameTemplate: 'lab_{chip}-{date}T{time}-{session}.{part}' })
  const tap = store.open(gate)
  for (const letter of 'abc') { tap.received(bytes(letter.repeat(3_000))); await store.flush() }
  await bench.clock.advance(61_000)
  tap.received(bytes('later'))
  await store.flush()
  await tap.close()
  const [session] = await store.sessions()
  expect(session).toMatchObject({ parts: 3, endOffset: 9_005 })
  expect(namesIn(bench.folder).filter((name) => name.endsWith('.raw'))).toEqual([1, 2, 3].map((part) => expect.stringMatching(new RegExp(`^lab_hi3516ev300-2026-05-12T0000\\d\\d-${session?.session}\\.00000${part}\\.raw$|^lab_.*T000101-.*3\\.raw$`)) as string))
  expect((await piecesOf(store, session?.session)).map(({ bytes: of }) => text(of)).join('')).toBe(`${'a'.repeat(3_000)}${'b'.repeat(3_000)}${'c'.repeat(3_000)}later`)
  expect(text((await piecesOf(store, session?.session, { offset: 8_990 })).map(({ bytes: of }) => of)[0] ?? bytes(''))).toBe('c'.repeat(10))
})

test('a chip\'s name is no way out of the folder', async () => {
  const bench = captureBench()
  const store = bench.open({ nameTemplate: '{chip}-{session}-{part}' })
  const tap = store.open({ ...gate, chip: '../../x/..', name: '\u001b]0;x' })
  tap.received(bytes('a'))
  await tap.close()
  expect(namesIn(bench.folder)[0]).toMatch(/^------x----/)
  expect((await store.sessions())[0]?.cameraName).toBe('?]0;x')
})

test('a killed program loses at most its last second, and the next start says that something may be missing', async () => {
  const bench = captureBench()
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../support/captureWriter.ts'), bench.folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => { said += chunk.toString() })
  await expect.poll(() => said.split('\n').length, { timeout: 20_000 }).toBeGreaterThan(400)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const told = said.trim().split('\n').map((line) => line.split(' ').map(Number) as [number, number])
  const killedAtMs = told.at(-1)?.[0] ?? 0
  const mustHave = told.filter(([atMs]) => atMs <= killedAtMs - 1_000).at(-1)?.[1] ?? 0
  expect(mustHave).toBeGreaterThan(20)
  const store = bench.open()
  const [session] = await store.sessions()
  const pieces = await piecesOf(store, session?.session)
  const lines = pieces.map(({ bytes: of }) => text(of)).join('').trim().split('\n')
  expect(lines).toEqual(lines.map((_, index) => `line ${index + 1}`))
  expect(lines.length).toBeGreaterThanOrEqual(mustHave)
  expect(story(pieces).at(-1)).toBe('cut')
  expect(store.state().notices.map(({ kind }) => kind)).toEqual(['tail-cut'])
  await bench.close(store)
  expect(bench.open().state().notices).toEqual([])
})

const tears: readonly (readonly [string, (base: string) => void, string])[] = [
  ['half a record', (base) => { truncateSync(`${base}.idx`, 1024 + 20 + 7) }, 'one.'],
  ['zeros where records were', (base) => { truncateSync(`${base}.idx`, 1024 + 40); appendFileSync(`${base}.idx`, new Uint8Array(90)) }, 'one.two.'],
  ['bytes that no record speaks of', (base) => { truncateSync(`${base}.idx`, 1024 + 40) ; appendFileSync(`${base}.raw`, 'garbage') }, 'one.two.'],
  ['records of bytes that are not there', (base) => { truncateSync(`${base}.raw`, 6) }, 'one.tw'],
  ['no record at all', (base) => { truncateSync(`${base}.idx`, 1024) }, ''],
  ['no byte at all', (base) => { truncateSync(`${base}.raw`, 0) }, ''],
]
test.each(tears)('a torn tail is cut: %s', async (_, tear, left) => {
  const bench = captureBench()
  const first = bench.open()
  const tap = first.open(gate)
  for (const word of ['one.', 'two.']) { tap.received(bytes(word)); await bench.clock.advance(1_000); await first.flush() }
  await tap.close()
  await bench.close(first)
  tear(join(bench.folder, gate.id, namesIn(bench.folder)[0]?.replace('.idx', '') ?? ''))
  for (const pass of ['cut', 'whole']) {
    const store = bench.open()
    const [session] = await store.sessions()
    expect(session).toMatchObject({ endOffset: left.length, isOpen: false, isCut: true })
    const pieces = await piecesOf(store, session?.session)
    expect(pieces.map(({ bytes: of }) => text(of)).join('')).toBe(left)
    expect(pieces.at(-1)?.kind).toBe('cut')
    expect(store.state().notices).toHaveLength(pass === 'cut' ? 1 : 0)
    await bench.close(store)
  }
})

test('what another process is writing is not cut', async () => {
  const bench = captureBench((process) => process === 'other')
  const other = bench.open({}, 'other')
  const tap = other.open(gate)
  tap.received(bytes('mine'))
  await other.flush()
  const path = join(bench.folder, gate.id, namesIn(bench.folder)[0] ?? '')
  const before = readFileSync(path)
  const store = bench.open()
  expect(await store.sessions()).toMatchObject([{ isOpen: true, endOffset: 4 }])
  expect(readFileSync(path)).toEqual(before)
  tap.received(bytes('!'))
  await tap.close()
})

test('a burst of ten megabytes between two rounds is whole, and does not wait for the next one', async () => {
  const bench = captureBench()
  const store = bench.open()
  const tap = store.open(gate)
  tap.received(bytes('before'))
  await expect.poll(async () => { await store.flush(); return (await store.sessions()).length }).toBe(1)
  const chunk = bytes('y'.repeat(64 * 1024))
  for (let sent = 0; sent < 160; sent += 1) tap.received(chunk)
  expect(store.state().droppedBytes).toBe(0)
  // The clock stands still: no round is due.
  await expect.poll(() => statSync(join(bench.folder, gate.id, namesIn(bench.folder).find((name) => name.endsWith('.raw')) ?? '')).size).toBe(6 + 160 * 64 * 1024)
  await tap.close()
  expect((await piecesOf(store, undefined)).every(({ kind }) => kind === 'rx')).toBe(true)
})

test('a full disk pauses, costs bounded memory, and the hole has its size', async () => {
  const bench = captureBench()
  const store = bench.open()
  const tap = store.open(gate)
  tap.received(bytes('before'))
  await store.flush()
  bench.disk.roomBytes = 10
  tap.received(bytes('x'.repeat(100_000)))
  await store.flush()
  expect(store.state()).toMatchObject({ paused: 'the disk is full', droppedBytes: 0 })
  for (let round = 0; round < 100; round += 1) tap.received(bytes('y'.repeat(10_000)))
  tap.received(bytes('z'))
  const { droppedBytes } = store.state()
  expect(droppedBytes).toBeGreaterThan(800_000)
  bench.disk.roomBytes = Infinity
  await store.flush()
  expect(store.state().paused).toBeUndefined()
  tap.received(bytes('after'))
  await tap.close()
  expect(store.state().notices.map(({ kind }) => kind)).toEqual(['paused', 'resumed'])
  const pieces = await piecesOf(store, undefined)
  const whole = pieces.map(({ bytes: of }) => text(of)).join('')
  // Compared as a whole, but not shown as one.
  expect(whole === `before${'x'.repeat(100_000)}${'y'.repeat(1_000_001 - droppedBytes)}after`).toBe(true)
  expect(pieces.filter(({ kind }) => kind === 'dropped').map((piece) => piece.droppedBytes)).toEqual([droppedBytes])
  expect(story(pieces).at(-1)).toBe('rx:after')
})

test('captures stop before the disk is full: the journal needs the rest', async () => {
  const bench = captureBench()
  const store = bench.open({ reserveBytes: 1_000_000 })
  const tap = store.open(gate)
  bench.disk.freeSaid = 999_999
  tap.received(bytes('a'))
  await store.flush()
  expect(store.state().paused).toContain('left to the journal')
  expect(readdirSync(bench.folder)).toEqual([])
  bench.disk.freeSaid = 2_000_000
  await expect.poll(async () => { await bench.clock.advance(500); return store.state().paused }, { timeout: 10_000, interval: 10 }).toBeUndefined()
  await tap.close()
  expect(story(await piecesOf(store, undefined))).toEqual(['rx:a'])
})

test('what the quota would delete stays while it cannot be written down first', async () => {
  const bench = captureBench()
  let isClosed = true
  const store = bench.open({ quotaBytes: 65_536, partBytes: 4096, graceMs: 0 }, 'me', () => { if (isClosed) throw new Error('the audit log is full'); return () => undefined })
  const tap = store.open(gate)
  for (let part = 0; part < 15; part += 1) { await bench.clock.advance(10); tap.received(bytes('p'.repeat(5_000))); await store.flush() }
  const said = async (): Promise<string> => { await bench.clock.advance(500); return bench.lines.join('\n') }
  await expect.poll(said, { timeout: 10_000, interval: 10 }).toContain('the audit log is full')
  expect(await store.parts()).toHaveLength(15)
  isClosed = false
  await expect.poll(async () => { await said(); return store.state().notices.map(({ kind }) => kind) }, { timeout: 10_000, interval: 10 }).toContain('deleted')
  await tap.close()
})

test('what the quota deleted is written down afterwards, and what it could not', async () => {
  const bench = captureBench()
  const audit = createAuditLog({ store: createMemoryAuditStore(), clock: bench.clock, who: { host: 'test', user: 'lab' }, hashText, log: () => undefined })
  let isStuck = true
  const { remove } = bench.disk
  bench.disk.remove = async (path) => (isStuck && path.endsWith('idx') ? Promise.reject(new WorkbenchError('host/no-permission', 'the file may not be deleted')) : remove(path))
  const store = bench.open({ quotaBytes: 65_536, partBytes: 4096, graceMs: 0 }, 'me', (files, size) => auditQuota(audit, files, size))
  const tap = store.open(gate)
  for (let part = 0; part < 15; part += 1) { await bench.clock.advance(10); tap.received(bytes('p'.repeat(5_000))); await store.flush() }
  const ends = async (): Promise<unknown[]> => { await bench.clock.advance(500); return audit.list({ limit: 50 }).reverse().filter(({ what }) => what === 'outcome').map(({ details }) => details['outcome']) }
  await expect.poll(ends, { timeout: 10_000, interval: 10 }).toContain('failed')
  isStuck = false
  await expect.poll(ends, { timeout: 10_000, interval: 10 }).toContain('done')
  const entries = audit.list({ limit: 50 }).reverse()
  const [begun, failed] = entries
  expect(failed).toMatchObject({ what: 'outcome', details: { of: begun?.seq, outcome: 'failed', files: 1, why: 'the file may not be deleted' } })
  expect(entries.at(-1)?.details).toMatchObject({ outcome: 'done', files: entries.at(-2)?.details['files'], bytes: entries.at(-2)?.details['bytes'] })
  await tap.close()
})

test('the quota is announced before anything goes, and then the oldest closed files go', async () => {
  const bench = captureBench()
  const store = bench.open({ quotaBytes: 65_536, partBytes: 4096, graceMs: 30_000 })
  const oldest = store.open(gate)
  oldest.received(bytes('o'.repeat(100)))
  await store.flush()
  const tap = store.open({ ...gate, id: 'cam-2' as typeof gate.id })
  for (let part = 0; part < 14; part += 1) { await bench.clock.advance(10); tap.received(bytes('p'.repeat(5_000))); await store.flush() }
  expect(store.state().usedBytes).toBeGreaterThan(65_536)
  const kinds = async (): Promise<string[]> => { await bench.clock.advance(500); return store.state().notices.map(({ kind }) => kind) }
  await expect.poll(kinds, { timeout: 10_000, interval: 10 }).toEqual(['quota-near'])
  expect(await store.parts()).toHaveLength(15)
  await expect.poll(kinds, { timeout: 10_000, interval: 10 }).toEqual(['quota-near', 'deleted'])
  const [warned, deleted] = store.state().notices
  expect((deleted?.atMs ?? 0) - (warned?.atMs ?? 0)).toBeGreaterThanOrEqual(30_000)
  expect(store.state().usedBytes).toBeLessThanOrEqual(65_536)
  const [first] = await store.parts()
  // Still being written, and so not touched, though it is the oldest of all.
  expect(first?.header.camera).toBe('cam-1')
  const left = (await store.sessions()).find(({ camera }) => camera === 'cam-2')
  expect(left?.startOffset).toBeGreaterThan(0)
  expect(left?.endOffset).toBe(70_000)
  expect((await piecesOf(store, left?.session))[0]).toMatchObject({ offset: left?.startOffset })
  await oldest.close()
  await tap.close()
})
