import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { startLoopbackRack } from '../../src/main/composition/simulator.ts'
import { createLeases, type Lease } from '../../src/main/core/rack/leases.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { openSqliteLeases } from '../../src/main/drivers/storage/sqliteLeases.ts'
import { openLocalWorkbench } from '../../src/main/hosts/cli/localWorkbench.ts'
import { runCli } from '../../src/main/hosts/cli/main.ts'
import { createFakeCli, type FakeCli } from '../support/fakeCli.ts'
import { listenOnLoopback } from '../support/listenOnLoopback.ts'

const never = new AbortController().signal
const resourcesFolder = join(import.meta.dirname, '../../resources')
const line = (port: number): string => `tcp://127.0.0.1:${String(port)}`
const chip = ['--chip', 'hi3516ev300'] as const
/** A rack of two desk cameras; the switch of the first wants a password. */
const twoPods = { version: 1, pods: [
  { id: 'pod-a', name: 'bench', url: line(9), cameraId: 'cam-a', cameraName: 'front', chip: 'hi3516ev300', power: { kind: 'routeros', host: '10.0.0.2', ethernet: 'ether4', passwordRef: 'pod-a', user: 'admin', tls: false, onMode: 'as-before' }, inventory: { labels: ['qa'], group: '', notes: '' } },
  { id: 'pod-b', name: 'pod-2', url: line(10), cameraId: 'cam-b', cameraName: 'back', chip: 'gk7205v200' },
] }

async function heard(server: Server): Promise<number> {
  onTestFinished(() => { server.closeAllConnections(); server.close() })
  return listenOnLoopback(server)
}

interface Told { readonly code: number; readonly cli: FakeCli; readonly out: string; readonly err: string }
interface Pods { readonly pods: readonly Record<string, unknown>[] }

async function bench(rack?: object) {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-pods-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const dataFolder = join(folder, 'data')
  await mkdir(dataFolder)
  const file = join(dataFolder, 'rack.json')
  if (rack) await writeFile(file, JSON.stringify(rack))
  const inFile = async (): Promise<Pods> => JSON.parse(await readFile(file, 'utf8')) as Pods
  const run = async (...argv: string[]): Promise<Told> => {
    const cli = createFakeCli({ dataFolder })
    const code = await runCli(['rack', ...argv], { ...cli.deps, openWorkbench: async (options) => openLocalWorkbench({ version: '1', homeFolder: folder, environment: {}, resourcesFolder }, options) })
    return { code, cli, out: cli.out.lines.join('\n'), err: cli.err.lines.join('\n') }
  }
  /** The window's process, which shows the rack and follows its file. */
  const openWindow = async (): Promise<OpenWorkbench> => {
    const workbench = await createWorkbench({ host: 'electron', version: 'test', dataFolder, homeFolder: folder, tftpPort: 0, demoCameras: 1, resourcesFolder, log: () => undefined }, { loadRack: true })
    onTestFinished(async () => workbench.close())
    return workbench
  }
  /** What a job of another process holds. */
  const hold = async (resource: string): Promise<Lease> => {
    const store = openSqliteLeases(join(dataFolder, 'journal.sqlite'))
    onTestFinished(() => { store.close() })
    return createLeases({ store, clock: createSystemClock(), log: () => undefined }).take(resource, 'Restore of front (job j-1)', never)
  }
  return { folder, file, inFile, run, openWindow, hold }
}

describe('rack add', () => {
  test('a pod that answers is in the rack, with what was said of it, and an open window takes it up', async () => {
    const { folder, inFile, run, openWindow } = await bench()
    const sim = await startLoopbackRack(join(folder, 'sim'), () => undefined, {})
    onTestFinished(async () => sim.close())
    const url = sim.urls[0] ?? ''
    const window = await openWindow()
    const added = await run('add', url, '--chip', sim.chip, '--name', 'bench', '--camera-name', 'front', '--group', 'hall 2')
    expect(added).toMatchObject({ code: 0, err: '', out: `front at ${url} is in the rack, as bench; its pod switches its power` })
    const { pods: [pod] } = await inFile()
    expect(pod).toEqual({ id: expect.stringMatching(/^pod-/) as string, name: 'bench', url, cameraId: expect.stringMatching(/^cam-/) as string, cameraName: 'front', chip: sim.chip, inventory: { labels: [], group: 'hall 2', notes: '' } })
    await expect.poll(() => window.rack.view().pods.map(({ name, cameras: [camera] }) => [name, camera?.name, camera?.inventory?.group])).toEqual([['bench', 'front', 'hall 2']])
    const again = await run('add', url.toUpperCase().replace('RACK', 'rack').replace('API', 'api'), ...chip, '--output', 'json')
    expect(again.code).toBe(2)
    expect(again.cli.events().find(({ event }) => event === 'error')).toMatchObject({ code: 'input/conflict', message: expect.stringMatching(/is in the rack already, as bench with front$/) as string })
    expect((await inFile()).pods).toHaveLength(1)
    await expect(window.setup.add({ url, name: '', cameraName: '', chip: sim.chip }, never)).rejects.toMatchObject({ code: 'input/conflict' })
  })
  test('a camera on a line is added without opening it, under the next free names, and a script is told them', async () => {
    const { inFile, run } = await bench(twoPods)
    const far = createServer()
    const [port, asked] = [await heard(far), { count: 0 }]
    far.on('connection', () => { asked.count += 1 })
    const { code, cli } = await run('add', line(port), '-c', 'HI3516EV300', '--output', 'json')
    expect(code).toBe(0)
    expect(cli.events()).toEqual([{ event: 'done', success: true, exitCode: 0, pod: { id: expect.any(String) as string, name: 'pod-3', url: line(port) }, camera: { id: expect.any(String) as string, name: 'cam-03', chip: 'hi3516ev300', group: '' } }])
    expect((await inFile()).pods.slice(0, 2)).toEqual(twoPods.pods)
    expect(asked.count).toBe(0)
    // With one place less the next number is one that stands there.
    await run('remove', 'bench', '--confirm', 'bench')
    expect((await run('add', line(11), ...chip)).out).toContain('cam-04 at tcp://127.0.0.1:11 is in the rack, as pod-4; a person switches its power')
  })
  test('what cannot be used is refused in words, and the rack is as it was', async () => {
    const { file, run } = await bench(twoPods)
    const before = await readFile(file, 'utf8')
    const noPod = createServer((_request, response) => { response.end('hello') })
    const port = await heard(noPod)
    for (const [argv, code, told] of [
      [['add'], 2, 'Which address?'],
      [['add', line(11)], 2, 'The last one of this rack has gk7205v200'],
      [['add', line(11), '--chip', 'nochip'], 2, 'Unknown chip "nochip"'],
      [['add', 'front door', ...chip], 2, '"front door" is no port'],
      [['add', line(9), ...chip], 2, `${line(9)} is in the rack already, as bench with front`],
      [['add', `rack://127.0.0.1:9?api=${String(port)}`, ...chip], 3, ''],
      [['add', 'rack://127.0.0.1:9?api=9', ...chip], 3, ''],
      [['add', line(11), ...chip, '--camera-name', 'x'.repeat(65)], 2, 'The --camera-name is not usable: 64 letters at most'],
      [['add', line(11), ...chip, '--group', 'x'.repeat(65)], 2, 'The --group is not usable: 64 letters at most'],
      [['label', 'front', 'x'.repeat(49)], 2, 'The label is not usable: 48 letters at most'],
      [['add', line(11), line(12), ...chip], 2, 'is one word too many'],
    ] as const) {
      const { code: ended, err } = await run(...argv)
      expect([argv, ended, err]).toEqual([argv, code, expect.stringContaining(told)])
    }
    expect(await readFile(file, 'utf8')).toBe(before)
  })
  test('a rack that is full takes no more, and stays readable', async () => {
    const pods = Array.from({ length: 1000 }, (_, index) => ({ ...twoPods.pods[1], id: `pod-${String(index)}`, cameraId: `cam-${String(index)}`, url: line(index + 1) }))
    const { inFile, run } = await bench({ version: 1, pods })
    expect(await run('add', line(2000), ...chip)).toMatchObject({ code: 2, err: expect.stringContaining('A rack has 1000 pods at most') as string })
    expect((await inFile()).pods).toHaveLength(1000)
    expect((await run('list')).code).toBe(0)
  })
})

describe('rack remove', () => {
  test('says what goes, and it goes when the name of the pod was typed: out of the file, the window and the secrets, as a removal in the window is written down', async () => {
    const { folder, file, inFile, run, openWindow } = await bench(twoPods)
    await mkdir(join(folder, 'data/secrets'), { mode: 0o700 })
    await writeFile(join(folder, 'data/secrets/plain.json'), JSON.stringify({ 'pod-a': 'hunter2', 'pod-z': 'kept' }), { mode: 0o600 })
    const window = await openWindow()
    const before = await readFile(file, 'utf8')
    for (const more of [[], ['--confirm', 'front'], ['--confirm', 'bench2']]) {
      const asked = await run('remove', 'front', ...more)
      expect(asked).toMatchObject({ code: 2, out: expect.stringMatching(/^bench \(tcp:\/\/127.0.0.1:9\) and its camera front leave this workbench, .*Nothing is switched off or written/) as string })
      expect(asked.err).toContain('The removal of "bench" was not confirmed')
      expect(asked.err).toContain('--confirm "bench"')
    }
    expect(await readFile(file, 'utf8')).toBe(before)
    expect(window.audit.list({ limit: 10 })).toEqual([])

    const removed = await run('remove', 'front', '--confirm', 'bench', '--output', 'json')
    expect(removed.code).toBe(0)
    expect(removed.cli.events()).toMatchObject([{ event: 'remove-plan', pod: { id: 'pod-a', name: 'bench' }, camera: { name: 'front' } }, { event: 'done', removed: true, exitCode: 0 }])
    expect((await inFile()).pods).toEqual([twoPods.pods[1]])
    await expect.poll(() => window.rack.pods().map(({ id }) => id)).toEqual(['pod-b'])
    expect(JSON.parse(await readFile(join(folder, 'data/secrets/plain.json'), 'utf8'))).toEqual({ 'pod-z': 'kept' })
    await window.setup.remove(window.rack.pods()[0]!.id)
    const written = window.audit.list({ limit: 10 }).toReversed().map(({ what, subject, details }) => ({ what, subject, details: { ...details, of: undefined } }))
    expect(written).toEqual([
      { what: 'remove pod', subject: 'bench', details: { camera: 'front', url: line(9) } }, { what: 'outcome', subject: 'bench', details: { outcome: 'done' } },
      { what: 'remove secret', subject: 'pod-a', details: {} }, { what: 'outcome', subject: 'pod-a', details: { outcome: 'done' } },
      { what: 'remove pod', subject: 'pod-2', details: { camera: 'back', url: line(10) } }, { what: 'outcome', subject: 'pod-2', details: { outcome: 'done' } },
    ])
  })
  test('one whose camera a job has is refused, and nothing of it goes', async () => {
    const { file, run, hold } = await bench(twoPods)
    await run('list')
    const lease = await hold(line(9))
    const before = await readFile(file, 'utf8')
    const refused = await run('remove', 'bench', '--confirm', 'bench', '--output', 'json')
    expect(refused.code).toBe(4)
    expect(refused.cli.events().find(({ event }) => event === 'error')).toMatchObject({ code: 'pod/busy', message: 'bench is in use by Restore of front (job j-1)', hint: 'Cancel that job first' })
    expect(await readFile(file, 'utf8')).toBe(before)
    expect((await run('remove', 'back', '--confirm', 'pod-2')).code).toBe(0)
    await lease.release()
    expect((await run('remove', 'cam-a', '--confirm', 'bench')).code).toBe(0)
  })
  test('a name that several have, or nobody, removes nobody', async () => {
    const { inFile, run } = await bench({ version: 1, pods: twoPods.pods.map((pod) => ({ ...pod, name: 'bench' })) })
    expect(await run('remove', 'bench', '--confirm', 'bench')).toMatchObject({ code: 2, err: expect.stringContaining('Use the id: pod-a, pod-b') as string })
    expect(await run('remove', 'nobody', '--confirm', 'nobody')).toMatchObject({ code: 2, err: expect.stringContaining('There is no pod "nobody" in the rack') as string })
    expect(await run('remove', 'bench', 'back')).toMatchObject({ code: 2, err: expect.stringContaining('one word too many') as string })
    expect((await inFile()).pods).toHaveLength(2)
    expect((await run('remove', 'pod-b', '--confirm', 'bench')).code).toBe(0)
    expect((await inFile()).pods).toMatchObject([{ id: 'pod-a' }])
  })
})

describe('a window on the same folder', () => {
  test('keeps a camera that a job has until it ends, and then lets it go without another change', async () => {
    const { file, openWindow, hold } = await bench(twoPods)
    const window = await openWindow()
    const lease = await hold(line(9))
    // As by a removal that came before the job.
    await writeFile(file, JSON.stringify({ ...twoPods, pods: [{ ...twoPods.pods[1], name: 'seen' }] }))
    await expect.poll(() => window.rack.pods().map(({ name }) => name).sort()).toEqual(['bench', 'seen'])
    await lease.release()
    await expect.poll(() => window.rack.pods().map(({ name }) => name)).toEqual(['seen'])
  })
  test('keeps what never was in the file: a demo, and a line for now', async () => {
    const { file, openWindow } = await bench(twoPods)
    const window = await openWindow()
    window.setup.addForNow({ url: line(12), name: 'for now', cameraName: '', chip: 'hi3516ev300' })
    await window.setup.openDemo()
    const shown = window.rack.pods().length
    await writeFile(file, JSON.stringify({ ...twoPods, pods: [] }))
    await expect.poll(() => window.rack.pods().length).toBe(shown - 2)
    expect(window.rack.pods().map(({ name }) => name)).toContain('for now')
  })
  test('keeps its cameras when the file is moved away', async () => {
    const { file, openWindow } = await bench(twoPods)
    const window = await openWindow()
    await rename(file, `${file}.away`)
    await new Promise((resolve) => { setTimeout(resolve, 2_500) })
    expect(window.rack.pods()).toHaveLength(2)
    await rename(`${file}.away`, file)
  })
})
