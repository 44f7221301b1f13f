import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBoardReleasesDesk, type BoardReleasesDesk } from '../../../src/main/composition/boardReleasesDesk.ts'
import { hashText } from '../../../src/main/composition/auditDesk.ts'
import { type AuditLog, createAuditLog, createMemoryAuditStore } from '../../../src/main/core/audit/auditLog.ts'
import { createLeases, createMemoryLeaseStore, type LeaseStore } from '../../../src/main/core/rack/leases.ts'
import type { DiskCalls } from '../../../src/main/drivers/storage/diskCalls.ts'
import type { BoardReleasesView, ReleaseBuild } from '../../../src/shared/ota/boardReleases.schema.ts'
import { exitCodes } from '../../../src/main/hosts/cli/exitCodes.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { createFakeCli } from '../../support/fakeCli.ts'
import { openMicroPythonBoard } from '../../../src/main/sim/microPythonBoard.ts'
import { createFullDisk } from '../../support/fullDisk.ts'
import { folderOf } from '../../support/mpyRig.ts'
import { never } from '../../support/otaRig.ts'
import { createRealClock } from '../../support/realClock.ts'

const long = (word: string): string => Array.from({ length: 120 }, (_, at) => `line_${at} = "${at === 60 ? word : 'same'}"\n`).join('')
interface Bench { readonly desk: BoardReleasesDesk; readonly data: string; readonly audit: AuditLog; again(): BoardReleasesDesk }

async function bench({ quotaBytes, leaseStore = createMemoryLeaseStore(), disk }: { readonly quotaBytes?: number; readonly leaseStore?: LeaseStore; readonly disk?: DiskCalls } = {}): Promise<Bench> {
  const clock = createRealClock()
  const data = await folderOf({})
  const log = (): void => undefined
  const audit = createAuditLog({ store: createMemoryAuditStore(), clock, who: { host: 'test', user: 'lab' }, hashText, log })
  const again = (): BoardReleasesDesk => {
    const desk = createBoardReleasesDesk({ clock, dataFolder: data, leases: createLeases({ store: leaseStore, clock, log }), audit, log, ...(disk ? { disk } : {}), ...(quotaBytes === undefined ? {} : { quotaBytes }) })
    onTestFinished(async () => desk.close())
    return desk
  }
  return { desk: again(), data, audit, again }
}
const wish = (folder: string, version: string, more: Partial<ReleaseBuild> = {}): ReleaseBuild => ({ folder, version, include: ['**'], exclude: [], ...more })
async function view(desk: BoardReleasesDesk): Promise<BoardReleasesView> {
  const stop = new AbortController()
  for await (const each of desk.watch(stop.signal)) { stop.abort(new Error('seen')); return each }
  throw new Error('nothing was told')
}
const objects = async ({ data }: Bench): Promise<string[]> => readdir(join(data, 'board-releases', 'objects'))

describe('releases of boards', () => {
  test('built, published and fetched through the mirror as they were built, whatever became of the folder', async () => {
    const rig = await bench()
    const folder = await folderOf({ 'main.py': long('old'), 'lib/a.py': 'a = 1', 'README.md': 'words', 'key.txt': 'very secret\nmore' })
    const { desk } = rig
    expect(await desk.look({ folder, include: ['**'], exclude: ['*.md', 'key.txt'] }, never)).toEqual({ count: 2, passedOver: 2, paths: ['lib/a.py', 'main.py'] })
    expect(await desk.build(wish(folder, 'v1.0.0', { exclude: ['*.md', 'key.txt'], keyPath: join(folder, 'key.txt') }), never)).toMatchObject({ version: 'v1.0.0', files: 2, signed: true })
    const { url = '' } = await desk.setMirror({ enabled: true, address: '127.0.0.1', port: 0 })
    const ask = async (path: string): Promise<[number, string]> => { const answer = await fetch(`${url}${path}`); return [answer.status, await answer.text()] }
    expect((await ask('/repos/o/r/releases/latest'))[0]).toBe(404)
    expect((await ask('/raw/o/r/v1.0.0/main.py'))[0]).toBe(404)
    await (await desk.book()).publish('v1.0.0', never)
    await writeFile(join(folder, 'main.py'), 'changed')
    expect(JSON.parse((await ask('/repos/o/r/releases/latest'))[1])).toMatchObject({ tag_name: 'v1.0.0', assets: [{ name: 'manifest.json' }] })
    expect(await ask('/raw/o/r/v1.0.0/main.py')).toEqual([200, long('old')])
    expect(JSON.parse((await ask('/raw/o/r/v1.0.0/manifest.json'))[1])).toMatchObject({ version: 'v1.0.0', generated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string, signature: expect.stringMatching(/^[0-9a-f]{64}$/) as string })
    for (const path of ['/raw/o/r/v1.0.0/README.md', '/raw/o/r/v1.0.0/../../releases.json', '/raw/o/r/v1.0.0/%2e%2e/releases.json', '/raw/o/r/v9/main.py']) expect((await ask(path))[0]).toBe(404)
    const kept = await Promise.all((await readdir(rig.data, { recursive: true, withFileTypes: true })).filter((each) => each.isFile()).map(async (each) => readFile(join(each.parentPath, each.name), 'latin1')))
    expect(JSON.stringify([kept, rig.audit.lines()])).not.toContain('very secret')
    expect(rig.audit.list({ limit: 9 }).map(({ what }) => what)).toEqual(['outcome', 'publish release'])
  })

  test('a delta against the release before is kept, told with what it saves, and changes no commit', async () => {
    const { desk } = await bench()
    await desk.build(wish(await folderOf({ 'main.py': long('old'), 'same.py': long('x') }), 'v1.0.0'), never)
    await desk.build(wish(await folderOf({ 'main.py': long('new'), 'same.py': long('x'), 'fresh.py': long('y') }), 'v1.1.0'), never)
    const book = await desk.book()
    const before = (await book.publish('v1.1.0', never)).commit
    const after = await book.delta('v1.1.0', 'v1.0.0', never)
    expect([after.commit, after.deltas?.entries.map(({ path, file }) => [path, file])]).toEqual([before, [['main.py', '.deltas/main.py.delta']]])
    const [version] = await book.versions()
    const list = JSON.parse(new TextDecoder().decode(await version?.read('.deltas/delta_manifest.json'))) as { entries: { size: number }[]; savings_percent: number }
    expect([(await version?.read('.deltas/main.py.delta'))?.length, list.savings_percent > 90]).toEqual([list.entries[0]?.size, true])
    await expect(book.delta('v1.1.0', 'v9', never)).rejects.toMatchObject({ code: 'input/not-found' })
  })

  test('a real MicroPython is brought to what the mirror offers, to the next by delta, and back when that is withdrawn', async () => {
    const { desk } = await bench()
    const board = await openMicroPythonBoard({ rawPaste: 'works' })
    onTestFinished(board.close)
    const key = join(await folderOf({ key: 'shared\n' }), 'key')
    for (const [version, word] of [['v1.0.0', 'old'], ['v1.1.0', 'new']] as const) await desk.build(wish(await folderOf({ 'main.py': long(word), 'lib/a.py': version }), version, { keyPath: key }), never)
    const book = await desk.book()
    await book.delta('v1.1.0', 'v1.0.0', never)
    const { url = '' } = await desk.setMirror({ enabled: true, address: '127.0.0.1', port: 0 })
    const data = await folderOf({})
    const update = async (): Promise<readonly unknown[]> => {
      const fake = createFakeCli({ dataFolder: data, environment: { RACKBENCH_MANIFEST_KEY: 'shared' } })
      const exitCode = await runCli(['mpy', 'update', '--port', `tcp://127.0.0.1:${board.port}`, '--source', url, '--deltas', '--reset', 'none', '--output', 'json'], fake.deps)
      const how = fake.events().find(({ event, path }) => event === 'staged' && path === 'main.py')?.['how']
      return [exitCode, fake.events().at(-1)?.['ref'], how, board.python("print(open('/main.py').read()[:0]+open('/lib/a.py').read())").trim()]
    }
    await book.publish('v1.0.0', never)
    expect(await update()).toEqual([exitCodes.success, 'v1.0.0', 'full', 'v1.0.0'])
    await book.publish('v1.1.0', never)
    expect(await update()).toEqual([exitCodes.success, 'v1.1.0', 'delta', 'v1.1.0'])
    await book.withdraw('v1.1.0', never)
    expect(await update()).toEqual([exitCodes.success, 'v1.0.0', 'full', 'v1.0.0'])
  }, 120_000)

  test('one version is built once; withdrawn, the next lower is offered; only what is withdrawn is removed', async () => {
    const rig = await bench()
    const { desk } = rig
    const folder = await folderOf({ 'main.py': 'm', 'shared.py': 's' })
    await desk.build(wish(folder, 'v1.9.0'), never)
    await desk.build(wish(await folderOf({ 'main.py': 'n', 'shared.py': 's' }), 'v1.10.0'), never)
    await expect(desk.build(wish(folder, 'v1.9.0'), never)).rejects.toMatchObject({ code: 'input/conflict' })
    const book = await desk.book()
    for (const version of ['v1.9.0', 'v1.10.0']) await book.publish(version, never)
    expect(await view(desk)).toMatchObject({ offered: 'v1.10.0', releases: [{ version: 'v1.10.0' }, { version: 'v1.9.0' }] })
    await expect(book.remove('v1.10.0', never)).rejects.toMatchObject({ code: 'input/conflict' })
    await book.withdraw('v1.10.0', never)
    expect((await view(desk)).offered).toBe('v1.9.0')
    const before = await objects(rig)
    await book.remove('v1.10.0', never)
    // Its main.py and manifest; shared.py is the other's, too.
    expect(before.length - (await objects(rig)).length).toBe(2)
    await book.publish('v1.9.0', never)
  })

  test('the quota deletes only what no release names: leftovers go, releases stay, and what does not fit is refused', async () => {
    const rig = await bench({ quotaBytes: 20_000 })
    const { desk } = rig
    await desk.build(wish(await folderOf({ 'main.py': 'a'.repeat(9_000) }), 'v1'), never)
    const kept = await objects(rig)
    await expect(desk.build(wish(await folderOf({ 'a.py': 'b'.repeat(8_000), 'b.py': 'c'.repeat(8_000) }), 'v2'), never)).rejects.toMatchObject({ code: 'host/disk-full' })
    expect([(await objects(rig)).toSorted(), (await view(desk)).releases.map(({ version }) => version)]).toEqual([kept.toSorted(), ['v1']])
    // As a process left them that died between the files and the row.
    await desk.close()
    const { openArtifactFiles } = await import('../../../src/main/drivers/storage/artifactFiles.ts')
    await (await openArtifactFiles({ folder: join(rig.data, 'board-releases'), quotaBytes: 20_000 })).put([new Uint8Array(9_000)], {}, never)
    const next = rig.again()
    await next.build(wish(await folderOf({ 'main.py': 'd'.repeat(7_000) }), 'v2'), never)
    expect([(await view(next)).releases.map(({ version }) => version), (await objects(rig)).length]).toEqual([['v2', 'v1'], 4])
    await (await next.book()).publish('v1', never)
  })

  test('the disk is full at any call of a build and of a delta: the releases are as they were, nothing of the new one stays, and with room it goes through', async () => {
    const { disk, fullAfter, refused } = createFullDisk()
    const rig = await bench({ disk })
    await rig.desk.build(wish(await folderOf({ 'main.py': long('old'), 'same.py': 's' }), 'v1'), never)
    const [kept, newer] = [await objects(rig), await folderOf({ 'main.py': long('new'), 'same.py': 's' })]
    const tryAll = async (act: () => Promise<unknown>, stays: () => Promise<unknown>): Promise<number> => {
      const before = await stays()
      for (let calls = 0; calls < 80; calls += 1) {
        fullAfter(calls)
        const ended = await act().then(() => 'done', (error: unknown) => error)
        if (!refused()) return calls
        fullAfter(Infinity)
        expect(ended, `call ${calls}`).toMatchObject({ code: 'host/disk-full' })
        expect(await stays(), `call ${calls}`).toEqual(before)
      }
      return 0
    }
    const standing = async (): Promise<unknown> => [(await objects(rig)).toSorted(), (await view(rig.desk)).releases]
    expect(await tryAll(async () => rig.desk.build(wish(newer, 'v2'), never), standing)).toBeGreaterThan(15)
    expect((await objects(rig)).length).toBeGreaterThan(kept.length)
    const book = await rig.desk.book()
    expect(await tryAll(async () => book.delta('v2', 'v1', never), standing)).toBeGreaterThan(5)
    await book.publish('v2', never)
    expect((await view(rig.desk)).releases[0]).toMatchObject({ version: 'v2', deltas: { files: 1 } })
  })

  test('a file that was lost or changed is not published', async () => {
    const rig = await bench()
    await rig.desk.build(wish(await folderOf({ 'main.py': 'm' }), 'v1'), never)
    const release = (await (await rig.desk.book()).list())[0]
    const object = join(rig.data, 'board-releases', 'objects', release?.files[0]?.sha256 ?? '')
    await rm(object)
    await writeFile(object, 'x')
    await expect((await rig.desk.book()).publish('v1', never)).rejects.toMatchObject({ code: 'host/io' })
    expect((await view(rig.desk)).offered).toBeUndefined()
  })

  test('two builds of one version at once: one is refused; two programs: the second is told who has them', async () => {
    const rig = await bench()
    const [one, other] = [await folderOf({ 'main.py': '1' }), await folderOf({ 'main.py': '2' })]
    const ended = await Promise.allSettled([rig.desk.build(wish(one, 'v1'), never), rig.desk.build(wish(other, 'v1'), never)])
    expect(ended.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    await expect(rig.again().book()).rejects.toMatchObject({ code: 'pod/busy', message: expect.stringContaining('The store of board releases is in use by another Rackbench') as string })
  })

  test.each([
    ['no key in the file', { keyPath: '/nowhere/key' }, 'input/not-found'], ['nothing chosen', { include: ['*.nothing'] }, 'input/not-found'], ['a folder that is not there', { folder: '/nowhere' }, 'input/not-found'],
    ['a hook that is no path', { postUpdate: '../evil.py' }, 'input/malformed'],
  ] as const)('%s: refused, and nothing is kept', async (_, more, code) => {
    const rig = await bench()
    await expect(rig.desk.build({ ...wish(await folderOf({ 'main.py': 'm' }), 'v1'), ...more, include: 'include' in more ? [...more.include] : ['**'] }, never)).rejects.toMatchObject({ code })
    expect((await view(rig.desk)).releases).toEqual([])
    expect(await objects(rig)).toEqual([])
  })
})
