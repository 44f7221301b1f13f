import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { batchTools } from '../../../src/main/composition/batchDesk.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { exitCodeOfBatch } from '../../../src/main/hosts/cli/commands/batch.ts'
import { openLocalWorkbench } from '../../../src/main/hosts/cli/localWorkbench.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { createFakeCli, type FakeCli } from '../../support/fakeCli.ts'

const root = join(import.meta.dirname, '../../..')

async function cliIn(folder: string, batch = batchTools): Promise<{ readonly quietly: (...argv: string[]) => Promise<readonly [number, readonly string[], readonly string[]]>; readonly run: (...argv: string[]) => Promise<{ readonly exitCode: number; readonly events: ReturnType<FakeCli['events']> }> }> {
  const runIn = async (mode: string, argv: readonly string[]): Promise<{ readonly exitCode: number; readonly fake: FakeCli }> => {
    const fake = createFakeCli()
    const exitCode = await runCli(['batch', ...argv, '--output', mode], { ...fake.deps, batch, dataFolder: join(folder, 'data'), openWorkbench: async (options) => openLocalWorkbench({ version: '1.2.3', homeFolder: folder, environment: {}, resourcesFolder: join(root, 'resources') }, options) })
    return { exitCode, fake }
  }
  return {
    run: async (...argv) => { const { exitCode, fake } = await runIn('json', argv); return { exitCode, events: fake.events() } },
    quietly: async (...argv) => { const { exitCode, fake } = await runIn('quiet', argv); return [exitCode, fake.out.lines, fake.err.lines] },
  }
}

test('rackbench batch run PLAN --demo: a soak to its end, with reports, and what list, show and compare say of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-batch-cli-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const { run, quietly } = await cliIn(folder)
  const plan = join(folder, 'plan.yaml')
  await writeFile(plan, 'name: Short soak\ncameras:\n  ids: [cam-01, demo-cam-02]\nworkflow: soak\nchecks:\n  expect: ["Starting majestic: OK"]\n  snapshot: true\n')
  const [junit, html] = [join(folder, 'junit.xml'), join(folder, 'page.html')]
  const looked = await run('run', plan, '--demo', '--plan-only')
  expect(looked.events.at(-1)).toMatchObject({ event: 'done', success: true, cameras: ['demo-cam-01', 'demo-cam-02'], items: 2 })
  const { exitCode, events } = await run('run', plan, '--demo', '--junit', junit, '--html', html)
  expect(events.filter(({ event }) => event === 'attempt')).toMatchObject([{ outcome: 'passed', bootMs: expect.any(Number) as number }, { outcome: 'passed' }])
  expect(events.at(-1)).toMatchObject({ event: 'done', success: true, state: 'passed', sentence: 'All 2 passed.', exitCode: 0 })
  expect(exitCode).toBe(0)
  expect(await readFile(junit, 'utf8')).toContain('tests="2" failures="0" errors="0" skipped="0"')
  expect(await readFile(html, 'utf8')).toContain('All 2 passed.')
  const { batch } = events.find(({ event }) => event === 'batch') as unknown as { batch: string }
  expect((await run('list')).events.at(-1)).toMatchObject({ batches: [{ id: batch, state: 'passed', items: 2 }] })
  expect((await run('show', batch)).events.at(-1)).toMatchObject({ state: 'passed', exitCode: 0 })
  expect((await run('go-on', batch)).exitCode).toBe(0)
  expect([await quietly('list'), await quietly('show', batch), await quietly('go-on', batch)]).toEqual([[0, [batch], []], [0, ['passed'], []], [0, ['passed'], []]])
  expect((await run('compare', batch, batch)).events.at(-1)).toMatchObject({ worse: [], better: [], words: '100.0 % passed before and 100.0 % after; 0 cameras are worse and 0 better.' })
}, 60_000)

test('a report that cannot be written is told before the night; what goes wrong after it hides neither the verdict nor the other reports', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-batch-cli-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const plan = join(folder, 'plan.yaml')
  await writeFile(plan, 'name: Short soak\ncameras:\n  ids: [cam-01]\nworkflow: soak\n')
  const full = { ...batchTools, writeReport: async (path: string, text: string) => { if (path.endsWith('.xml')) throw new WorkbenchError('host/disk-full', `There is no room for the report ${path}`); await batchTools.writeReport(path, text) } }
  const { run } = await cliIn(folder, full)
  const [junit, html] = [join(folder, 'junit.xml'), join(folder, 'made', 'page.html')]
  for (const path of [folder, join(plan, 'below', 'junit.xml')]) {
    const { exitCode, events } = await run('run', plan, '--demo', '--junit', path)
    expect([exitCode, events[0]]).toMatchObject([path === folder ? 2 : 4, { event: 'error', hint: expect.any(String) as string }])
  }
  expect((await run('list')).events.at(-1)).toMatchObject({ batches: [] })
  const { exitCode, events } = await run('run', plan, '--demo', '--junit', junit, '--html', html)
  expect([exitCode, events.at(-1)]).toMatchObject([4, { event: 'done', success: false, state: 'passed', unwritten: [junit] }])
  expect(await readFile(html, 'utf8')).toContain('All 1 passed.')
  expect((await readdir(folder)).filter((name) => name.endsWith('.new'))).toEqual([])
}, 60_000)

test('rackbench batch run --demo without a plan: the night run of the demo, three images for every camera, nothing to warn of', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-batch-cli-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const { run } = await cliIn(folder)
  const { events } = await run('run', '--demo', '--plan-only')
  expect(events).toMatchObject([{ event: 'done', success: true, items: 12 * 3 * 10, aside: [], warnings: [] }])
  expect((await run('run')).events[0]).toMatchObject({ code: 'input/malformed' })
}, 60_000)

test('rackbench batch run --demo, killed with kill -9: go-on --demo takes it to its end, and nothing is lost', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-batch-cli-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const plan = join(folder, 'plan.yaml')
  await writeFile(plan, 'name: Soak\ncameras:\n  ids: [cam-01, cam-02]\nworkflow: soak\ncycles: 6\nconcurrency: { total: 1 }\n')
  const child = spawn(process.execPath, [join(root, 'src/main/hosts/cli/bin.mjs'), 'batch', 'run', plan, '--demo', '--data', join(folder, 'data'), '--output', 'json'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  onTestFinished(async () => { child.kill('SIGKILL'); await ended })
  const lines: Record<string, unknown>[] = []
  for await (const line of createInterface(child.stdout)) {
    lines.push(JSON.parse(line) as Record<string, unknown>)
    if (lines.filter(({ event }) => event === 'attempt').length === 2) break
  }
  child.kill('SIGKILL')
  await ended
  const { run } = await cliIn(folder)
  const batch = String(lines.find(({ event }) => event === 'batch')?.['batch'])
  expect((await run('show', batch)).events.at(-1)).toMatchObject({ exitCode: 8 })
  const { exitCode, events } = await run('go-on', batch, '--demo')
  expect([exitCode, events.at(-1)]).toMatchObject([0, { state: 'passed', sentence: 'All 12 passed.', counts: { passed: 12 } }])
}, 120_000)

test('a plan that is wrong is told with its line, before anything is opened', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-batch-cli-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const { run } = await cliIn(folder)
  const plan = join(folder, 'plan.yaml')
  const wrong: readonly (readonly [string, string])[] = [
    ['name: x\ncameras:\n  ids: [a]\nworkflow: soak\ncycles: many\n', 'Line 5: "cycles"'],
    ['name: x\ncameras:\n  ids: [a]\nworkflow: restore\n', '"restore" needs at least one image'],
    ['name: x\ncameras: {}\nworkflow: soak\n', 'neither "labels" nor "ids"'],
    ['name: x\ncameras:\n  ids: [a]\nworkflow: soak\nsurprise: yes\n', 'surprise'],
    ['name: x\nworkflow: soak\n', '"cameras": it is missing'], ['', 'is empty'],
  ]
  for (const [text, words] of wrong) {
    await writeFile(plan, text)
    const { exitCode, events } = await run('run', plan)
    expect(exitCode).toBe(2)
    expect(events[0]).toMatchObject({ event: 'error', code: 'input/malformed', message: expect.stringContaining(words) as string })
  }
  await writeFile(plan, 'name: x\ncameras:\n  ids: [nobody]\nworkflow: soak\n')
  expect((await run('run', plan)).events[0]).toMatchObject({ code: 'input/not-found' })
})

test('exit codes for CI: passed, failed, stopped by a rule, by a person, kept from judging, unfinished', () => {
  expect([{ state: 'passed' }, { state: 'failed' }, { state: 'stopped', reason: 'canary' }, { state: 'stopped', reason: 'person' }, { state: 'not judged' }, { state: 'running' }].map((each) => exitCodeOfBatch(each as Parameters<typeof exitCodeOfBatch>[0]))).toEqual([0, 5, 5, 7, 4, 8])
})
