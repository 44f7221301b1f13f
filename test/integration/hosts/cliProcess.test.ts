import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeDemoRelease } from '../../../src/main/sim/demoRelease.ts'
import { writeReferenceLayout } from '../../../src/main/sim/referenceLayout.ts'
import { freeUdpPort } from '../../support/freePort.ts'

const root = join(import.meta.dirname, '../../..')
const bin = join(root, 'src/main/hosts/cli/bin.mjs')

interface Run {
  readonly child: ChildProcessWithoutNullStreams
  readonly lines: string[]
  readonly errors: () => string
  readonly firstLine: Promise<string>
  readonly exit: Promise<number | string | null>
}
interface CliEvent { readonly event: string; readonly [key: string]: unknown }

let folder: string
let running: Run[]
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'rackbench-cli-')); running = [] })
afterEach(async () => {
  for (const { child, exit } of running) { child.kill('SIGKILL'); await exit }
  await rm(folder, { recursive: true, force: true })
})

function start(argv: readonly string[], onLine: (line: string, run: Run) => void = () => undefined, node = process.execPath, variables: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(node, [bin, ...argv], { stdio: 'pipe', env: { ...variables, PATH: process.env['PATH'] ?? '', HOME: folder, TMPDIR: folder, XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache') } })
  const lines: string[] = []
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text })
  const reader = createInterface({ input: child.stdout })
  const run: Run = {
    child, lines, errors: () => errors, firstLine: once(reader, 'line').then(([line]) => line as string),
    exit: once(child, 'close').then(([code, signal]) => (code as number | null) ?? (signal as string | null)),
  }
  reader.on('line', (line) => { lines.push(line); onLine(line, run) })
  running.push(run)
  return run
}
const eventsOf = (run: Run): CliEvent[] => run.lines.map((line) => JSON.parse(line) as CliEvent)

async function startSim(...more: string[]): Promise<{ readonly sim: Run; readonly restore: readonly string[] }> {
  const sim = start(['sim', ...more])
  const { pods: [pod], boot } = JSON.parse(await sim.firstLine) as { pods: { http: string; uart: string; camera: { chip: string } }[]; boot: { profile: string; uboot: string } }
  if (!pod) throw new Error('the simulator has no pod')
  const images = join(folder, 'images')
  await writeReferenceLayout(images)
  const restore = [
    'restore', '-c', pod.camera.chip, '-i', images, '-p', `rack://127.0.0.1:${new URL(pod.uart).port}?api=${new URL(pod.http).port}`, '--power-cycle',
    '--profile', boot.profile, '--uboot', boot.uboot, '--data', join(folder, 'data'),
  ]
  return { sim, restore }
}

describe('the command line as a process', () => {
  test('demo: plan, phases, every read-back, booted, report, 0', async () => {
    const run = start(['demo', '--output', 'json', '--data', join(folder, 'demo')])
    expect(await run.exit, run.errors()).toBe(0)
    const events = eventsOf(run)
    const done = events.at(-1)
    expect(done).toMatchObject({ event: 'done', success: true, verdict: 'restored and booted' })
    const partitions = done?.['partitions'] as { name: string; crc32: string; readBackCrc32: string; action: string }[]
    expect(partitions.map(({ name }) => name).sort()).toEqual(['mtd0', 'mtd1', 'mtd2', 'mtd3'])
    for (const part of partitions) expect(part).toMatchObject({ readBackCrc32: part.crc32, action: 'written' })
    expect((await stat(done?.['reportPath'] as string)).size).toBeGreaterThan(1000)
    expect(events.filter(({ event, state }) => event === 'phase' && state === 'finished').length).toBeGreaterThan(6)
  }, 60_000)

  test('install a release through another process\'s rack, and refuse another chip\'s before anything is touched', async () => {
    const { restore } = await startSim()
    const release = join(folder, 'openipc.hi3516ev300-nor-demo.tgz')
    await writeDemoRelease(release)
    const argv = ['install', ...restore.slice(1).filter((word, index, all) => word !== '-i' && all[index - 1] !== '-i'), '-f', release, '--output', 'json']
    const refused = start([...argv.map((word) => (word === 'hi3516ev300' ? 'hi3516ev200' : word)), '--nor-size', '16'])
    expect(await refused.exit).toBe(2)
    expect(eventsOf(refused).find(({ event }) => event === 'error')).toMatchObject({ code: 'input/conflict', message: 'This release is for hi3516ev300 and the camera has hi3516ev200' })
    const run = start([...argv, '--nor-size', '16'])
    expect(await run.exit, run.errors()).toBe(0)
    const events = eventsOf(run)
    expect(events.at(-1)).toMatchObject({ event: 'done', success: true, verdict: 'installed and booted' })
    expect(events.filter((event) => 'environment' in event).at(-1)).toMatchObject({ environment: { state: 'proved', mac: { reason: 'kept' } } })
  }, 60_000)

  test('restore through another process\'s rack: twice, the second time there is nothing to write', async () => {
    const { sim, restore } = await startSim()
    const planned = start([...restore, '--plan-only', '--output', 'json'])
    expect(await planned.exit, planned.errors()).toBe(0)
    expect(eventsOf(planned).map(({ event }) => event)).toEqual(['plan', 'done'])
    for (const action of ['written', 'unchanged']) {
      const run = start([...restore, '--output', 'json'])
      expect(await run.exit, run.errors() + run.lines.slice(-3).join('\n')).toBe(0)
      const partitions = eventsOf(run).at(-1)?.['partitions'] as { action: string }[]
      expect(partitions.map((part) => part.action)).toEqual([action, action, action, action])
    }
    sim.child.kill('SIGINT')
    expect(await sim.exit).toBe(0)
  }, 90_000)

  test('a page that is silently wrong is caught: 5, and done says which partition', async () => {
    const { restore } = await startSim('--fault', 'flash-page-wrong')
    const run = start([...restore, '--output', 'json'])
    expect(await run.exit).toBe(5)
    expect(eventsOf(run).at(-1)).toMatchObject({ event: 'done', success: false, exitCode: 5 })
    expect(eventsOf(run).some(({ event, code }) => event === 'error' && code === 'device/wrong-content')).toBe(true)
  }, 60_000)

  test('nobody at the pod: 3; a pod whose images are missing: 2; nothing but JSON in either', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => { server.close(resolve) })
    const { restore } = await startSim()
    const gone = start([...restore.map((each) => (each.startsWith('rack://') ? `rack://127.0.0.1:${port}?api=${port}` : each)), '--output', 'json'])
    expect(await gone.exit).toBe(3)
    expect(eventsOf(gone).at(-1)).toMatchObject({ event: 'done', success: false, verdict: 'failed (state known)' })
    await rm(join(folder, 'images', 'mtd0'))
    const missing = start([...restore, '--output', 'json'])
    expect(await missing.exit).toBe(2)
    expect(eventsOf(missing).map(({ event }) => event)).toContain('error')
  }, 60_000)

  test('SIGINT in the middle: cancelled at a safe point, nothing left staged, 7', async () => {
    const { restore } = await startSim('--speed', 'real')
    const run = start([...restore, '--output', 'json'], (line, { child }) => { if (line.includes('"phase":"u-boot"') && line.includes('started')) child.kill('SIGINT') })
    expect(await run.exit, run.errors()).toBe(7)
    expect(eventsOf(run).at(-1)).toMatchObject({ event: 'done', success: false, verdict: 'cancelled' })
    const api = new URLSearchParams(restore.find((each) => each.startsWith('rack://'))?.split('?')[1]).get('api')
    const store = await (await fetch(`http://127.0.0.1:${api ?? ''}/tftp`)).json() as { files: unknown[] }
    expect(store.files).toEqual([])
  }, 60_000)

  test('a reader that goes away after one line does not stop the job', async () => {
    const { restore } = await startSim()
    const run = start([...restore, '--output', 'json'], (_, { child }) => { child.stdout.destroy() })
    expect(await run.exit, run.errors()).toBe(0)
    const jobs = start(['jobs', '--output', 'json', '--data', join(folder, 'data')])
    expect(await jobs.exit).toBe(0)
    expect(JSON.parse(jobs.lines[0] ?? '')).toMatchObject({ jobs: [{ state: 'succeeded', verdict: 'restored and booted' }] })
  }, 60_000)
})

test('a camera on a desk: U-Boot over an RFC 2217 line, files from this computer, power by a command', async () => {
  const sim = start(['sim', '--rfc2217-base', '0', '--boot-rom'])
  const { pods: [pod], boot } = JSON.parse(await sim.firstLine) as { pods: { http: string; rfc2217: string; camera: { chip: string } }[]; boot: { profile: string; uboot: string } }
  const images = join(folder, 'images')
  await writeReferenceLayout(images)
  const power = (state: string): string => `${process.execPath} -e fetch("${pod?.http ?? ''}/power/${state}",{method:"POST"})`
  const run = start([
    'restore', '-c', pod?.camera.chip ?? '', '-i', images, '-p', pod?.rfc2217 ?? '', '--power-cycle', '--profile', boot.profile, '--uboot', boot.uboot,
    '--host-ip', '127.0.0.1', '--device-ip', '127.0.0.2', '--tftp-port', String(await freeUdpPort()), '--data', join(folder, 'data'), '--output', 'json',
  ], undefined, undefined, { DEFIB_POWER_TYPE: 'command', RACKBENCH_POWER_ON: power('on'), RACKBENCH_POWER_OFF: power('off') })
  expect(await run.exit, run.errors()).toBe(0)
  expect(eventsOf(run).at(-1)).toMatchObject({ event: 'done', verdict: 'restored and booted' })
}, 60_000)

const systemNode = spawnSync('node', ['-p', 'process.versions.node'], { encoding: 'utf8', env: { PATH: (process.env['PATH'] ?? '').split(':').filter((each) => !each.includes('node_modules')).join(':') } })
const oldNode = systemNode.status === 0 && Number(systemNode.stdout.split('.')[0]) < 22
if (!oldNode) process.stderr.write('SKIPPED: rackbench started by an old Node, because there is none in the PATH\n')

describe.runIf(oldNode)('started by a Node that is too old', () => {
  const outside = (process.env['PATH'] ?? '').split(':').filter((each) => !each.includes('node_modules')).join(':')

  test('it finds the newer one that came with the packages, and passes signals and the exit code on', async () => {
    const found = spawnSync('node', [bin, 'nonsense'], { encoding: 'utf8', env: { PATH: outside, HOME: folder } })
    expect([found.status, found.stderr]).toEqual([2, expect.stringContaining('There is no command "nonsense"') as string])
    const child = spawn('node', [bin, 'sim'], { stdio: 'pipe', env: { PATH: outside, HOME: folder, TMPDIR: folder } })
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    expect((await once(child, 'close'))[0]).toBe(0)
  }, 30_000)

  test('killed with kill -9, it leaves no process behind', async () => {
    const child = spawn('node', [bin, 'sim'], { stdio: 'pipe', env: { PATH: outside, HOME: folder, TMPDIR: folder } })
    await once(child.stdout, 'data')
    const ended = once(child.stdout, 'close')
    child.stdout.resume()
    child.kill('SIGKILL')
    // Both hold the same pipe: it closes when the last of them is gone.
    await ended
  }, 30_000)

  test('without one it says what it needs, in one line', async () => {
    const lonely = join(folder, 'src/main/hosts/cli')
    await mkdir(lonely, { recursive: true })
    await copyFile(bin, join(lonely, 'bin.mjs'))
    const { status, stderr, stdout } = spawnSync('node', [join(lonely, 'bin.mjs'), '--help'], { encoding: 'utf8', env: { PATH: outside } })
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^rackbench needs Node 22\.18 or newer and runs on [\d.]+; run "npm ci" in [^\n]+\n$/)
  })
})
