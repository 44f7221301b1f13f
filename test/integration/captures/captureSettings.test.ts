import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { openLocalWorkbench } from '../../../src/main/hosts/cli/localWorkbench.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { captureSettingsSchema } from '../../../src/shared/captures/captures.schema.ts'
import { bytes, type CaptureBench, captureBench, gate } from '../../support/captureBench.ts'
import { createFakeCli, type FakeCli } from '../../support/fakeCli.ts'

const resourcesFolder = join(import.meta.dirname, '../../../resources')
const settingsOf = (more: Record<string, unknown>) => captureSettingsSchema.parse({ reserveBytes: 0, graceMs: 30_000, partBytes: 4096, ...more })

async function filled(bench: CaptureBench, store: ReturnType<CaptureBench['open']>, parts: number): Promise<void> {
  const tap = store.open(gate)
  for (let part = 0; part < parts; part += 1) { await bench.clock.advance(10); tap.received(bytes('p'.repeat(5_000))); await store.flush() }
  await tap.close()
}
const kindsAfter = (bench: CaptureBench, store: ReturnType<CaptureBench['open']>) => async (): Promise<string[]> => { await bench.clock.advance(500); return store.state().notices.map(({ kind }) => kind) }

test('a smaller quota is announced anew with its time of grace, although the old one was announced long ago', async () => {
  const bench = captureBench()
  const store = bench.open({ graceMs: 30_000, partBytes: 4096, quotaBytes: 118_000 })
  await filled(bench, store, 17)
  const kinds = kindsAfter(bench, store)
  await expect.poll(kinds, { timeout: 10_000, interval: 10 }).toEqual([])
  await filled(bench, store, 1)
  await expect.poll(kinds, { timeout: 10_000, interval: 10 }).toEqual(['quota-near'])
  await bench.clock.advance(60_000)
  expect(await store.cutOf(70_000)).toEqual({ files: 7, bytes: expect.any(Number) as number })
  store.use(settingsOf({ quotaBytes: 70_000 }))
  await expect.poll(kinds, { timeout: 10_000, interval: 10 }).toEqual(['quota-near', 'quota-near'])
  const { quota } = store.state()
  expect(quota).toMatchObject({ removesFromMs: (quota?.sinceMs ?? 0) + 30_000, oldest: { cameraName: 'Gate' } })
  expect(await store.parts()).toHaveLength(18)
  await expect.poll(kinds, { timeout: 10_000, interval: 10 }).toEqual(['quota-near', 'quota-near', 'deleted'])
  const [, announced, deleted] = store.state().notices
  expect((deleted?.atMs ?? 0) - (announced?.atMs ?? 0)).toBeGreaterThanOrEqual(30_000)
  expect(store.state().usedBytes).toBeLessThanOrEqual(70_000)
})

test('what another program keeps in the file holds here within seconds; a damaged file changes nothing', async () => {
  const bench = captureBench()
  let read = async () => Promise.resolve(settingsOf({ quotaBytes: 1_000_000 }))
  const store = bench.open({ quotaBytes: 500_000 }, 'me', undefined, async () => read())
  await expect.poll(async () => { await bench.clock.advance(500); return store.state().quotaBytes }, { timeout: 10_000, interval: 10 }).toBe(1_000_000)
  read = async () => Promise.reject(new Error('damaged'))
  await bench.clock.advance(11_000)
  await expect.poll(async () => { await bench.clock.advance(500); return bench.lines.some((line) => line.includes('damaged')) }, { timeout: 10_000, interval: 10 }).toBe(true)
  expect(store.state().quotaBytes).toBe(1_000_000)
  read = async () => Promise.resolve(settingsOf({ quotaBytes: 2_000_000 }))
  await expect.poll(async () => { await bench.clock.advance(500); return store.state().quotaBytes }, { timeout: 10_000, interval: 10 }).toBe(2_000_000)
})

test('the size of files and their names hold from the next file on, in the middle of a session', async () => {
  const bench = captureBench()
  const store = bench.open({ partBytes: 1_000_000 })
  const tap = store.open(gate)
  for (let index = 0; index < 2; index += 1) { tap.received(bytes('a'.repeat(5_000))); await store.flush() }
  expect(await store.parts()).toHaveLength(1)
  store.use(settingsOf({ partBytes: 4096, nameTemplate: 'later-{session}.{part}' }))
  for (let index = 0; index < 2; index += 1) { tap.received(bytes('b'.repeat(5_000))); await store.flush() }
  expect((await store.parts()).map(({ base }) => /later-/.test(base))).toEqual([false, true, true])
  await tap.close()
  expect(await store.sessions()).toMatchObject([{ endOffset: 20_000, parts: 3 }])
})

interface Desk { readonly folder: string; readonly open: () => Promise<OpenWorkbench>; readonly cli: (...argv: string[]) => Promise<{ readonly fake: FakeCli; readonly exitCode: number }> }
async function desk(): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-capture-settings-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'data'))
  return {
    folder: join(folder, 'data'),
    open: async () => {
      const workbench = await createWorkbench({ host: 'cli', version: 'test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: 0, resourcesFolder, log: () => undefined })
      onTestFinished(async () => workbench.close())
      return workbench
    },
    cli: async (...argv) => {
      const fake = createFakeCli({ dataFolder: join(folder, 'data') })
      return { fake, exitCode: await runCli(argv, { ...fake.deps, openWorkbench: async (options) => openLocalWorkbench({ version: '1', homeFolder: folder, environment: {}, resourcesFolder }, options) }) }
    },
  }
}

test('a smaller quota that deletes is agreed to and written down first; others are not asked about', async () => {
  const { folder, open } = await desk()
  const workbench = await open()
  const { captures, audit } = workbench
  const tap = captures.store.open(gate)
  tap.received(bytes('x'.repeat(200_000)))
  await tap.close()
  await captures.changeSettings({ partMs: 3_600_000 }, false)
  await expect(captures.changeSettings({ quotaBytes: 100_000 }, false)).rejects.toMatchObject({ code: 'input/conflict', context: { files: 1 }, hint: expect.stringContaining('--agree-delete') as string })
  expect(await captures.settings()).toEqual(captureSettingsSchema.parse({ partMs: 3_600_000 }))
  expect(audit.list({ limit: 10 })).toEqual([])
  expect(await captures.changeSettings({ quotaBytes: 100_000 }, true)).toEqual(captureSettingsSchema.parse({ partMs: 3_600_000, quotaBytes: 100_000 }))
  expect(captures.status().quotaBytes).toBe(100_000)
  expect(audit.list({ limit: 10 })).toMatchObject([{ what: 'outcome', details: { outcome: 'done' } }, { what: 'change capture settings', details: { files: 1, quotaBytes: 100_000, quotaBytesBefore: 20 * 2 ** 30 } }])
  // A larger one takes nothing, however full it is.
  await captures.changeSettings({ quotaBytes: 150_000 }, false)
  expect(JSON.parse(await readFile(join(folder, 'captures.json'), 'utf8'))).toMatchObject({ quotaBytes: 150_000, partMs: 3_600_000 })
})

test('the command shows the settings, changes some and says what is not possible', async () => {
  const { folder, cli } = await desk()
  const { fake, exitCode } = await cli('captures', 'settings', '--quota', '5G', '--part-age', '12h', '--output', 'json')
  expect(exitCode).toBe(0)
  expect(fake.events()).toMatchObject([{ settings: { quotaBytes: 5 * 2 ** 30, partMs: 43_200_000, partBytes: 64 * 2 ** 20 } }])
  const shown = await cli('captures', 'settings')
  expect(shown.fake.out.lines.join('\n')).toMatch(/5120 MiB; announced at 90 %[\s\S]*at 64 MiB, or after 720 min[\s\S]*\{camera\}-\{session\}-\{part\}/)
  const wrong = await cli('captures', 'settings', '--part-size', '3G')
  expect({ exitCode: wrong.exitCode, said: wrong.fake.err.lines.join(' ') }).toEqual({ exitCode: 2, said: expect.stringContaining('--part-size is not possible') as string })
  await writeFile(join(folder, 'captures.json'), '{"quotaBytes": "much"}')
  expect((await cli('captures', 'settings')).exitCode).toBe(2)
})
