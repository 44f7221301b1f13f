import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { openLocalWorkbench } from '../../src/main/hosts/cli/localWorkbench.ts'
import { runCli } from '../../src/main/hosts/cli/main.ts'
import { agentRequestSchema } from '../../src/shared/agent/agent.schema.ts'
import { burnRequestSchema } from '../../src/shared/burn/burn.schema.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { dumpRequestSchema } from '../../src/shared/dump/dump.schema.ts'
import { installRequestSchema } from '../../src/shared/install/install.schema.ts'
import { restoreRequestSchema } from '../../src/shared/restore/restore.schema.ts'
import { createFakeCli, type FakeCli } from '../support/fakeCli.ts'

const never = new AbortController().signal
const resourcesFolder = join(import.meta.dirname, '../../resources')
const camera = cameraIdSchema.parse('cam-a')
/** As it was written before cameras had an inventory. */
const oldFile = { version: 1, pods: [
  { id: 'pod-a', name: 'bench', url: 'tcp://127.0.0.1:9', cameraId: 'cam-a', cameraName: 'front', chip: 'hi3516ev300', power: { kind: 'routeros', host: '10.0.0.2', ethernet: 'ether4', passwordRef: 'pod-a' } },
  { id: 'pod-b', name: 'bench', url: 'tcp://127.0.0.1:10', cameraId: 'cam-b', cameraName: 'back', chip: 'hi3516ev300' },
] }

interface Bench { readonly folder: string; readonly file: string; readonly open: (loadRack?: boolean) => Promise<OpenWorkbench>; readonly cli: (...argv: string[]) => Promise<{ readonly fake: FakeCli; readonly exitCode: number }> }

async function bench(): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-inventory-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const dataFolder = join(folder, 'data')
  await mkdir(dataFolder)
  const file = join(dataFolder, 'rack.json')
  await writeFile(file, JSON.stringify(oldFile))
  return {
    folder, file,
    open: async (loadRack = true) => {
      const workbench = await createWorkbench({ host: 'cli', version: 'test', dataFolder, homeFolder: folder, tftpPort: 0, resourcesFolder, log: () => undefined }, { loadRack })
      onTestFinished(async () => workbench.close())
      return workbench
    },
    cli: async (...argv) => {
      const fake = createFakeCli({ dataFolder })
      return { fake, exitCode: await runCli(argv, { ...fake.deps, openWorkbench: async (options) => openLocalWorkbench({ version: '1', homeFolder: folder, environment: {}, resourcesFolder }, options) }) }
    },
  }
}
const inFile = async (file: string): Promise<{ readonly pods: readonly { readonly cameraId: string; readonly inventory?: unknown; readonly power?: unknown }[] }> => JSON.parse(await readFile(file, 'utf8')) as never

describe('what people say of a camera', () => {
  test('an old rack file loads; what is said stays with the rack, and nothing else of it changes', async () => {
    const { open, file } = await bench()
    const first = await open()
    expect(first.rack.view().pods.map(({ cameras: [shown] }) => shown?.inventory)).toEqual([undefined, undefined])
    await first.inventories.change(camera, { labels: ['qa', 'lens=4mm', 'qa'], group: 'hall 2', place: { rack: 'Lab', row: 1, slot: 4 } }, never)
    await first.inventories.change(camera, { notes: 'left lens\nis loose', group: '' }, never)
    const expected = { labels: ['qa', 'lens=4mm'], group: '', notes: 'left lens\nis loose', place: { rack: 'Lab', row: 1, slot: 4 } }
    expect(first.rack.view().pods[0]?.cameras[0]?.inventory).toEqual(expected)
    expect(await inFile(file)).toEqual({ version: 1, pods: [{ ...oldFile.pods[0], inventory: expected, power: { ...oldFile.pods[0]?.power, user: 'admin', tls: false, onMode: 'as-before' } }, oldFile.pods[1]] })
    await first.close()
    const second = await open()
    expect(second.rack.view().pods[0]?.cameras[0]?.inventory).toEqual(expected)
    await expect(second.inventories.change(cameraIdSchema.parse('cam-x'), { group: 'x' }, never)).rejects.toMatchObject({ code: 'input/not-found' })
  })
  test('a camera that is taken out of the rack takes nothing of the others along', async () => {
    const { open, file } = await bench()
    const workbench = await open()
    await workbench.inventories.change(camera, { group: 'g' }, never)
    await workbench.setup.remove(workbench.rack.pods()[1]!.id)
    expect((await inFile(file)).pods).toMatchObject([{ cameraId: 'cam-a', inventory: { group: 'g' } }])
  })
  test('many changes at once, of two processes: none is lost', async () => {
    const { open, file } = await bench()
    const [one, two] = [await open(), await open(false)]
    await Promise.all(Array.from({ length: 6 }, async (_, index) => {
      await one.inventories.change(camera, index === 5 ? { group: 'g' } : {}, never)
      await two.inventories.change(cameraIdSchema.parse('cam-b'), index === 3 ? { notes: 'n' } : {}, never)
    }))
    expect((await inFile(file)).pods).toMatchObject([{ inventory: { group: 'g' } }, { inventory: { notes: 'n' } }])
  })
})

describe('maintenance', () => {
  test('no job takes the camera, and each plan says why first; the end of it is the way out', async () => {
    const { open } = await bench()
    const workbench = await open()
    await workbench.inventories.change(camera, { maintenance: { note: 'lens glued' } }, never)
    const asked = { cameraId: camera, inputPath: '/nowhere', outputPath: '/tmp/x-never', releasePath: '/nowhere', work: { kind: 'erase', offsetBytes: 0, lengthBytes: 65536 } } as const
    const plans = async () => Promise.all([
      workbench.desk.plan(restoreRequestSchema.parse(asked), never), workbench.installs.plan(installRequestSchema.parse(asked), never), workbench.dumps.plan(dumpRequestSchema.parse(asked), never),
      workbench.burns.plan(burnRequestSchema.parse(asked)), workbench.agents.plan(agentRequestSchema.parse(asked)),
    ])
    for (const { refusals: [first] } of await plans()) expect(first).toMatchObject({ code: 'pod/busy', message: expect.stringMatching(/^front is in maintenance since \d{4}-.* UTC: lens glued$/) as string, hint: expect.stringContaining('End its maintenance') as string })
    await expect(workbench.desk.start(restoreRequestSchema.parse(asked), undefined, never)).rejects.toMatchObject({ code: 'pod/busy' })
    await expect(workbench.burns.start(burnRequestSchema.parse(asked), '')).rejects.toMatchObject({ code: 'pod/busy' })
    await expect(workbench.agents.start(agentRequestSchema.parse(asked), '')).rejects.toMatchObject({ code: 'pod/busy' })
    await expect(workbench.dumps.start(dumpRequestSchema.parse(asked), '', never)).rejects.toMatchObject({ code: 'pod/busy' })
    await expect(workbench.installs.start(installRequestSchema.parse(asked), undefined, never)).rejects.toMatchObject({ code: 'pod/busy' })
    expect(workbench.jobs.list()).toEqual([])
    // Another note does not begin it anew.
    const since = (await workbench.inventories.list())[0]?.inventory?.maintenance?.sinceMs
    await workbench.inventories.change(camera, { maintenance: { note: 'still' } }, never)
    expect((await workbench.inventories.list())[0]?.inventory?.maintenance).toEqual({ sinceMs: since, note: 'still' })
    await workbench.inventories.change(camera, { maintenance: null }, never)
    for (const { refusals } of await plans()) expect(refusals.map(({ message }) => message).join()).not.toContain('maintenance')
  })
  test('a command on the same line is refused, too', async () => {
    const { cli } = await bench()
    expect((await cli('rack', 'maintenance', 'front', 'on', 'lens', 'glued')).exitCode).toBe(0)
    const { fake, exitCode } = await cli('burn', '-c', 'hi3516ev300', '-p', 'tcp://127.0.0.1:9', '--output', 'json')
    expect(exitCode).toBe(4)
    expect(fake.events().find(({ event }) => event === 'error')).toMatchObject({ code: 'pod/busy', message: expect.stringContaining('front is in maintenance') as string })
    expect((await cli('rack', 'maintenance', 'front', 'off')).exitCode).toBe(0)
    expect((await cli('burn', '-c', 'hi3516ev300', '-p', 'tcp://127.0.0.1:9')).fake.err.lines.join()).not.toContain('maintenance')
  })
})

describe('rackbench rack', () => {
  test('says and takes back, and tells it', async () => {
    const { cli, file } = await bench()
    const said = async (...words: string[]): Promise<string> => { const { fake } = await cli('rack', ...words); return [...fake.out.lines, ...fake.err.lines].join('\n') }
    expect(await said('label', 'front', 'qa', 'old')).toBe('front: qa · old')
    expect(await said('label', 'front', '+lens=4mm', '-old')).toBe('front: qa · lens=4mm')
    expect(await said('group', 'cam-a', 'hall', '2')).toBe('front: group hall 2 · qa · lens=4mm')
    expect(await said('place', 'front', 'Lab', '2', '1', '4')).toContain('Lab 2 1/4')
    expect(await said('note', 'front', 'is', 'loose')).toContain('is loose')
    expect((await inFile(file)).pods[0]?.inventory).toEqual({ labels: ['qa', 'lens=4mm'], group: 'hall 2', notes: 'is loose', place: { rack: 'Lab 2', row: 1, slot: 4 } })
    expect(await said('list')).toMatch(/front +cam-a +hi3516ev300 +tcp:\/\/127.0.0.1:9 +routeros +group hall 2/)
    for (const none of ['label', 'group', 'note', 'place']) await said(none, 'front', 'none')
    expect((await inFile(file)).pods[0]?.inventory).toEqual({ labels: [], group: '', notes: '' })
    expect(await said('label', 'front', 'a\u001b[2J')).toContain('letters, digits')
    expect(await said('label', 'front', 'qa', '+x')).toContain('Either all labels')
    expect(await said('place', 'front', 'Lab', '0', '4')).toContain('from 1 to 64')
    expect(await said('maintenance', 'front', 'perhaps')).toContain('on or off')
    expect(await said('group', 'nobody', 'x')).toContain('There is no camera "nobody"')
  })
  test('export, look, import: to another folder and back', async () => {
    const { cli, folder, file } = await bench()
    await cli('rack', 'note', 'front', 'is loose')
    const path = join(folder, 'rack.yaml')
    expect((await cli('rack', 'export', path)).exitCode).toBe(0)
    expect((await cli('rack', 'export', path)).fake.err.lines.join()).toContain('nothing is overwritten')
    expect(await readFile(path, 'utf8')).not.toContain('passwordRef')
    const before = await readFile(file, 'utf8')
    await cli('rack', 'note', 'front', 'none')
    const looked = await cli('rack', 'import', path, '--dry-run')
    expect(looked.fake.out.lines.join('\n')).toContain('~ front: notes none -> is loose')
    expect(await readFile(file, 'utf8')).not.toBe(before)
    expect((await cli('rack', 'import', path)).fake.out.lines.join('\n')).toContain('0 added, 1 changed')
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(before))
    // Elsewhere nothing of it is known.
    expect((await cli('rack', 'import', path, '--data', join(folder, 'other'))).fake.err.lines.join()).toContain('Line 4: this rack has no pod pod-a')
    expect((await cli('rack', 'import', path, '--data', join(folder, 'other'), '--keep-ids')).exitCode).toBe(0)
    expect((await inFile(join(folder, 'other', 'rack.json'))).pods).toHaveLength(2)
  })
  test('a bad file leaves the rack as it is, byte for byte', async () => {
    const { cli, folder, file } = await bench()
    const path = join(folder, 'bad.yaml')
    for (const [text, told] of [
      ['rackbench: 1\npods:\n  - id: pod-a\n    camera: { notes: new }\n  - id: pod-zz\n    camera: {}\n', 'Line 5: this rack has no pod pod-zz'],
      [`# ${'x'.repeat(10_000_000)}\n`, 'bad.yaml holds more than 4000000 bytes'], ['\u0000\u0001', 'Line 1: '], ['a: &a [1]\nb: *a\n', 'the anchor &a'],
    ] as const) {
      await writeFile(path, text)
      const { fake, exitCode } = await cli('rack', 'import', path)
      expect([exitCode, fake.err.lines.join()]).toEqual([2, expect.stringContaining(told)])
    }
    await writeFile(path, new Uint8Array([0xff, 0xfe, 0x00]))
    expect((await cli('rack', 'import', path)).fake.err.lines.join()).toContain('no text in UTF-8')
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(oldFile)
  })
})

test('the window takes up what a command has changed, and an import adds pods to it', async () => {
  const { open, cli } = await bench()
  const workbench = await open()
  await cli('rack', 'group', 'front', 'hall 2')
  await expect.poll(() => workbench.rack.view().pods[0]?.cameras[0]?.inventory?.group, { timeout: 8_000 }).toBe('hall 2')
  const text = 'rackbench: 1\npods:\n  - address: tcp://127.0.0.1:11\n    camera: { name: new, chip: hi3516ev300, labels: [qa] }\n  - id: pod-b\n    name: moved\n    address: tcp://127.0.0.1:12\n    camera: {}\n'
  const { hash, added, changed } = await workbench.inventories.planImport({ text, keepIds: false })
  expect({ added, changed }).toMatchObject({ added: [{ camera: 'new' }], changed: [{ camera: 'back', changes: [{ field: 'pod name', to: 'moved' }, { field: 'address' }] }] })
  await workbench.inventories.change(camera, { notes: 'meanwhile' }, never)
  await expect(workbench.inventories.importYaml({ text, keepIds: false, hash }, never)).rejects.toMatchObject({ code: 'input/conflict' })
  await workbench.inventories.importYaml({ text, keepIds: false, hash: (await workbench.inventories.planImport({ text, keepIds: false })).hash }, never)
  expect(workbench.rack.view().pods.map(({ url, name, cameras: [shown] }) => [url, name, shown?.inventory?.labels])).toEqual([
    ['tcp://127.0.0.1:9', 'bench', []], ['tcp://127.0.0.1:12', 'moved', undefined], ['tcp://127.0.0.1:11', expect.stringMatching(/^pod-/), ['qa']],
  ])
  // The import that was refused destroyed nothing.
  expect(workbench.audit.list({ limit: 10 })).toMatchObject([{ what: 'outcome', details: { outcome: 'done' } }, { what: 'import inventory', details: { added: 1, changed: 1, pods: 'new, back' } }])
})

test('a filter that was saved in the window is listed and used at a prompt; what only the window knows is refused', async () => {
  const { folder, cli } = await bench()
  await writeFile(join(folder, 'data/rackFilters.json'), JSON.stringify({ version: 1, filters: [{ name: 'ready', words: 'qa', life: 'booted' }, { name: 'all qa', words: 'qa hi3516' }, { name: 'fronts', words: 'front -qa' }] }))
  const data = ['--data', join(folder, 'data')]
  await cli('rack', 'label', 'front', 'qa', ...data)
  const listed = await cli('rack', 'filters', '--output', 'json', ...data)
  expect(listed.fake.events().at(-1)).toMatchObject({ filters: [{ name: 'all qa', cameras: 1 }, { name: 'fronts', cameras: 0 }, { name: 'ready', why: expect.stringContaining('only the window knows') as string }] })
  expect((await cli('rack', 'filters', ...data)).fake.out.lines.join('\n')).toMatch(/all qa {2,}qa hi3516 {2,}1 camera/)
  const shown = await cli('rack', 'list', '--filter', 'all qa', '--output', 'json', ...data)
  expect(shown.fake.events()[0]).toMatchObject({ pods: [{ camera: { name: 'front' } }] })
  // Its switch does not answer; that it was the one that was asked is what counts.
  const acted = await cli('power', 'off', '--filter', 'all qa', '--output', 'json', ...data)
  expect(acted.fake.events()).toContainEqual(expect.objectContaining({ event: 'chosen', cameras: [{ id: 'cam-a', name: 'front' }] }))
  expect((await cli('power', 'off', '--filter', 'fronts', ...data)).exitCode).not.toBe(0)
  expect((await cli('power', 'off', '--filter', 'ready', '--output', 'json', ...data)).fake.events()).toContainEqual(expect.objectContaining({ code: 'input/not-supported' }))
})
