import { createHash } from 'node:crypto'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeReleaseDeltas } from '../../../src/main/composition/releaseTools.ts'
import { exitCodes } from '../../../src/main/hosts/cli/exitCodes.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { createFakeCli, type FakeCli } from '../../support/fakeCli.ts'
import { openMicroPythonBoard, type MicroPythonBoard } from '../../../src/main/sim/microPythonBoard.ts'
import { folderOf, manifestOf } from '../../support/mpyRig.ts'
import { never } from '../../support/otaRig.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const long = (word: string): string => Array.from({ length: 120 }, (_, at) => `line_${at} = "${at === 60 ? word : 'same'}"\n`).join('')

/** What the board itself says about its files: path and sum, by its own MicroPython. */
const sumsOn = (board: MicroPythonBoard): Record<string, string> => Object.fromEntries(board.python(`
import os,hashlib,binascii
def walk(p):
 for n in os.listdir(p or '/'):
  q=p+'/'+n
  if q in ('/tmp','/home','/dev','/proc'):continue
  if os.stat(q)[0]&0x4000:walk(q)
  else:print(q[1:],str(binascii.hexlify(hashlib.sha256(open(q,'rb').read()).digest()),'ascii'))
walk('')
`).trim().split(/\r?\n/).map((line) => line.split(' ') as [string, string]))

async function run(argv: readonly string[], dataFolder: string, environment: Readonly<Record<string, string>> = {}): Promise<{ readonly exitCode: number; readonly fake: FakeCli }> {
  const fake = createFakeCli({ dataFolder, environment })
  return { exitCode: await runCli([...argv, '--output', 'json'], fake.deps), fake }
}

describe('a whole update of a real MicroPython over its raw REPL', () => {
  test.each(['works', 'refused'] as const)('new, replaced by delta, replaced, deleted; each read back by the board; raw paste %s', async (rawPaste) => {
    const board = await openMicroPythonBoard({ rawPaste })
    onTestFinished(board.close)
    board.python(`import os
os.mkdir('/lib')
def put(p,t):
 f=open(p,'w');f.write(t);f.close()
put('/main.py',${JSON.stringify(long('old'))})
put('/lib/a.py','a = 1')
put('/lib/gone.py','gone')
put('/config.json','{}')`)
    const folder = await folderOf({ 'v1.0.0/main.py': long('old'), 'v1.1.0/main.py': long('new'), 'v1.1.0/lib/a.py': 'a = 2', 'v1.1.0/lib/deep/b.py': 'b = "ü"', 'v1.1.0/lib/deep/__init__.py': '' })
    const [lists, data] = [await folderOf({ deletes: 'lib/gone.py\n' }), await folderOf({})]
    await makeReleaseDeltas({ oldFolder: join(folder, 'v1.0.0'), newFolder: join(folder, 'v1.1.0'), oldRef: 'v1.0.0', newRef: 'v1.1.0' }, never)
    await manifestOf(join(folder, 'v1.1.0'), 'v1.1.0', { deletesPath: join(lists, 'deletes'), key: 'secret' })
    const argv = ['mpy', 'update', '--port', `tcp://127.0.0.1:${board.port}`, '--source', folder, '--reset', 'none', '--deltas']
    const { exitCode, fake } = await run(argv, data, { RACKBENCH_MANIFEST_KEY: 'secret' })
    expect([exitCode, fake.events().at(-1)]).toMatchObject([exitCodes.success, { event: 'done', success: true, end: 'updated', ref: 'v1.1.0', filesChanged: 5 }])
    expect(fake.events().filter(({ event }) => event === 'staged').map(({ path, how }) => `${String(path)} ${String(how)}`)).toEqual(['lib/a.py full', 'lib/deep/__init__.py full', 'lib/deep/b.py full', 'main.py delta'])
    const { 'version.json': version, 'ota_health.json': health, ...sums } = sumsOn(board)
    expect(sums).toEqual({ 'main.py': sha256(long('new')), 'lib/a.py': sha256('a = 2'), 'lib/deep/b.py': sha256('b = "ü"'), 'lib/deep/__init__.py': sha256(''), 'config.json': sha256('{}') })
    const commit = String(fake.events().at(-1)?.['commit'])
    expect([version, health !== undefined]).toEqual([sha256(JSON.stringify({ ref: 'v1.1.0', commit })), true])
    expect(fake.out.lines.join('\n') + fake.err.lines.join('\n')).not.toContain('secret')
    const again = await run(argv, data, { RACKBENCH_MANIFEST_KEY: 'secret' })
    expect(again.fake.events().at(-1)).toMatchObject({ end: 'up-to-date' })
    const wrong = await run([...argv, '--force'], data, { RACKBENCH_MANIFEST_KEY: 'another' })
    expect([wrong.exitCode, wrong.fake.events().at(0)]).toMatchObject([exitCodes.wrongInput, { event: 'error', code: 'input/malformed', message: expect.stringMatching(/signature/) as string }])
  }, 120_000)

  test('the line is lost in the middle of the swap: the next contact makes the board old, and the update then goes through', async () => {
    const board = await openMicroPythonBoard({ rawPaste: 'works' })
    onTestFinished(board.close)
    board.python(`for n in 'abcd':
 f=open('/'+n+'.py','w');f.write('old '+n);f.close()`)
    const folder = await folderOf(Object.fromEntries([...'abcde'].map((name) => [`v1/${name}.py`, `new ${name}`])))
    await manifestOf(join(folder, 'v1'), 'v1')
    const data = await folderOf({})
    const fake = createFakeCli({ dataFolder: data })
    let applied = 0
    const { update } = fake.deps.mpy
    const argv = ['mpy', 'update', '--port', `tcp://127.0.0.1:${board.port}`, '--source', folder, '--reset', 'none', '--output', 'json']
    const deps = { ...fake.deps, mpy: { ...fake.deps.mpy, update: async (wish: Parameters<typeof update>[0], signal: AbortSignal) => update({ ...wish, tell: (event) => { if (event.type === 'transaction' && event.event.type === 'applied' && (applied += 1) === 2) board.dropLine(); wish.tell(event) } }, signal) } }
    expect(await runCli(argv, deps)).not.toBe(exitCodes.success)
    expect(Object.keys(sumsOn(board))).toContain('.ota_txn.json')
    const recovered = await run(['mpy', 'recover', '--port', `tcp://127.0.0.1:${board.port}`], data)
    expect([recovered.exitCode, recovered.fake.events().at(-1)]).toMatchObject([exitCodes.success, { report: { end: 'old' } }])
    const { 'ota_error.json': _error, 'ota_health.json': _health, ...sums } = sumsOn(board)
    expect(sums).toEqual(Object.fromEntries([...'abcd'].map((name) => [`${name}.py`, sha256(`old ${name}`)])))
    expect((await run(argv.slice(0, -2), data)).fake.events().at(-1)).toMatchObject({ end: 'updated' })
    expect(sumsOn(board)['e.py']).toBe(sha256('new e'))
  }, 120_000)

  test('post_update runs on the board after the swap; one that fails is told and noted, and the board stays new', async () => {
    const board = await openMicroPythonBoard({ rawPaste: 'works' })
    onTestFinished(board.close)
    const hooks = { v1: "open('/ran.txt','w').write(open('/main.py').read())", v2: "print('@0:ok')\nraise ValueError('no \u00fc')", v3: 'import sys\nsys.exit(3)', v4: undefined }
    const data = await folderOf({})
    const told: [unknown, unknown, unknown][] = []
    for (const [version, hook] of Object.entries(hooks)) {
      const folder = await folderOf({ [`${version}/main.py`]: version, ...(hook === undefined ? {} : { [`${version}/hooks/post.py`]: hook }) })
      await manifestOf(join(folder, version), version, { postUpdate: hook === undefined ? 'hooks/other.py' : 'hooks/post.py' })
      const { exitCode, fake } = await run(['mpy', 'update', '--port', `tcp://127.0.0.1:${board.port}`, '--source', folder, '--reset', 'none'], data)
      const done = fake.events().at(-1) as { end?: string; ref?: string; postUpdate?: { problem?: string } }
      expect([exitCode, done.end, done.ref]).toEqual([exitCodes.success, 'updated', version])
      const now = sumsOn(board)
      told.push([now['main.py'] === sha256(version), now['ran.txt'] === sha256('v1'), done.postUpdate?.problem ?? 'ran'])
      expect(Object.keys(now).includes('.ota_txn.json')).toBe(false)
    }
    expect(told).toEqual([
      [true, true, 'ran'], [true, true, expect.stringContaining('ValueError: no ü') as string], [true, true, expect.stringContaining('SystemExit: 3') as string], [true, true, expect.stringContaining('hooks/other.py: it raised OSError') as string],
    ])
    expect(board.python("print(open('/ota_error.json').read())")).toContain('hooks/other.py')
  }, 120_000)

  test('a board that cannot be started anew has the version all the same, and that is said; each line has an event with a word', async () => {
    const board = await openMicroPythonBoard({ rawPaste: 'works' })
    onTestFinished(board.close)
    const folder = await folderOf({ 'v1/main.py': 'one' })
    await manifestOf(join(folder, 'v1'), 'v1')
    const { exitCode, fake } = await run(['mpy', 'update', '--port', `tcp://127.0.0.1:${board.port}`, '--source', folder], await folderOf({}))
    // This build of MicroPython has no module "machine", and so no reset of its own.
    const said = expect.stringMatching(/^The board has the new version and runs it after its next start; it could not be started anew: .*no module named 'machine'/) as string
    expect([exitCode, fake.events().at(-1)]).toEqual([exitCodes.success, expect.objectContaining({ end: 'updated', ref: 'v1', notRestarted: said })])
    expect(fake.events()).toContainEqual({ event: 'note', words: said })
    expect(fake.events().filter(({ event }) => typeof event !== 'string')).toEqual([])
    expect(fake.events().filter(({ event }) => event === 'transaction').map(({ step }) => step)).toEqual(expect.arrayContaining(['planned', 'applied', 'committed']))
    expect(sumsOn(board)['main.py']).toBe(sha256('one'))
  }, 60_000)

  test('what was typed wrongly is said before the board is touched', async () => {
    const [data, full] = [await folderOf({}), await folderOf({ 'v1/main.py': '' })]
    for (const [argv, code, said] of [
      [['--source', join(data, 'nosuch')], 'input/not-found', 'is no folder of versions'], [['--source', data], 'input/not-found', 'is no folder of versions'], [['--source', full, '--channel', 'stabel'], 'input/malformed', '--channel "stabel" is none of stable, developer'],
      [['--source', full, '--reset', 'often'], 'input/malformed', '--reset "often" is none of hard, soft, none'],
    ] as const) expect((await run(['mpy', 'update', '--port', 'tcp://127.0.0.1:9', ...argv], data)).fake.events()[0]).toMatchObject({ event: 'error', code, message: expect.stringContaining(said) as string })
    expect((await run(['release', 'manifest', data, '--version', '../x'], data)).fake.events()[0]).toMatchObject({ event: 'error', code: 'input/malformed', message: '"../x" is no name of a version' })
    expect((await run(['mpy'], data)).fake.events()[0]).toMatchObject({ message: 'mpy wants one of update, recover' })
  })

  test('its own memory is asked before anything is fetched; a clock that this port does not tell is said to be passed over', async () => {
    const board = await openMicroPythonBoard({ rawPaste: 'works' })
    onTestFinished(board.close)
    const folder = await folderOf({ 'v1/a.py': 'a', 'greedy.json': '{"min_free_mem":1000000000000}', 'fine.yaml': 'min_free_mem: 1000\nmin_cpu_mhz: 50\n' })
    await manifestOf(join(folder, 'v1'), 'v1')
    const update = async (config: string) => (await run(['mpy', 'update', '--port', `tcp://127.0.0.1:${board.port}`, '--source', folder, '--reset', 'none', '--config', join(folder, config)], await folderOf({}))).fake.events()
    expect(await update('greedy.json')).toContainEqual(expect.objectContaining({ event: 'error', code: 'device/refused', message: expect.stringMatching(/^The board has [1-9]\d+ bytes of memory free, and its configuration wants 1000000000000/) as string }))
    const fine = await update('fine.yaml')
    expect(fine).toContainEqual({ event: 'note', words: 'The board does not tell what min_cpu_mhz asks for, so it is not looked at' })
    expect(fine.at(-1)).toMatchObject({ success: true, end: 'updated' })
  }, 60_000)

  test('two updates at once: the second is told who has the line', async () => {
    const board = await openMicroPythonBoard({ rawPaste: 'works' })
    onTestFinished(board.close)
    const folder = await folderOf({ 'v1/a.py': 'a' })
    await manifestOf(join(folder, 'v1'), 'v1')
    const data = await folderOf({})
    const argv = ['mpy', 'update', '--port', `tcp://127.0.0.1:${board.port}`, '--source', folder, '--reset', 'none']
    const both = await Promise.all([run(argv, data), run(argv, data)])
    expect(both.map(({ exitCode }) => exitCode === exitCodes.success).sort()).toEqual([false, true])
    expect(both.flatMap(({ fake }) => fake.events()).filter(({ event }) => event === 'error')).toMatchObject([{ code: 'pod/busy' }])
  }, 120_000)
})

test('the configuration of a board is JSON or YAML by its name; TOML is refused in words', async () => {
  const folder = await folderOf({ 'a.yaml': 'http_retries: 0 # too few\n', 'a.yml': '- a list\n', 'a.toml': 'http_retries = 0\n', 'a.json': '{"http_retries":0}', 'v1/main.py': 'x' })
  const said = async (name: string): Promise<string> => JSON.stringify((await run(['mpy', 'update', '--port', 'tcp://127.0.0.1:1', '--source', folder, '--config', join(folder, name)], folder)).fake.events())
  for (const name of ['a.yaml', 'a.json']) expect(await said(name)).toContain('cannot be used: http_retries')
  expect(await said('a.yml')).toContain('no YAML object')
  expect(await said('a.toml')).toContain('TOML is not read')
})

describe('rackbench release', () => {
  test('1.37 manifest: what is included is exactly what is taken; the key comes from a file and is not told', async () => {
    const folder = await folderOf({ 'main.py': 'm', 'ota.py': 'o', 'lib/a.py': 'a', 'lib/b.txt': 'b', 'key.txt': 'very secret\n' })
    const { exitCode, fake } = await run(['release', 'manifest', folder, '--version', 'v1', '--include', 'lib/*.py', '--key-file', join(folder, 'key.txt')], folder)
    expect([exitCode, fake.events()]).toMatchObject([0, [{ event: 'done', files: ['lib/a.py'], signed: true, version: 'v1' }]])
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as object
    expect(manifest).toMatchObject({ version: 'v1', files: [{ path: 'lib/a.py', size: 1, sha256: sha256('a') }], signature: expect.stringMatching(/^[0-9a-f]{64}$/) as string })
    expect(JSON.stringify(fake.events())).not.toContain('very secret')
    expect((await run(['release', 'manifest', folder, '--version', 'v2'], folder)).fake.events()).toMatchObject([{ files: ['main.py', 'ota.py'], signed: false }])
    expect((await run(['release', 'manifest', folder, '--version', 'v2', '--include', '*.nothing'], folder)).exitCode).toBe(exitCodes.wrongInput)
  })
  test('delta: of two files, applied before it is written; of two folders, with the list of boards', async () => {
    const folder = await folderOf({ 'a/main.py': long('old'), 'b/main.py': long('new'), 'a/manifest.json': long('old'), 'b/manifest.json': long('new'), 'a/small.py': '1', 'b/small.py': '2', 'b/fresh.py': long('x') })
    const out = join(folder, 'main.delta')
    const { fake } = await run(['release', 'delta', join(folder, 'a/main.py'), join(folder, 'b/main.py'), '-o', out], folder)
    expect(fake.events()).toMatchObject([{ event: 'done', path: out, deltaBytes: (await readFile(out)).length, newBytes: long('new').length, newSha256: sha256(long('new')) }])
    expect((await run(['release', 'delta', join(folder, 'a'), join(folder, 'b')], folder)).fake.events()).toMatchObject([{ deltas: 1, total_new_size: long('new').length, entries: [{ path: 'main.py', old_sha256: sha256(long('old')), file: '.deltas/main.py.delta' }] }])
    await mkdir(join(folder, 'c/x'), { recursive: true })
    await mkdir(join(folder, 'd/x'), { recursive: true })
    for (const [side, word] of [['c', 'old'], ['d', 'new']] as const) for (const name of ['x/y.py', 'x_y.py']) await writeFile(join(folder, side, name), long(word))
    expect((await run(['release', 'delta', join(folder, 'c'), join(folder, 'd')], folder)).fake.events()[0]).toMatchObject({ code: 'input/conflict' })
  })
  test('serve: a folder without a version is said, and a version that comes is served', async () => {
    const folder = await folderOf({ 'site/notes.txt': 'x' })
    const stop = new AbortController()
    const fake = createFakeCli({ dataFolder: folder })
    const events: Record<string, unknown>[] = []
    const served = new Promise<string>((resolve) => { fake.deps.out.line = (text) => { const event = JSON.parse(text) as Record<string, unknown>; events.push(event); if (event['event'] === 'note') resolve(String(events[0]?.['url'])) } })
    const ended = runCli(['release', 'serve', join(folder, 'site'), '--port', '0', '--output', 'json'], { ...fake.deps, interrupt: { signal: stop.signal, onAgain: () => undefined } })
    const url = await served
    expect(events).toMatchObject([{ event: 'serving', versions: [] }, { event: 'note', words: expect.stringContaining('There is no version in this folder yet') as string }])
    expect((await fetch(`${url}/repos/o/r/releases/latest`)).status).toBe(404)
    await mkdir(join(folder, 'site/v1.0.0'))
    await writeFile(join(folder, 'site/v1.0.0/main.py'), 'x')
    expect(await (await fetch(`${url}/repos/o/r/releases/latest`)).json()).toMatchObject({ tag_name: 'v1.0.0' })
    stop.abort(new Error('enough'))
    expect(await ended).toBe(0)
  })
  test('serve: the newest version by number, refs, tree and files; nothing outside the folder', async () => {
    const folder = await folderOf({ 'site/v1.9.0/main.py': '9', 'site/v1.10.0/main.py': '10', 'site/v1.10.0/lib/a.py': 'a', 'secret.txt': 'secret' })
    await symlink(folder, join(folder, 'site/v1.10.0/out'))
    const stop = new AbortController()
    const fake = createFakeCli({ dataFolder: folder })
    const served = new Promise<string>((resolve) => { fake.deps.out.line = (text) => { const { event, url } = JSON.parse(text) as { event: string; url: string }; if (event === 'serving') resolve(url) } })
    const ended = runCli(['release', 'serve', join(folder, 'site'), '--port', '0', '--output', 'json'], { ...fake.deps, interrupt: { signal: stop.signal, onAgain: () => undefined } })
    const url = await served
    const ask = async (path: string): Promise<[number, string]> => { const answer = await fetch(`${url}${path}`); return [answer.status, await answer.text()] }
    const json = async (path: string): Promise<Record<string, unknown>> => JSON.parse((await ask(path))[1]) as Record<string, unknown>
    expect(await json('/repos/o/r/releases/latest')).toMatchObject({ tag_name: 'v1.10.0', assets: [] })
    const { object } = await json('/repos/o/r/git/ref/tags/v1.10.0') as { object: { sha: string } }
    expect(await json(`/repos/o/r/git/trees/${object.sha}?recursive=1`)).toMatchObject({ truncated: false, tree: [{ path: 'lib/a.py', size: 1, type: 'blob' }, { path: 'main.py', size: 2 }] })
    expect(await ask('/raw/o/r/v1.10.0/lib/a.py')).toEqual([200, 'a'])
    expect(await ask(`/raw/o/r/${object.sha}/main.py`)).toEqual([200, '10'])
    for (const path of ['/raw/o/r/v1.10.0/../../secret.txt', '/raw/o/r/v1.10.0/%2e%2e/%2e%2e/secret.txt', '/raw/o/r/../secret.txt', '/raw/o/r/v1.10.0/lib', '/raw/o/r/v1.10.0/out/secret.txt', '/raw/o/r/v9/main.py', '/repos/o/r/git/ref/tags/..', '/', '/raw/o/r/v1.10.0/%00']) expect([path, (await ask(path))[0]]).toEqual([path, expect.toBeOneOf([400, 404, 500])])
    stop.abort(new Error('enough'))
    expect(await ended).toBe(0)
  })
})
