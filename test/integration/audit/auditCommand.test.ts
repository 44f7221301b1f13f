import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { startLoopbackRack } from '../../../src/main/composition/simulator.ts'
import { openLocalWorkbench } from '../../../src/main/hosts/cli/localWorkbench.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { createFakeCli, type FakeCli } from '../../support/fakeCli.ts'

const never = new AbortController().signal
const resourcesFolder = join(import.meta.dirname, '../../../resources')

/** A data folder whose rack has one simulated pod, and commands on it. */
async function bench(): Promise<{ readonly folder: string; readonly run: (...argv: string[]) => Promise<{ readonly code: number; readonly cli: FakeCli }> }> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-cli-audit-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const sim = await startLoopbackRack(join(folder, 'sim'), () => undefined, {})
  onTestFinished(async () => sim.close())
  const dataFolder = join(folder, 'data')
  const workbench = await createWorkbench({ host: 'cli', version: 'test', dataFolder, homeFolder: folder, tftpPort: 0, resourcesFolder, log: () => undefined })
  await workbench.setup.add({ url: sim.urls[0] ?? '', name: '', cameraName: 'cam-door', chip: sim.chip }, never)
  await workbench.close()
  return {
    folder,
    run: async (...argv) => {
      const cli = createFakeCli({ dataFolder })
      const code = await runCli(argv, { ...cli.deps, openWorkbench: async (options) => openLocalWorkbench({ version: '1', homeFolder: folder, environment: {}, resourcesFolder }, options) })
      return { code, cli }
    },
  }
}

test('power of cameras by name, told and written down; the list is proved, exported and proved again', async () => {
  const { run, folder } = await bench()
  const cycled = await run('power', 'cycle', 'cam-door')
  expect(cycled.cli.err.lines).toEqual([])
  expect(cycled).toMatchObject({ code: 0, cli: { out: { lines: ['cam-door: off and on again; this switch cannot be asked'] } } })
  expect((await run('power', 'off', 'cam-door', '--output', 'json')).cli.events().at(-1)).toMatchObject({ event: 'done', success: true, cameras: 1 })
  expect((await run('power', 'off', 'cam-none')).code).toBe(2)

  const listed = await run('audit', 'list', '--camera', 'cam-door', '--output', 'json')
  expect((listed.cli.events()[0]?.['entries'] as { what: string }[]).map(({ what }) => what)).toEqual(['outcome', 'power off', 'outcome', 'power cycle'])
  const verified = await run('audit', 'verify', '--output', 'json')
  expect(verified.code).toBe(0)
  const head = String(verified.cli.events()[0]?.['head'])
  expect(verified.cli.events()[0]).toMatchObject({ event: 'done', state: 'ok', entries: 4 })

  const file = join(folder, 'audit.jsonl')
  expect((await run('audit', 'export', '-o', file)).code).toBe(0)
  expect(await run('audit', 'verify', '--file', file, '--head', head)).toMatchObject({ code: 0, cli: { out: { lines: [expect.stringContaining('nothing up to it is gone')] } } })
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('cam-door', 'cam-yard'))
  const broken = await run('audit', 'verify', '--file', file)
  expect(broken).toMatchObject({ code: 5, cli: { out: { lines: [expect.stringMatching(/^Broken at entry 1: its content does not fit its hash/)] } } })
  await writeFile(file, text.slice(0, -5))
  expect((await run('audit', 'verify', '--file', file)).code).toBe(8)
  await writeFile(file, text.split('\n').slice(0, 2).map((line) => `${line}\n`).join(''))
  // Nobody can see of the file itself that its end is missing; it is not called more than it is.
  const cut = await run('audit', 'verify', '--file', file)
  expect(cut).toMatchObject({ code: 0 })
  expect(cut.cli.out.lines.join('\n')).toMatch(/^2 entries, and nobody changed them\. Head: [0-9a-f]{64}\nNote it elsewhere: only "--head" .* cut off/)
  expect((await run('audit', 'verify', '--file', file, '--head', head)).code).toBe(5)
  await writeFile(file, '')
  expect((await run('audit', 'verify', '--file', file)).cli.out.lines).toEqual(['The log is empty: nothing was written down yet, or somebody took it away'])
})

test('a log that is no plain file is refused, and a pipe into which nobody writes is not waited for', async () => {
  const { run, folder } = await bench()
  const pipe = join(folder, 'pipe')
  if (process.platform !== 'win32') execFileSync('mkfifo', [pipe])
  for (const path of process.platform === 'win32' ? [folder] : [folder, pipe]) {
    const refused = await run('audit', 'verify', '--file', path)
    expect([refused.code, refused.cli.err.lines.join()]).toEqual([2, expect.stringContaining(`${path} is not a plain file`)])
  }
})

test('where secrets are kept', async () => {
  const { run } = await bench()
  const told = await run('secrets', 'where')
  expect(told.code).toBe(0)
  expect(told.cli.out.lines.join('\n')).toContain('not encrypted')
})
