import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { detectOnLine } from '../../src/main/composition/lineTools.ts'
import { runSimulator } from '../../src/main/composition/simulator.ts'
import { listFaults } from '../../src/main/composition/simulatorFaults.ts'
import { exitCodeOfError, exitCodes, exitCodeWords } from '../../src/main/hosts/cli/exitCodes.ts'
import { openLocalWorkbench } from '../../src/main/hosts/cli/localWorkbench.ts'
import { commandNames, runCli } from '../../src/main/hosts/cli/main.ts'
import { type ErrorCode, errorCodes } from '../../src/shared/errors/workbenchError.ts'
import { createFakeCli, type FakeCli } from '../support/fakeCli.ts'

const root = join(import.meta.dirname, '../..')

/** The real workbench, simulator and lines in a folder of their own; only stdout is recorded. */
async function realCli(): Promise<{ readonly fake: FakeCli; readonly deps: FakeCli['deps']; readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-json-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const fake = createFakeCli({ terminal: true })
  return {
    fake, folder, deps: {
      ...fake.deps, dataFolder: join(folder, 'data'), detect: detectOnLine, makeTempFolder: async () => folder,
      openWorkbench: async (options) => openLocalWorkbench({ version: '1.2.3', homeFolder: folder, environment: {}, resourcesFolder: join(root, 'resources') }, options),
      simulator: { ...fake.deps.simulator, faults: listFaults, run: async (options, out, log, signal) => runSimulator({ ...options, folder }, out, log, signal) },
    },
  }
}

/** What is wrong, and what stands in the error; `@` is a file that is not there, `%` one that holds rubbish. */
const bad: readonly (readonly [string, ErrorCode])[] = [
  ['restore', 'input/malformed'], ['restore --bogus', 'input/malformed'], ['restore -c hi3516ev300 -i @ -p tcp://127.0.0.1:9', 'input/not-found'],
  ['restore -c nochip -i % -p tcp://127.0.0.1:9', 'input/not-supported'],
  ['install', 'input/malformed'], ['install -c hi3516ev300 -f @ -p tcp://127.0.0.1:9 --nor-size 16', 'input/not-found'], ['install -c hi3516ev300 -f % -p tcp://127.0.0.1:9 --nor-size 16', 'input/malformed'], ['install -c hi3516ev300 -f % --nor-size 12', 'input/malformed'],
  ['dump', 'input/malformed'], ['dump -c hi3516ev300 -o x --form tape', 'input/malformed'], ['dump -c hi3516ev300 -o % -p tcp://127.0.0.1:9 --plan-only', 'input/conflict'],
  ['agent', 'input/malformed'], ['agent nosuch', 'input/malformed'], ['agent --broker nowhere', 'input/malformed'], ['agent --broker mqtt://127.0.0.1:9 --client 9b8d1856-ff34-4864-a726-12de072d0f77 --service-failed a/b', 'input/malformed'], ['agent --broker mqtt://a:b@127.0.0.1 --client 9b8d1856-ff34-4864-a726-12de072d0f77 --state @ --helper mock', 'input/malformed'], ['agent --broker mqtt://127.0.0.1:9 --client x --state @ --helper mock', 'input/malformed'], ['agent --broker mqtt://127.0.0.1:9 --client 9b8d1856-ff34-4864-a726-12de072d0f77 --state @ --helper reboot', 'input/malformed'], ['agent --broker mqtt://127.0.0.1:9 --client 9b8d1856-ff34-4864-a726-12de072d0f77 --state @ --helper mock --boot-id %', 'host/io'], ['agent --broker mqtt://127.0.0.1:9 --client 9b8d1856-ff34-4864-a726-12de072d0f77 --state @ --helper mock --tls-ca @', 'input/missing-file'], ['agent info', 'input/malformed'], ['agent info -c hi3516ev300 --agent @ -p tcp://127.0.0.1:9', 'input/missing-file'], ['captures', 'input/malformed'], ['captures nosuch', 'input/malformed'], ['captures settings --quota much', 'input/malformed'], ['captures settings --part-size 1', 'input/malformed'], ['captures settings --name-template ../x', 'input/malformed'], ['captures settings x', 'input/malformed'], ['captures compare a', 'input/malformed'], ['captures compare x@1 y', 'input/malformed'], ['captures compare 20260101-000000-aaaaaa@0 20260101-000000-aaaaaa@5', 'input/not-found'], ['captures boots a/b', 'input/not-found'], [`captures search ${'a'.repeat(501)}`, 'input/malformed'], [`captures search -e ${'a'.repeat(501)}`, 'input/malformed'], [`audit list --camera ${'a'.repeat(201)}`, 'input/malformed'],
  ['diff', 'input/malformed'], ['diff @ @', 'input/not-found'], ['diff % @', 'input/not-found'],
  ['demo --bogus', 'input/malformed'],
  ['sim --fault nosuch', 'input/malformed'], ['sim --pods many', 'input/malformed'],
  ['serve --port 70000', 'input/malformed'], ['serve extra', 'input/malformed'],
  ['jobs --bogus', 'input/malformed'], ['jobs nosuch', 'input/not-found'],
  ['burn', 'input/malformed'], ['burn -c hi3516ev300 -f @ -p tcp://127.0.0.1:9', 'input/missing-file'], ['burn -c hi3516ev300 -p nowhere', 'input/malformed'],
  ['detect --timeout soon', 'input/malformed'], ['detect -p @', 'link/unreachable'],
  ['chips extra', 'input/malformed'], ['ports --bogus', 'input/malformed'],
  ['capture', 'input/malformed'], ['capture -p tcp://127.0.0.1:9 -o %', 'input/conflict'], ['capture -p nowhere -o @', 'input/malformed'],
  ['bundle', 'input/malformed'], ['bundle @ --camera a/b', 'input/not-found'], ['bundle @ --since 1h --until 2h', 'input/malformed'], ['captures search x --camera nobody', 'input/not-found'], ['bundle %', 'input/conflict'], ['bundle @ --redact-pattern (a', 'input/malformed'], ['bundle @ --job job-none', 'input/not-found'],
  ['replay', 'input/malformed'], ['replay @', 'input/not-found'], ['replay %', 'input/malformed'], ['replay @ --serve tcp://127.0.0.1:0', 'input/not-found'], ['replay % --serve tcp://127.0.0.1:0', 'input/malformed'], ['replay % --serve tcp://0.0.0.0:0', 'input/not-supported'],
  ['replay % --serve nowhere', 'input/malformed'], ['replay % --speed 5', 'input/malformed'],
  ['console', 'input/malformed'], ['console type x', 'input/malformed'], ['console script @ -p tcp://127.0.0.1:9', 'input/not-found'], ['console script % -p tcp://127.0.0.1:9', 'input/malformed'], ['console script /dev/zero -p tcp://127.0.0.1:9', 'input/too-large'], ['console script / -p tcp://127.0.0.1:9', 'input/not-found'], ['audit verify --file /dev/zero', 'input/not-supported'],
  ['network', 'input/malformed'], ['network -f @ --tftp-port 0', 'input/not-found'],
  ['power', 'input/malformed'], ['power off', 'input/malformed'], ['power off nobody', 'input/not-found'], ['power off --filter nosuch', 'input/not-found'], ['power off a --filter b', 'input/malformed'], ['power nosuch', 'input/malformed'], ['power cycle a b --force-name a', 'input/malformed'], ['power on a --stagger soon', 'input/malformed'],
  ['audit', 'input/malformed'], ['audit nosuch', 'input/malformed'], ['audit verify --head abc', 'input/malformed'], ['audit verify --file @', 'input/not-found'], ['audit export', 'input/malformed'], ['audit export -o %', 'input/conflict'], ['audit list --since soon', 'input/malformed'], ['secrets', 'input/malformed'],
   ['power test', 'input/malformed'], ['power test --host a/b', 'input/malformed'], ['power test --host 127.0.0.1 --api-port 1', 'link/unreachable'], ['power audit --host 127.0.0.1 --ssh-port 1', 'link/unreachable'],
  ['rack', 'input/malformed'], ['rack nosuch', 'input/malformed'], ['rack filters extra', 'input/malformed'], ['rack list --filter nosuch', 'input/not-found'], ['rack label nosuch qa', 'input/not-found'], ['rack add', 'input/malformed'], ['rack add tcp://127.0.0.1:9', 'input/malformed'], ['rack add tcp://127.0.0.1:9 --chip nochip', 'input/not-supported'], ['rack add nowhere --chip hi3516ev300', 'input/malformed'], ['rack add rack://127.0.0.1:9?api=9 --chip hi3516ev300', 'link/unreachable'], ['rack add tcp://127.0.0.1:9 more --chip hi3516ev300', 'input/malformed'], ['rack remove', 'input/malformed'], ['rack remove nosuch', 'input/not-found'], ['rack maintenance nosuch on', 'input/not-found'], ['rack export %', 'input/conflict'], ['rack ports nosuch', 'input/not-found'], ['rack picture nosuch', 'input/not-found'], ['rack board nosuch', 'input/not-found'], ['rack board', 'input/malformed'], ['rack import @', 'input/not-found'], ['rack import /dev/zero', 'input/too-large'], ['rack import %', 'input/malformed'],
  ['approve', 'input/malformed'], ['approve yes', 'input/malformed'], ['approve yes nothing', 'input/not-found'], ['approve maybe x', 'input/malformed'],
  ['token', 'input/malformed'], ['token add', 'input/malformed'], ['token add ci', 'input/malformed'], ['token add ci --role king', 'input/malformed'], ['token add ../ci --role viewer', 'input/malformed'], ['token remove nobody', 'input/not-found'], ['token list extra', 'input/malformed'],
  ['registry', 'input/malformed'], ['registry nosuch', 'input/malformed'], ['registry list extra', 'input/malformed'], ['registry serve --port 70000', 'input/malformed'], ['registry serve --token-file @', 'input/not-found'], ['registry serve --host nowhere', 'input/malformed'], ['registry upload @', 'input/not-found'], ['registry upload %', 'input/malformed'], ['registry publish 9.9.9', 'input/not-found'], ['registry publish 1.0.0 --percent 0', 'input/malformed'], ['registry withdraw --channel A/B', 'input/malformed'], ['registry upload % --url http://127.0.0.1:1 --version 1.0.0', 'link/unreachable'],
  ['batch', 'input/malformed'], ['batch nosuch', 'input/malformed'], ['batch run', 'input/malformed'], ['batch run @', 'input/not-found'], ['batch run %', 'input/malformed'], ['batch show a/b', 'input/malformed'], ['batch show nosuch', 'input/not-found'], ['batch go-on nosuch', 'input/not-found'], ['batch stop', 'input/malformed'], ['batch stop nosuch', 'input/not-found'], ['batch compare a', 'input/malformed'], ['batch list extra', 'input/malformed'], ['batch list --redis nowhere', 'input/malformed'], ['batch list --redis redis://127.0.0.1:1', 'link/unreachable'],
  ['profiles', 'input/malformed'], ['profiles import @', 'input/not-found'],
  ['uboot', 'input/malformed'], ['uboot hi3516ev300 --file @', 'input/not-found'],
  ['release', 'input/malformed'], ['release manifest @', 'input/malformed'], ['release manifest @ --version 1', 'input/not-found'], ['release manifest . --version 1 --key a --key-file %', 'input/malformed'], ['release manifest . --version 1 --key-file @', 'input/not-found'], ['release manifest . --version 1 --key-file /dev/zero', 'input/too-large'], ['release manifest . --version 1 --file-list @', 'input/not-found'], ['release manifest . --version 1 --file-list /dev/zero', 'input/too-large'], ['release delta . % -o @', 'input/not-found'], ['release delta % %', 'input/malformed'], ['release delta @ % -o @', 'input/not-found'], ['release delta % % -o @/x', 'host/io'], ['release serve @ --port 0', 'input/not-found'], ['release package', 'input/malformed'], ['release package @ -o @', 'input/malformed'], ['release package @ --version 1.0.0 -o @', 'input/not-found'], ['release package % --version 1.0.0 -o @', 'input/malformed'], ['release package . --version 1 --service a -o @', 'input/malformed'], ['release package % % -o @', 'input/malformed'], ['release package @ @ -o @', 'input/not-found'], ['release package % % --version 1.0.0 -o @', 'input/malformed'],
  ['mpy', 'input/malformed'], ['mpy update', 'input/malformed'], ['mpy update --port tcp://127.0.0.1:1', 'input/malformed'], ['mpy update --port tcp://127.0.0.1:1 --source http://127.0.0.1:1', 'link/unreachable'], ['mpy update --port tcp://127.0.0.1:1 --source . --config %', 'input/malformed'], ['mpy recover --port nowhere', 'input/malformed'],
  ['updater', 'input/malformed'], ['updater nosuch', 'input/malformed'], ['updater serve', 'input/malformed'], ['updater serve --root @ --port many', 'input/malformed'], ['updater serve --root @ --systemctl true --port 0', 'input/not-found'], ['updater serve --root % --systemctl true --port 0', 'input/malformed'], ['updater serve --root . --systemctl @ --port 0', 'input/not-found'], ['updater serve --root . --systemctl true --report nowhere --port 0', 'input/malformed'], ['updater check', 'input/malformed'], ['updater check --root @', 'input/not-found'], ['updater factory --root %', 'input/malformed'], ['updater factory --root .', 'input/conflict'],
  ['fleet', 'input/malformed'], ['fleet send', 'input/malformed'], ['fleet send --client x', 'input/malformed'], ['fleet send --client 9b8d1856-ff34-4864-a726-12de072d0f77 --broker http://x --action reboot_host', 'input/malformed'], ['fleet send --client 9b8d1856-ff34-4864-a726-12de072d0f77 --broker mqtt://127.0.0.1:1 --action restart_app', 'input/malformed'], ['fleet send --client 9b8d1856-ff34-4864-a726-12de072d0f77 --broker mqtt://127.0.0.1:1 --action reboot_host --user x', 'input/malformed'], ['fleet send --client 9b8d1856-ff34-4864-a726-12de072d0f77 --broker mqtt://127.0.0.1:1 --action reboot_host --ca-file @', 'input/not-found'], ['fleet list --client x', 'input/malformed'], ['fleet wait', 'input/malformed'], ['fleet wait 9b8d1856-ff34-4864-a726-12de072d0f77', 'input/not-found'],
  ['deploy', 'input/malformed'], ['deploy @', 'input/malformed'], ['deploy % --updater http://127.0.0.1:9', 'input/malformed'], ['deploy % --updater x --address nowhere', 'input/malformed'], ['deploy % --ssh nobody', 'input/malformed'], ['deploy % --ssh a@b', 'input/malformed'], ['deploy @ --updater http://127.0.0.1:9', 'input/not-found'], ['deploy % --updater http://127.0.0.1:9 --also /usr/local/bin', 'input/malformed'], ['deploy % --ssh a@b --key % --address 127.0.0.1', 'input/malformed'],
  ['nosuch', 'input/malformed'], ['toString', 'input/malformed'], ['', 'input/malformed'],
]

describe('with --output json and bad input', () => {
  test.each(bad)('rackbench %s: %s', async (words, code) => {
    const { fake, deps, folder } = await realCli()
    await writeFile(join(folder, 'rubbish'), 'rubbish')
    const argv = words.split(' ').filter((word) => word !== '').map((word) => (word === '@' ? join(folder, 'missing') : word === '%' ? join(folder, 'rubbish') : word))
    const exitCode = await runCli([...argv, '--output', 'json'], deps)
    // Parses each line; a line that is no JSON throws.
    const events = fake.events()
    const error = events.find(({ event }) => event === 'error')
    expect(error).toMatchObject({ code, message: expect.stringMatching(/\w/) as string, exitCode: exitCodeOfError(code) })
    expect(events.at(-1)).toMatchObject({ event: 'done', success: false, exitCode })
    expect(exitCode).toBe(exitCodeOfError(code))
    expect(fake.err.lines).toEqual([])
  })
  test('each command of the help is in this table', () => {
    const tried = new Set(bad.map(([words]) => words.split(' ')[0]))
    expect(commandNames.filter((name) => !tried.has(name))).toEqual([])
  })
  test('cancelled, an error of ours, and prose are JSON too', async () => {
    const cancelled = createFakeCli()
    cancelled.interrupt()
    expect(await runCli(['uboot', 'hi3516ev300', '--output', 'json'], { ...cancelled.deps, openWorkbench: async () => { cancelled.deps.interrupt.signal.throwIfAborted(); throw new Error('unreached') } })).toBe(7)
    expect(cancelled.events()).toEqual([{ event: 'done', success: false, verdict: 'cancelled', exitCode: 7 }])
    const broken = createFakeCli()
    expect(await runCli(['chips', '--output=json'], { ...broken.deps, openWorkbench: async () => { throw new TypeError('secret path /home/x') } })).toBe(1)
    expect(broken.events().map(({ event }) => event)).toEqual(['error', 'done'])
    expect(broken.out.lines.join('')).not.toContain('secret')
    expect(broken.err.lines.join('')).toContain('secret path')
    for (const argv of [['--help'], ['--version'], ...commandNames.map((name) => [name, '--help'])]) {
      const fake = createFakeCli()
      expect(await runCli([...argv, '--output', 'json'], fake.deps)).toBe(0)
      expect(fake.events()).toEqual([{ event: 'text', lines: expect.any(Array) as string[] }])
    }
  })
  test('a status line of a terminal stays away', async () => {
    const fake = createFakeCli({ terminal: true })
    const shown: string[] = []
    const deps = { ...fake.deps, out: { ...fake.deps.out, status: (text: string) => { shown.push(text) } }, captureLine: async ({ tell }: { tell: (bytes: number) => void }) => { tell(5); return { receivedBytes: 5, isLost: false } } }
    expect(await runCli(['capture', '-p', 'x', '-o', 'y', '--output', 'json'], deps)).toBe(0)
    expect(shown).toEqual([])
    await runCli(['capture', '-p', 'x', '-o', 'y'], deps)
    expect(shown).toEqual(['5 bytes'])
  })
  test('as a process: stdout holds JSON lines alone', () => {
    const run = (...argv: string[]) => spawnSync(process.execPath, [join(root, 'src/main/hosts/cli/bin.mjs'), ...argv, '--output', 'json'], { encoding: 'utf8', timeout: 30_000 })
    for (const argv of [['nosuch'], ['replay', '/nowhere/at/all.dcap']]) {
      const { stdout, status } = run(...argv)
      expect(stdout.trim().split('\n').map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(['error', 'done'])
      expect(status).toBe(2)
    }
  })
})

describe('what is printed on success', () => {
  test('chips: one array', async () => {
    const { fake, deps } = await realCli()
    expect(await runCli(['chips', '--output', 'json'], deps)).toBe(0)
    expect(fake.out.lines).toHaveLength(1)
    const chips = JSON.parse(fake.out.lines[0] ?? '') as { name: string }[]
    expect(chips.find(({ name }) => name === 'hi3516ev300')).toEqual({ name: 'hi3516ev300', protocol: 'standard', ready: false, needs: ['profile', 'U-Boot image'] })
  })
  test('sim --list-faults and serve', async () => {
    const { fake, deps } = await realCli()
    expect(await runCli(['sim', '--list-faults', '--output', 'json'], deps)).toBe(0)
    expect(JSON.parse(fake.out.lines[0] ?? '')).toMatchObject({ faults: expect.arrayContaining([{ name: 'tftp-loss', sentence: expect.any(String) as string }]) as unknown })
    const served = createFakeCli()
    const serve: FakeCli['deps']['serve'] = async ({ out }) => { out('http://127.0.0.1:9/#token') }
    expect(await runCli(['serve', '--output', 'json'], { ...served.deps, serve })).toBe(0)
    expect(served.events()).toEqual([{ event: 'serving', url: 'http://127.0.0.1:9/#token' }, { event: 'done', success: true, exitCode: 0 }])
  })
})

describe('exit codes', () => {
  test('the one table of the README is the one of the program', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8')
    const rows = [...readme.matchAll(/^\| (\d) \| (.+) \|$/gm)].map(([, code, words]) => [Number(code), words])
    expect(rows).toEqual(exitCodeWords.map(([code, words]) => [code, words]))
    expect(new Set(Object.values(exitCodes))).toEqual(new Set(exitCodeWords.map(([code]) => code)))
    expect(readme.match(/^\| Code \| Means \|$/gm)).toHaveLength(1)
  })
  test('each error has one', () => {
    for (const code of errorCodes) expect(exitCodeWords.map(([each]) => each)).toContain(exitCodeOfError(code))
  })
})
