import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeReleaseDeltas } from '../../../src/main/composition/releaseTools.ts'
import { recoverBoard } from '../../../src/main/core/ota/mpy/updateBoard.ts'
import { openGithubMirror } from '../../../src/main/drivers/http/githubMirror.ts'
import { createMemoryFs, type MemoryFs } from '../../../src/main/sim/disk/memoryFs.ts'
import { filesOn, folderOf, gitBlob, manifestOf, mpyRig, noteOn, type Oddity, openSource } from '../../support/mpyRig.ts'
import { before, boardOf, filesAsked, isRaw, newFiles, oldFiles, oldVersion, release } from '../../support/mpyRelease.ts'
import { never, otaRig, type Tree } from '../../support/otaRig.ts'

describe('with a manifest', () => {
  test('new, replaced, deleted and empty files arrive; the version is read back; a second run changes nothing', async () => {
    const fs = boardOf()
    const { url, asked } = await openSource(await release())
    const rig = mpyRig(fs, url)
    const outcome = await rig.update()
    expect(outcome).toMatchObject({ end: 'updated', ref: 'v1.1.0', filesChanged: 4 })
    expect(filesOn(fs)).toEqual({ ...newFiles, 'config.json': '{}', 'version.json': JSON.stringify({ ref: 'v1.1.0', commit: outcome.commit }) })
    expect(noteOn(fs, 'ota_health.json')).toMatchObject({ updates: [{ success: true, version: outcome.version }] })
    // What is the same is not fetched.
    expect(filesAsked(asked)).not.toContain('lib/kept.py')
    // What the release deletes is gone already, and is no change.
    expect(await mpyRig(fs, url, { force: true }).update()).toMatchObject({ end: 'updated', filesChanged: 0, fetchedBytes: 0 })
    const calls = fs.calls.length
    expect(await rig.update()).toMatchObject({ end: 'up-to-date', filesChanged: 0 })
    expect(fs.calls.slice(calls).filter(({ name }) => ['write', 'rename', 'remove', 'mkdir'].includes(name))).toEqual([])
  })

  test('1.8 key set, signature missing or a size changed: refused, and no file is asked for', async () => {
    for (const spoil of [(text: string) => text.replace(/,\s*"signature": "[^"]*"/, ''), (text: string) => text.replace('"size": 13', '"size": 14'), (text: string) => text.replace(/"signature": "(.)/, (_whole, digit: string) => `"signature": "${digit === '0' ? '1' : '0'}`)]) {
      const folder = await release(newFiles, 'secret')
      const path = join(folder, 'v1.1.0/manifest.json')
      const text = await readFile(path, 'utf8')
      await writeFile(path, spoil(text))
      expect(spoil(text)).not.toBe(text)
      const fs = boardOf()
      const { url, asked } = await openSource(folder)
      await expect(mpyRig(fs, url, { manifest_key: 'secret' }).update()).rejects.toMatchObject({ code: 'input/malformed', message: expect.stringMatching(/signature/) as string })
      expect([filesAsked(asked), filesOn(fs)]).toEqual([[], before()])
    }
    const fs = boardOf()
    const { url } = await openSource(await release(newFiles, 'secret'))
    expect(await mpyRig(fs, url, { manifest_key: 'secret' }).update()).toMatchObject({ end: 'updated' })
  })

  test.each(['.git/x', '.ota_stage/x', '../x', '/etc/x', 'a/../../x', 'version.json', 'LIB/added.py'])('1.10 a manifest that names %s beside good files: nothing is staged', async (path) => {
    const folder = await release()
    const manifest = join(folder, 'v1.1.0/manifest.json')
    const value = JSON.parse(await readFile(manifest, 'utf8')) as { files: object[] }
    await writeFile(manifest, JSON.stringify({ ...value, files: [...value.files, { path, size: 1, sha256: 'ab'.repeat(32) }] }))
    const fs = boardOf()
    const { url, asked } = await openSource(folder)
    await expect(mpyRig(fs, url).update()).rejects.toMatchObject({ context: { reason: 'PATH_REFUSED' } })
    expect([filesAsked(asked), filesOn(fs)]).toEqual([[], before()])
  })

  test('1.21 what was staged before an interruption, and still verifies, is not fetched again; strangers go', async () => {
    const fs = boardOf()
    fs.put('.ota_stage/lib/added.py', newFiles['lib/added.py'] ?? '')
    fs.put('.ota_stage/main.py', 'half of')
    fs.put('.ota_stage/other.py', 'of another version')
    const { url, asked } = await openSource(await release())
    expect(await mpyRig(fs, url).update()).toMatchObject({ end: 'updated' })
    expect(filesAsked(asked).sort()).toEqual(['lib/__init__.py', 'main.py'])
    expect(filesOn(fs)).not.toHaveProperty('other.py')
    expect(Object.keys(filesOn(fs)).filter((path) => path.startsWith('.ota'))).toEqual([])
  })

  test('1.22 the second rename into place fails: everything is old, and the note says why', async () => {
    const fs = boardOf()
    let renames = 0
    fs.fault = ({ name, path, to }) => (name === 'rename' && path?.startsWith('.ota_stage/') === true && to?.startsWith('.ota_stage/') !== true && (renames += 1) === 2 ? 'no-space' : undefined)
    const { url } = await openSource(await release())
    await expect(mpyRig(fs, url).update()).rejects.toMatchObject({ code: 'device/no-space' })
    expect(filesOn(fs)).toEqual(before())
    expect(noteOn(fs, 'ota_error.json')).toEqual({ errors: [expect.stringMatching(/room/)] })
    expect(noteOn(fs, 'ota_health.json')).toMatchObject({ updates: [{ success: false }] })
  })

  test('a staged file that reads back otherwise is not used', async () => {
    const fs = boardOf()
    const worn = Object.assign(Object.create(fs) as MemoryFs, { read: async function* (path: string, signal: AbortSignal, offset?: number): AsyncGenerator<Uint8Array, void> {
      for await (const piece of fs.read(path, signal, offset)) yield path.endsWith('main.py.tmp') ? piece.map((byte) => byte ^ 1) : piece
    } })
    const { url } = await openSource(await release())
    await expect(mpyRig(worn, url).update()).rejects.toMatchObject({ code: 'device/wrong-content', message: expect.stringMatching(/read back/) as string })
    expect(filesOn(fs)).toMatchObject(before())
  })

  test('1.26 the power goes after the version was written and before the backups are gone: the board is new', async () => {
    const fs = boardOf()
    fs.fault = ({ name, path }) => (name === 'remove' && path?.startsWith('.ota_backup') === true ? 'cut' : undefined)
    const { url } = await openSource(await release())
    await mpyRig(fs, url).update().catch(() => undefined)
    fs.fault = undefined
    fs.restart(() => 0.5)
    expect(await mpyRig(fs, url).update()).toMatchObject({ end: 'up-to-date', ref: 'v1.1.0' })
    expect(filesOn(fs)).toMatchObject({ ...newFiles, 'version.json': expect.stringMatching(/v1\.1\.0/) as string })
  })

  test('1.29 every file is synced before the version is written, and synced once more after it', async () => {
    const fs = boardOf()
    const { url } = await openSource(await release())
    await mpyRig(fs, url).update()
    const done = fs.calls.map(({ name, path, to }) => `${name} ${path ?? ''}${to === undefined ? '' : ` to ${to}`}`)
    const version = done.findIndex((each) => each.endsWith('to version.json'))
    expect(version).toBeGreaterThan(0)
    for (const path of ['main.py', 'lib/added.py', 'lib/__init__.py']) {
      const renamed = done.indexOf(`rename .ota_stage/${path} to ${path}`)
      // Its content while it was staged, its name afterwards.
      expect(done.slice(0, renamed)).toContain(`sync .ota_stage/${path}`)
      expect(done.slice(renamed, version)).toContain(`sync ${path.includes('/') ? 'lib' : ''}`)
    }
    expect(done.slice(version)).toContain('sync ')
  })

  test('1.34 free space of 1.9 times the total: refused before any download', async () => {
    const total = Object.values(newFiles).reduce((sum, text) => sum + text.length, 0)
    const fs = boardOf()
    const poor = Object.assign(Object.create(fs) as MemoryFs, { free: async () => Math.floor(1.9 * total) })
    const { url, asked } = await openSource(await release())
    await expect(mpyRig(poor, url).update()).rejects.toMatchObject({ code: 'device/no-space', context: { neededBytes: 2 * total } })
    expect([filesAsked(asked), filesOn(fs)]).toEqual([[], before()])
  })

  test('1.35 a board of an updater without a journal: its backups are put back and both folders emptied', async () => {
    const fs = createMemoryFs()
    fs.put('.ota_backup/app.txt', 'old')
    fs.put('.ota_stage/app.txt', 'new')
    const { deps } = otaRig(fs)
    await recoverBoard({ ...deps, http: async () => Promise.reject(new Error('no network')), hmacSha256Hex: () => '', tell: () => undefined }, { keepStage: true }, never)
    expect(filesOn(fs)).toEqual({ 'app.txt': 'old' })
  })

  test('a backup that the filter of today does not permit is put back all the same, and not thrown away (defect E)', async () => {
    const fs = boardOf({ 'main.py': 'print("old")\n', '.ota_backup/lib/gone.py': 'gone = 1\n' })
    const { url } = await openSource(await release())
    expect(await mpyRig(fs, url, { ignore: ['lib'] }).update()).toMatchObject({ end: 'updated' })
    expect(filesOn(fs)).toMatchObject({ 'main.py': 'print("new")\n', 'lib/gone.py': 'gone = 1\n' })
    expect(Object.keys(filesOn(fs)).filter((path) => path.startsWith('.ota_'))).toEqual([])
  })

  test.each(['lora_enabled', 'cellular_enabled'])('1.40 %s is said to be a framework only, and nothing starts', async (key) => {
    const fs = boardOf()
    const { url, asked } = await openSource(await release())
    await expect(mpyRig(fs, url, { [key]: true }).update()).rejects.toMatchObject({ code: 'input/not-supported', message: expect.stringMatching(/framework only/) as string })
    expect([asked, fs.calls]).toEqual([[], []])
  })

  test('1.38 a board outside the rollout is left alone', async () => {
    const folder = await release()
    await rename(join(folder, 'v1.1.0'), join(folder, 'v1.0.0'))
    await manifestOf(join(folder, 'v1.0.0'), 'v1.0.0')
    const { url, asked } = await openSource(folder)
    const fs = boardOf()
    expect(await mpyRig(fs, url, { device_id: 'pico-01', rollout_percent: 50 }).update()).toMatchObject({ end: 'not-now', reason: expect.stringMatching(/50 %/) as string })
    expect([filesAsked(asked), filesOn(fs)]).toEqual([[], before()])
    expect(await mpyRig(fs, url, { device_id: 'pico-02', rollout_percent: 50 }).update()).toMatchObject({ end: 'updated' })
  })
})

const long = (word: string): string => Array.from({ length: 200 }, (_, at) => `line_${at} = "${at === 100 ? word : 'same'}"\n`).join('')
/** v1.0.0 and v1.1.0, which differ in one line of main.py. */
async function deltaRelease(more: Tree = {}, deletes = ''): Promise<string> {
  const folder = await folderOf({ 'v1.0.0/main.py': long('old'), 'v1.1.0/main.py': long('new'), ...Object.fromEntries(Object.entries(more).map(([path, text]) => [`v1.1.0/${path}`, text])) })
  const lists = await folderOf({ deletes })
  await makeReleaseDeltas({ oldFolder: join(folder, 'v1.0.0'), newFolder: join(folder, 'v1.1.0'), oldRef: 'v1.0.0', newRef: 'v1.1.0' }, never)
  await manifestOf(join(folder, 'v1.1.0'), 'v1.1.0', { deletesPath: join(lists, 'deletes') })
  return folder
}

describe('deltas', () => {
  test('a changed file comes as a delta, when the board has just the old one', async () => {
    const fs = boardOf({ 'main.py': long('old') })
    const { url, asked } = await openSource(await deltaRelease())
    const outcome = await mpyRig(fs, url, { enable_delta_updates: true }).update()
    expect(filesOn(fs)['main.py']).toBe(long('new'))
    expect(filesAsked(asked)).toEqual(['.deltas/delta_manifest.json', '.deltas/main.py.delta'])
    expect(outcome.fetchedBytes).toBeLessThan(200)
    const other = boardOf({ 'main.py': long('third') })
    const again = await openSource(await deltaRelease())
    expect(await mpyRig(other, again.url, { enable_delta_updates: true }).update()).toMatchObject({ end: 'updated' })
    expect(filesAsked(again.asked)).toEqual(['.deltas/delta_manifest.json', 'main.py'])
  })
  test.each(['another result', 'cut off', 'gone', 'HTML'])('1.20 a delta that is wrong (%s): the whole file is fetched, and the update succeeds', async (how) => {
    const folder = await deltaRelease()
    const path = join(folder, 'v1.1.0/.deltas/main.py.delta')
    const bytes = await readFile(path)
    if (how === 'another result') bytes[bytes.indexOf(Buffer.from('new'))] = 0x58
    await writeFile(path, how === 'cut off' ? bytes.subarray(0, -1) : how === 'HTML' ? '<html>' : bytes)
    const { url } = await openSource(folder, (request, response, pass) => {
      if (how === 'gone' && request.url?.endsWith('.delta') === true) { response.writeHead(404); response.end() } else pass()
    })
    const fs = boardOf({ 'main.py': long('old') })
    const rig = mpyRig(fs, url, { enable_delta_updates: true })
    expect(await rig.update()).toMatchObject({ end: 'updated' })
    expect(filesOn(fs)).toMatchObject({ 'main.py': long('new') })
    expect(rig.events.filter(({ type }) => type === 'delta-failed')).toHaveLength(1)
    if (how === 'another result') expect(rig.events).toContainEqual({ type: 'delta-failed', path: 'main.py', why: 'DELTA_HASH_MISMATCH' })
  })
})

describe('from the list of files', () => {
  const branch = async (files: Tree): Promise<string> => folderOf(Object.fromEntries(Object.entries(files).map(([path, text]) => [`main/${path}`, text])))
  test('the developer channel takes what is permitted, empty files too, and proves it as git does', async () => {
    expect(gitBlob('hello')).toBe('b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0')
    const fs = boardOf()
    const { url } = await openSource(await branch({ ...newFiles, '.github/x.yml': 'x', 'docs/x.md': 'x' }))
    expect(await mpyRig(fs, url, { channel: 'developer', ignore: ['docs'] }).update()).toMatchObject({ end: 'updated', ref: '' })
    expect(Object.keys(filesOn(fs)).sort()).toEqual(['config.json', 'lib/__init__.py', 'lib/added.py', 'lib/gone.py', 'lib/kept.py', 'main.py', 'version.json'])
  })
  test('1.28 what lies under a delete pattern and is not of the version goes; what the version brings stays', async () => {
    const fs = boardOf({ 'lib/a.py': 'old', 'lib/stale.py': 'stale', 'library.py': 'stays' })
    const { url } = await openSource(await branch({ 'lib/a.py': 'new' }))
    await mpyRig(fs, url, { channel: 'developer', delete_patterns: ['lib'] }).update()
    expect(filesOn(fs)).toMatchObject({ 'lib/a.py': 'new', 'library.py': 'stays', 'version.json': expect.any(String) as string })
    expect(filesOn(fs)).not.toHaveProperty('lib/stale.py')
  })
  test('1.31 the list is announced as 200,000 bytes and the limit is 100 KB: refused, the body is not asked for', async () => {
    const fs = boardOf()
    const { url, asked } = await openSource(await branch(newFiles), (request, response, pass) => {
      if (request.method === 'HEAD' && request.url?.includes('/git/trees/') === true) { response.writeHead(200, { 'content-length': '200000' }); response.end() } else pass()
    })
    await expect(mpyRig(fs, url, { channel: 'developer', max_tree_size_kb: 100 }).update()).rejects.toMatchObject({
      code: 'input/too-large', message: expect.stringMatching(/200000.*100 KB/) as string, hint: expect.stringMatching(/manifest mode/) as string })
    expect(asked.filter(({ method, path }) => method === 'GET' && path.includes('/git/trees/'))).toEqual([])
  })
  const listOf = (count: number): string => JSON.stringify({ tree: Array.from({ length: count }, (_, at) => ({ path: `d${at}`, type: 'tree', sha: 'ab' })) })
  const serveList = (body: () => string | Buffer, headless = true): Oddity => (request, response, pass) => {
    if (request.url?.includes('/git/trees/') !== true) { pass(); return }
    if (request.method === 'HEAD') { response.writeHead(headless ? 405 : 200); response.end(); return }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(body())
  }
  test('1.32 300 entries pass and 301 do not, also when the server says no length', async () => {
    const { url } = await openSource(await branch(newFiles), serveList(() => listOf(300)))
    expect(await mpyRig(boardOf(), url, { channel: 'developer' }).update()).toMatchObject({ end: 'updated', filesChanged: 0 })
    const more = await openSource(await branch(newFiles), serveList(() => listOf(301)))
    await expect(mpyRig(boardOf(), more.url, { channel: 'developer' }).update()).rejects.toMatchObject({ code: 'input/too-large', context: { found: 301, limit: 300 }, hint: expect.stringMatching(/manifest mode/) as string })
  })
  test('1.32 without a length the reading stops at the limit', async () => {
    const { url } = await openSource(await branch(newFiles), serveList(() => Buffer.alloc(3_000_000, 0x20)))
    const error: unknown = await mpyRig(boardOf(), url, { channel: 'developer' }).update().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'input/too-large', context: { limit: 51_200 } })
    expect((error as { context: { found: number } }).context.found).toBeLessThan(1_000_000)
  })
  test('1.33 a list that the server cut short is refused', async () => {
    const { url } = await openSource(await branch(newFiles), serveList(() => JSON.stringify({ truncated: true, tree: [] })))
    await expect(mpyRig(boardOf(), url, { channel: 'developer' }).update()).rejects.toMatchObject({ context: { reason: 'TREE_TRUNCATED' } })
  })
})

describe('servers that are not to be trusted: the board stays as it was', () => {
  const raw = (odd: Oddity): Oddity => (request, response, pass) => { if (isRaw(request.url, 'main.py')) odd(request, response, pass); else pass() }
  test.each<readonly [string, Oddity, object]>([
    ['announces more than it sends', raw((_request, response) => { response.writeHead(200, { 'content-length': '13' }); response.write('print(', () => { response.destroy() }) }), { code: 'link/closed' }],
    ['announces more than was promised', raw((_request, response) => { response.writeHead(200, { 'content-length': '99999999' }); response.write('x') }), { code: 'device/wrong-content' }],
    ['sends without an end', raw((_request, response) => { response.writeHead(200); response.write(Buffer.alloc(100_000)) }), { code: 'device/wrong-content' }],
    ['sends a page of HTML with 200', raw((_request, response) => { response.writeHead(200, { 'content-type': 'text/html' }); response.end('<html>log in') }), { code: 'device/wrong-content' }],
    ['sends other content of the right size', raw((_request, response) => { response.writeHead(200); response.end('print("owned"') }), { code: 'device/wrong-content' }],
    ['sends on to another host', raw((_request, response) => { response.writeHead(302, { location: 'http://localhost:9/x' }); response.end() }), { code: 'link/garbled', context: { reason: 'REDIRECT' } }],
    ['sends round in a circle', raw((request, response) => { response.writeHead(302, { location: request.url ?? '' }); response.end() }), { code: 'link/garbled', context: { reason: 'REDIRECT' } }],
    ['sends on to no address at all', raw((_request, response) => { response.writeHead(302, { location: 'http://' }); response.end() }), { code: 'link/garbled', context: { reason: 'REDIRECT' } }],
    ['has lost the file', raw((_request, response) => { response.writeHead(404); response.end() }), { code: 'input/not-found' }],
    ['answers HTML for the release', (request, response, pass) => { if (request.url?.endsWith('latest') === true) { response.writeHead(200); response.end('<html>') } else pass() }, { code: 'link/garbled' }],
    ...['file:///etc/passwd', 'http://localhost:9/manifest.json', 'https://githubusercontent.com.evil.example/m'].map((elsewhere): readonly [string, Oddity, object] => [`names a manifest elsewhere: ${elsewhere}`, (request, response, pass) => {
      if (request.url?.endsWith('latest') === true) { response.writeHead(200); response.end(JSON.stringify({ tag_name: 'v1.1.0', assets: [{ name: 'manifest.json', browser_download_url: elsewhere }] })) } else pass()
    }, { code: 'link/garbled', context: { reason: 'FOREIGN_HOST' } }]),
  ])('%s', async (_name, oddity, error) => {
    const fs = boardOf()
    const { url } = await openSource(await release(), oddity)
    await expect(mpyRig(fs, url).update()).rejects.toMatchObject(error)
    expect(Object.fromEntries(Object.entries(filesOn(fs)).filter(([path]) => !path.startsWith('.ota_stage/')))).toEqual(before())
  })
  test('1.6 a server that fails twice is asked a third time; a 404 is asked once', async () => {
    let failures = 2
    const fs = boardOf()
    const { url, asked } = await openSource(await release(), raw((_request, response, pass) => { if (failures > 0) { failures -= 1; response.writeHead(503); response.end() } else pass() }))
    expect(await mpyRig(fs, url).update()).toMatchObject({ end: 'updated' })
    expect(asked.filter(({ path }) => isRaw(path, 'main.py'))).toHaveLength(3)
    const gone = await openSource(await release(), raw((_request, response) => { response.writeHead(404); response.end() }))
    await expect(mpyRig(boardOf(), gone.url).update()).rejects.toMatchObject({ code: 'input/not-found' })
    expect(gone.asked.filter(({ path }) => isRaw(path, 'main.py'))).toHaveLength(1)
  })
})

test('a board whose version has a very long name is brought back after a power cut, too', async () => {
  const { url } = await openSource(await release())
  const longVersion = JSON.stringify({ ref: 'v'.repeat(250), commit: '0'.repeat(40) })
  const renames: number[] = []
  const count = boardOf()
  count.put('version.json', longVersion)
  count.onDone = ({ name, number }) => { if (name === 'rename') renames.push(number) }
  await mpyRig(count, url).update()
  expect(renames.length).toBeGreaterThan(3)
  for (const number of renames) {
    const fs = boardOf()
    fs.put('version.json', longVersion)
    fs.fault = (call) => (call.number === number ? 'cut-after' : undefined)
    await mpyRig(fs, url).update().catch(() => undefined)
    fs.restart(() => 0.5)
    fs.fault = undefined
    const { deps } = otaRig(fs)
    await recoverBoard({ ...deps, http: async () => Promise.reject(new Error('no network')), hmacSha256Hex: () => '', tell: () => undefined }, { keepStage: false }, never)
    const { 'version.json': version, ...rest } = filesOn(fs)
    expect([number, rest]).toEqual([number, version === longVersion ? oldFiles : { ...newFiles, 'config.json': '{}' }])
  }
})

test.each(['full', 'delta'])('1.25 the power goes at any call of an update (%s): at the next contact the board is old or new, and the update goes through', async (how) => {
  const isDelta = how === 'delta'
  const [older, newer] = isDelta ? [{ 'main.py': long('old'), 'lib/gone.py': 'x' }, { 'main.py': long('new'), 'lib/added.py': 'y' }] : [oldFiles, { ...newFiles, 'config.json': '{}' }]
  const { url } = await openSource(isDelta ? await deltaRelease({ 'lib/added.py': 'y' }, 'lib/gone.py\n') : await release())
  const config = { enable_delta_updates: isDelta }
  const count = boardOf(older)
  const events = mpyRig(count, url, config)
  await events.update()
  expect(events.events.some((event) => event.type === 'staged' && event.how === how)).toBe(true)
  for (let number = 1; number <= count.calls.length; number += 1) {
    const fs = boardOf(older)
    fs.fault = (call) => (call.number === number ? 'cut' : undefined)
    await mpyRig(fs, url, config).update().catch(() => undefined)
    fs.restart(() => 0.5)
    fs.fault = undefined
    const fork = fs.fork()
    const { deps } = otaRig(fs)
    await recoverBoard({ ...deps, http: async () => Promise.reject(new Error('no network')), hmacSha256Hex: () => '', tell: () => undefined }, { keepStage: false }, never)
    const { 'version.json': version, ...rest } = filesOn(fs)
    expect([number, rest]).toEqual([number, version === oldVersion ? older : newer])
    await mpyRig(fork, url, config).update()
    expect([number, filesOn(fork)]).toMatchObject([number, newer])
  }
}, 60_000)

test('a mirror at an address that is not ours, or at a port that is taken, says which of the two it is', async () => {
  const open = async (host: string, port: number) => openGithubMirror({ folder: { versions: async () => [] }, host, port }, never)
  await expect(open('203.0.113.1', 0)).rejects.toMatchObject({ code: 'host/io', message: expect.stringContaining('203.0.113.1:0 cannot be opened') as string, hint: 'Is that an address of this computer?' })
  const mirror = await open('127.0.0.1', 0)
  onTestFinished(mirror.close)
  await expect(open('127.0.0.1', mirror.port)).rejects.toMatchObject({ code: 'host/port-in-use', message: `Port ${mirror.port} of 127.0.0.1 is in use` })
})
