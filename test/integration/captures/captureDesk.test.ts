import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContractRouterClient } from '@orpc/contract'
import { createRouterClient } from '@orpc/server'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { parseCapture } from '../../../src/main/protocols/dcap/parser.ts'
import type { CaptureFormat } from '../../../src/shared/captures/captures.schema.ts'
import type { WorkbenchContract } from '../../../src/shared/contracts/workbench.contract.ts'
import { bytes, gate } from '../../support/captureBench.ts'
import { createFakeCli } from '../../support/fakeCli.ts'

async function bench(): Promise<{ readonly folder: string; readonly workbench: OpenWorkbench }> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-captures-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const workbench = await createWorkbench({
    host: 'cli', version: 'test', dataFolder: folder, homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined,
  })
  onTestFinished(async () => workbench.close())
  return { folder, workbench }
}
async function spoken(workbench: OpenWorkbench): Promise<void> {
  const tap = workbench.captures.store.open(gate)
  tap.received(bytes('\u001b[1mlogin:\u001b[0m '))
  tap.sent(bytes('root\r'))
  tap.lost()
  tap.found()
  tap.received(Uint8Array.of(0xc3))
  tap.sent(bytes('\r'))
  tap.received(Uint8Array.of(0xa4, 0x93, 0x0a))
  tap.received(bytes('=cmd|calc "x", y\n'))
  await tap.close()
}

test('the contract: sessions, a stretch with every byte as it was, a search, new lines, the state', async () => {
  const { workbench } = await bench()
  await spoken(workbench)
  const client = createRouterClient(workbench.router) as unknown as ContractRouterClient<WorkbenchContract>
  const [session] = await client.captures.sessions()
  expect(session).toMatchObject({ camera: 'cam-1', endOffset: 42 })
  const id = session!.session
  const whole = await client.captures.read({ session: id })
  expect(whole.pieces.map(({ kind }) => kind)).toEqual(['rx', 'tx', 'lost', 'found', 'rx', 'tx', 'rx'])
  expect(whole.next).toBeUndefined()
  expect(whole.pieces.map((piece) => piece.bytes).join('')).toBe('\u001b[1mlogin:\u001b[0m root\r\u00c3\r\u00a4\u0093\n=cmd|calc "x", y\n')
  let text = ''
  let offset: number | undefined = 0
  for (let page = 0; page < 40 && offset !== undefined; page += 1) {
    const { pieces, next }: Awaited<ReturnType<typeof client.captures.read>> = await client.captures.read({ session: id, offset, maxBytes: 3 })
    expect(pieces.reduce((sum, piece) => sum + piece.bytes.length, 0)).toBeLessThanOrEqual(3)
    text += pieces.map((piece) => piece.bytes).join('')
    offset = next
  }
  expect(text).toBe(whole.pieces.map((piece) => piece.bytes).join(''))
  await workbench.captures.caughtUp(AbortSignal.timeout(20_000))
  const page = await client.captures.search({ words: 'login' })
  expect(page).toMatchObject({ lines: [{ camera: 'cam-1', session: id, offset: 0, line: 'login:' }], isStopped: false, note: '' })
  expect((await client.captures.newLines({})).map(({ kind }) => kind)).toContain('=cmd|calc "x", y')
  expect(await client.captures.status()).toMatchObject({ droppedBytes: 0, quotaBytes: 20 * 1024 ** 3 })
  await expect(client.captures.search({})).rejects.toThrow()
  await expect(client.captures.search({ words: 'a', pattern: 'b' })).rejects.toThrow()
  await expect(client.captures.read({ session: '20200101-000000-000000' as typeof id })).rejects.toMatchObject({ code: 'input/not-found' })
})

test('the timeline of a session: bytes along its time, gaps where they were, and reading goes on from a time', async () => {
  const { workbench } = await bench()
  const tap = workbench.captures.store.open(gate)
  tap.received(bytes('before\n'))
  // On disk, so that the session begins here and not with what comes after.
  await workbench.captures.store.flush()
  const saidMs = Date.now()
  await expect.poll(() => Date.now()).toBeGreaterThan(saidMs + 1)
  tap.lost()
  tap.found()
  tap.received(bytes('after\n'))
  await tap.close()
  const client = createRouterClient(workbench.router) as unknown as ContractRouterClient<WorkbenchContract>
  const [session] = await client.captures.sessions()
  const line = await client.captures.timeline({ session: session!.session })
  expect(line).toMatchObject({ fromMs: session!.startedAtMs, untilMs: session!.endedAtMs, phases: [], isStopped: false })
  expect(line.marks.map(({ kind, offset }) => `${kind} ${offset}`)).toEqual(['lost 7', 'found 7'])
  expect(line.activity.reduce((sum, count) => sum + count, 0)).toBe(13)
  expect(line.activity.filter((count) => count > 0).length).toBe(2)
  const { pieces } = await client.captures.read({ session: session!.session, fromMs: line.marks[0]!.atMs })
  expect(pieces.map((piece) => piece.bytes).join('')).toBe('after\n')
  await expect(client.captures.timeline({ session: '20200101-000000-000000' as NonNullable<typeof session>['session'] })).rejects.toMatchObject({ code: 'input/not-found' })
})

test('what it drew is on the time line of yesterday, is no part of what it said, and cuts no line', async () => {
  const { workbench } = await bench()
  const tap = workbench.captures.store.open(gate)
  tap.draw(2.2)
  tap.received(bytes('System start'))
  tap.draw(0.613)
  tap.received(bytes('up\n'))
  tap.draw(undefined)
  await tap.close()
  const client = createRouterClient(workbench.router) as unknown as ContractRouterClient<WorkbenchContract>
  const [session] = await client.captures.sessions()
  const line = await client.captures.timeline({ session: session!.session })
  expect(line.watts.map(({ watts }) => watts)).toEqual([2.2, 0.613, undefined])
  expect(line.marks).toEqual([])
  expect((await client.captures.read({ session: session!.session })).pieces.map(({ kind }) => kind)).toEqual(['rx', 'rx'])
  await workbench.captures.caughtUp(AbortSignal.timeout(20_000))
  expect((await client.captures.search({ words: 'startup' })).lines.map(({ line: text }) => text)).toEqual(['System startup'])
})

test('a night of readings is thinned, and the one dip in it is not lost', async () => {
  const { workbench } = await bench()
  const tap = workbench.captures.store.open(gate)
  for (let index = 0; index < 6_000; index += 1) tap.draw(index === 4_321 ? 0.4 : 2 + (index % 7) / 10)
  await tap.close()
  const [session] = await workbench.captures.sessions({})
  const { watts } = await workbench.captures.timeline(session!.session, [], AbortSignal.timeout(20_000))
  expect(watts.length).toBeLessThanOrEqual(1_000)
  expect(Math.min(...watts.map((point) => point.watts ?? Infinity))).toBe(0.4)
})

test('exports: text, asciicast, a capture file and a table, each of the same session', async () => {
  const { folder, workbench } = await bench()
  await spoken(workbench)
  const [session] = await workbench.captures.sessions({})
  const exported = async (format: CaptureFormat): Promise<Uint8Array> => {
    const { path, bytes: length } = await workbench.captures.export({ session: session!.session, format }, new AbortController().signal)
    const file = await readFile(path)
    expect(file).toHaveLength(length)
    return file
  }
  const text = (await exported('text')).toString()
  expect(text.replaceAll(/^\S+ /gm, '')).toBe('Gate > root\nGate   login:\nGate - the line went away\nGate - the line is back\nGate   ä\nGate   =cmd|calc "x", y\n')
  expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z Gate/)
  const csv = (await exported('csv')).toString()
  expect(csv).toContain('"rx","\'=cmd|calc ""x"", y"\r\n')
  expect(csv.split('\r\n')).toHaveLength(8)
  const [head, ...events] = (await exported('cast')).toString().trim().split('\n').map((line) => JSON.parse(line) as unknown)
  expect(head).toMatchObject({ version: 2, width: 80, height: 24 })
  expect(events.map((event) => (event as unknown[]).slice(1))).toEqual([
    ['o', '\u001b[1mlogin:\u001b[0m '], ['i', 'root\r'], ['m', 'the line went away'], ['m', 'the line is back'], ['i', '\r'], ['o', 'ä\ufffd\n=cmd|calc "x", y\n'],
  ])
  const { records, chip, note } = parseCapture(await exported('dcap'))
  expect({ chip, note }).toEqual({ chip: 'hi3516ev300', note: undefined })
  expect(records.map(({ direction, bytes: of }) => `${direction} ${of.length}`)).toEqual(['from-device 15', 'to-device 5', 'from-device 1', 'to-device 1', 'from-device 20'])
  await expect(workbench.captures.export({ session: session!.session, format: 'csv' }, new AbortController().signal)).rejects.toMatchObject({ code: 'input/conflict' })
  await expect(workbench.captures.export({ session: session!.session, format: 'csv', path: 'relative.csv' }, new AbortController().signal)).rejects.toMatchObject({ code: 'input/malformed' })
  const stopped = AbortSignal.abort(new Error('away'))
  await expect(workbench.captures.export({ session: session!.session, format: 'csv', path: join(folder, 'exports', 'half.csv') }, stopped)).rejects.toThrow('away')
  expect((await readdir(join(folder, 'exports'))).sort()).toEqual(['cast', 'csv', 'dcap', 'txt'].map((ending) => `cam-1-${session!.session}.${ending}`))
})

test('the commands: list, search, export, in words and as JSON', async () => {
  const { folder, workbench } = await bench()
  await spoken(workbench)
  const run = async (...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly json: () => Record<string, unknown> }> => {
    const fake = createFakeCli({ workbench: { captures: workbench.captures } })
    const code = await runCli(['captures', ...argv], fake.deps)
    return { code, out: fake.out.lines.join('\n'), json: () => JSON.parse(fake.out.lines.at(-1) ?? '') as Record<string, unknown> }
  }
  const [session] = await workbench.captures.sessions({})
  expect((await run('list')).out).toContain(`${session!.session}  cam-1   Gate`)
  expect((await run('list', '--output', 'json')).json()).toMatchObject({ sessions: [{ session: session!.session }] })
  expect((await run('list', '--since', '2000-01-01', '--until', '2001-01-01')).out).toBe('Nothing was captured of that')
  expect((await run('search', 'login')).out).toContain(`Gate ${session!.session}@0 login:`)
  // By name, too; and one that nobody knows has not said nothing.
  expect((await run('search', 'login', '--camera', 'Gate')).out).toContain('login:')
  expect((await run('list', '--camera', 'Gate')).out).toContain(session!.session)
  for (const what of [['search', 'login'], ['list'], ['boots'], ['export']]) expect((await run(...what, '--camera', 'nobody', '--output', 'json')).json()).toMatchObject({ success: false, exitCode: 2 })
  expect((await run('list', '--since', '1h', '--until', '2h')).code).toBe(2)
  expect((await run('search', '-e', 'CALC', '-i', '--output', 'json')).json()).toMatchObject({ lines: [{ line: '=cmd|calc "x", y' }], note: '' })
  expect((await run('search', '--new', '--since', '5m', '--output', 'json')).json()).toMatchObject({ lines: expect.arrayContaining([expect.objectContaining({ kind: 'login:' })]) as unknown })
  expect((await run('search', 'nothing', 'like', 'it')).out).toBe('Nothing found')
  const path = join(folder, 'out.cast')
  expect((await run('export', '-s', session!.session, '-f', 'cast', '-o', path, '--output', 'json')).json()).toMatchObject({ success: true, path, sessions: 1 })
  expect((await run('export', '--camera', 'cam-1', '-o', path, '--output', 'json')).code).toBe(2)
  for (const wrong of [[], ['show'], ['list', 'x'], ['search'], ['search', 'a', '-e', 'b'], ['search', '-e', '('], ['export'], ['export', '-s', '../x'], ['list', '--since', 'now'], ['list', '--camera', '../x'], ['export', '--camera', 'cam-9']]) {
    expect([wrong, (await run(...wrong)).code]).toEqual([wrong, 2])
  }
})

test('two workbenches share one data folder: one writes the index, both search', async () => {
  const { folder, workbench } = await bench()
  await spoken(workbench)
  const late = AbortSignal.timeout(20_000)
  await workbench.captures.caughtUp(late)
  const other = await createWorkbench({ host: 'cli', version: 'test', dataFolder: folder, homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined })
  onTestFinished(async () => other.close())
  await other.captures.caughtUp(late)
  const wish = { words: 'login', ignoreCase: false, cameras: [], limit: 10, limitMs: 1_000 }
  expect((await other.captures.search(wish, late)).lines).toHaveLength(1)
  expect((await workbench.captures.search(wish, late)).lines).toHaveLength(1)
})

test('a line is found in the moment after it was said, here and in another program', async () => {
  const { folder, workbench } = await bench()
  const late = AbortSignal.timeout(20_000)
  const wish = { words: 'needle', ignoreCase: false, cameras: [], limit: 10, limitMs: 1_000 }
  const found = async (captures: OpenWorkbench['captures']): Promise<string[]> => (await captures.search(wish, late)).lines.map(({ line }) => line)
  const tap = workbench.captures.store.open(gate)
  await workbench.captures.caughtUp(late)
  tap.received(bytes('needle one\nneedle tw'))
  expect((await found(workbench.captures)).toSorted()).toEqual(['needle one', 'needle tw'])
  const other = await createWorkbench({ host: 'cli', version: 'test', dataFolder: folder, homeFolder: folder, tftpPort: 0, resourcesFolder: join(import.meta.dirname, '../../../resources'), log: () => undefined })
  onTestFinished(async () => other.close())
  expect((await found(other.captures)).toSorted()).toEqual(['needle one', 'needle tw'])
  await tap.close()
})

test('what happened to the power stands in the time of the session and cuts no line, also for the search', async () => {
  const { workbench } = await bench()
  const tap = workbench.captures.store.open(gate)
  tap.power('cycle')
  tap.received(bytes('System start'))
  tap.power('power-on')
  tap.received(bytes('up\n'))
  await tap.close()
  const client = createRouterClient(workbench.router) as unknown as ContractRouterClient<WorkbenchContract>
  const [session] = await client.captures.sessions()
  expect((await client.captures.timeline({ session: session!.session })).marks.map(({ kind }) => kind)).toEqual(['cycle', 'power-on'])
  await workbench.captures.caughtUp(AbortSignal.timeout(20_000))
  expect((await client.captures.search({ words: 'startup' })).lines.map(({ line }) => line)).toEqual(['System startup'])
  const { path } = await client.captures.export({ session: session!.session, format: 'text' })
  const text = await readFile(path, 'utf8')
  expect(text).toContain('power was switched on')
  expect(text).toMatch(/System startup\n/)
})
