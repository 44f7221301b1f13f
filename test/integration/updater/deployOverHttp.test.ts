import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { deployPackage } from '../../../src/main/composition/deployPackage.ts'
import { exitCodes } from '../../../src/main/hosts/cli/exitCodes.ts'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { createSimAppliance } from '../../../src/main/sim/appliance/applianceTree.ts'
import { Cancelled } from '../../../src/shared/errors/workbenchError.ts'
import type { Clock } from '../../../src/shared/lifecycle/clock.ts'
import type { UpdaterProgress } from '../../../src/shared/ota/updater.schema.ts'
import { createFakeCli } from '../../support/fakeCli.ts'
import { createRealClock } from '../../support/realClock.ts'
import { openFileServer, redirect } from '../../support/fileServer.ts'
import { type ServedProcess, startUpdater } from '../../support/servedProcess.ts'
import { appliancePackage, hashHex, openUpdaterBench } from '../../support/updaterBench.ts'

const realClock = createRealClock()
/**
 * A client that waits a little between two questions. On the bench's clock it would ask without a pause, and on a busy machine the services'
 * programs, which are processes, would come to nothing beside it.
 */
const patient = (clock: Clock): Clock => ({ ...realClock, sleep: async (durationMs, over) => (durationMs > 4_000 ? clock.sleep(durationMs, over) : realClock.sleep(Math.min(durationMs, 25), over)) })

const { signal } = new AbortController()

async function packageFile(bytes: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-package-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'up date.zip')
  await writeFile(path, bytes)
  return path
}

describe('a package onto an appliance by its updater', () => {
  test('from the file to success, with its progress', async () => {
    const bench = await openUpdaterBench()
    const path = await packageFile(appliancePackage('1.2.0'))
    const seen: UpdaterProgress[] = []
    expect(await deployPackage({ path, updater: bench.url(), address: '127.0.0.1', clock: patient(bench.clock), tell: (progress) => { seen.push(progress) } }, fetch, signal))
      .toEqual({ version: '1.2.0', modules: 2, units: ['device-api.service', 'motion-control.service'], commands: [] })
    expect(seen.at(-1)).toMatchObject({ stage: 'success', progress: 100 })
    expect(await bench.link('current')).toBe('v1.2.0')
  })
  test('rackbench deploy --output json: progress and one end; a sick version is an error with the words of the device', async () => {
    const bench = await openUpdaterBench()
    for (const [conduct, success] of [['refuses', false], ['works', true]] as const) {
      const fake = createFakeCli()
      const deps = { ...fake.deps, deployPackage: async (request: Parameters<typeof deployPackage>[0], over: AbortSignal) => deployPackage({ ...request, clock: patient(bench.clock) }, fetch, over) }
      await runCli(['deploy', await packageFile(appliancePackage('1.2.0', conduct)), '--updater', bench.url(), '--output', 'json'], deps)
      expect(fake.events().some(({ event }) => event === 'progress')).toBe(true)
      expect(fake.events().at(-1)).toMatchObject({ event: 'done', success })
      if (!success) expect(fake.events().at(-2)).toMatchObject({ event: 'error', code: 'device/refused', message: expect.stringContaining('ROLLBACK_LEVEL_1_SUCCESS: 1.1.0') as string })
    }
    expect(await bench.link('current')).toBe('v1.2.0')
  })
  test('cancelled while the updater installs: it is said that the updater goes on, and where to ask', async () => {
    const bench = await openUpdaterBench()
    const fake = createFakeCli()
    const stop = new AbortController()
    const deps = {
      ...fake.deps, interrupt: { signal: stop.signal, onAgain: () => undefined },
      deployPackage: async (request: Parameters<typeof deployPackage>[0], over: AbortSignal) => deployPackage({ ...request, clock: patient(bench.clock), tell: (progress) => { request.tell(progress); if (progress.stage === 'installing') stop.abort(new Cancelled('by the user')) } }, fetch, over),
    }
    expect(await runCli(['deploy', await packageFile(appliancePackage('1.2.0')), '--updater', bench.url(), '--output', 'json'], deps)).toBe(exitCodes.cancelled)
    expect(fake.events().slice(-2)).toEqual([{ event: 'note', words: expect.stringMatching(/goes on by itself.* http:\/\/127\.0\.0\.1:\d+\/api\/v1\.0\/progress says how it stands$/) as string }, { event: 'done', success: false, verdict: 'cancelled', exitCode: exitCodes.cancelled }])
    await expect.poll(async () => bench.link('current'), { timeout: 20_000 }).toBe('v1.2.0')
  })
  test('what is no package is refused before the appliance hears of it', async () => {
    const bench = await openUpdaterBench()
    const path = await packageFile(appliancePackage('1.2.0', 'works', [{ name: 'link', bytes: Buffer.from('/etc/passwd'), mode: 0o120777 }]))
    await expect(deployPackage({ path, updater: bench.url(), address: '127.0.0.1', tell: () => undefined }, fetch, signal)).rejects.toMatchObject({ code: 'input/malformed', message: expect.stringContaining('symbolic link') as string })
    expect(await bench.state()).toBeUndefined()
  })
  test('an address that is none of this computer is named, and the appliance hears of nothing', async () => {
    const bench = await openUpdaterBench()
    const path = await packageFile(appliancePackage('1.2.0'))
    await expect(deployPackage({ path, updater: bench.url(), address: '203.0.113.9', tell: () => undefined }, fetch, signal)).rejects.toMatchObject({ code: 'host/io', message: expect.stringMatching(/203\.0\.113\.9 cannot be opened: it is no address of this computer$/) as string, hint: 'Choose an address of this computer and a free port' })
    expect(await bench.state()).toBeUndefined()
  })
  test('something else on that port is told as such', async () => {
    const bench = await openUpdaterBench()
    const path = await packageFile(appliancePackage('1.2.0'))
    bench.files.on('/api/v1.0/download', Buffer.from('<h1>It works</h1>'))
    await expect(deployPackage({ path, updater: bench.files.url, address: '127.0.0.1', tell: () => undefined }, fetch, signal)).rejects.toMatchObject({ code: 'link/garbled' })
  })
  test.each([301, 302, 307, 308])('an updater that sends on (%i) is told as such, and the order goes to nobody else', async (status) => {
    const bench = await openUpdaterBench()
    const path = await packageFile(appliancePackage('1.2.0'))
    bench.files.on('/api/v1.0/download', redirect(`${bench.url()}api/v1.0/download`, status))
    await expect(deployPackage({ path, updater: bench.files.url, address: '127.0.0.1', tell: () => undefined }, fetch, signal)).rejects.toMatchObject({ code: 'link/garbled', message: expect.stringMatching(/sends on to http:\/\/127\.0\.0\.1:\d+\/api\/v1\.0\/download, and that is not followed/) as string })
    expect([await bench.state(), await bench.ask('/api/v1.0/progress')]).toMatchObject([undefined, { data: { stage: 'idle' } }])
  })
})

describe('the updater as a process', () => {
  const ask = async (url: string, path: string, body?: object): Promise<{ code: number; data?: { stage: string; progress: number; message: string; error: string | null } }> =>
    (await fetch(new URL(`/api/v1.0/${path}`, url), body ? { method: 'POST', body: JSON.stringify(body) } : {})).json() as Promise<{ code: number }>
  async function until(url: string, isThere: (data: { stage: string; progress: number; message: string }) => boolean): Promise<{ stage: string; error: string | null }> {
    for (let attempt = 0; attempt < 5_000; attempt += 1) {
      const { data } = await ask(url, 'progress')
      if (data && isThere(data)) return data
      await new Promise((resolve) => { setTimeout(resolve, 10) })
    }
    throw new Error('it never came to that')
  }
  async function installing(conduct: string, old = 'goes'): Promise<{ readonly root: string; readonly url: string; readonly end: ServedProcess['end'] }> {
    const root = await mkdtemp(join(tmpdir(), 'rackbench-appliance-'))
    onTestFinished(async () => rm(root, { recursive: true, force: true }))
    await createSimAppliance({ root, versions: ['1.0.0', '1.1.0'] })
    if (old === 'stays') await writeFile(join(root, 'run/units/motion-control.service'), 'active 0 0 yes\n')
    const files = await openFileServer()
    onTestFinished(async () => files.close())
    const bytes = appliancePackage('1.2.0', conduct)
    files.on('/p.zip', bytes)
    const updater = await startUpdater(root)
    await ask(updater.url, 'download', { version: '1.2.0', package_url: `${files.url}p.zip`, package_name: 'p.zip', package_size: bytes.length, package_md5: hashHex('md5', bytes) })
    await until(updater.url, ({ stage }) => stage === 'toInstall')
    expect(await ask(updater.url, 'update', { version: '1.2.0' })).toMatchObject({ code: 200 })
    return { root, ...updater }
  }
  const current = async (root: string): Promise<string> => readlink(join(root, 'opt/tope/versions/current'))

  test('2.38 kill -9 before the switch: level 0, the version before runs', async () => {
    // The old service does not stop, so the installation stands before the switch for ten seconds.
    const { root, url, end } = await installing('works', 'stays')
    await until(url, ({ progress, stage }) => stage === 'installing' && progress === 5)
    await end('SIGKILL')
    expect(await readdir(join(root, 'opt/tope/versions'))).toEqual(expect.arrayContaining(['.deploy.json', 'v1.2.0']))
    const again = await startUpdater(root)
    expect(await until(again.url, ({ stage }) => stage === 'failed')).toMatchObject({ error: 'DEPLOYMENT_FAILED: it was interrupted before the switch' })
    expect(await current(root)).toBe('v1.1.0')
    expect(await readFile(join(root, 'run/units/device-api.service'), 'utf8')).toMatch(/^active/)
    expect(await again.end('SIGTERM')).toBe(0)
    expect((await readdir(join(root, 'opt/tope/versions'))).sort()).toEqual(['current', 'factory', 'previous', 'v1.0.0', 'v1.1.0'])
  }, 60_000)
  test.each([['works', 'v1.2.0', 'success'], ['dies 1500', 'v1.1.0', 'failed']])('2.38 kill -9 after the switch, and the new version %s: health is watched, then %s', async (conduct, version, stage) => {
    const { root, url, end } = await installing(conduct)
    await until(url, (data) => data.progress >= 98 && data.stage === 'installing')
    await end('SIGKILL')
    expect(await current(root)).toBe('v1.2.0')
    const again = await startUpdater(root)
    expect((await until(again.url, (data) => data.stage === 'success' || data.stage === 'failed')).stage).toBe(stage)
    expect(await current(root)).toBe(version)
    expect(await again.end('SIGTERM')).toBe(0)
  }, 120_000)
  async function goingBack(old = 'goes'): Promise<{ readonly root: string; readonly end: ServedProcess['end'] }> {
    const root = await mkdtemp(join(tmpdir(), 'rackbench-appliance-'))
    onTestFinished(async () => rm(root, { recursive: true, force: true }))
    await createSimAppliance({ root, versions: ['0.9.0', '1.0.0', '1.1.0'] })
    if (old === 'stays') await writeFile(join(root, 'run/units/motion-control.service'), 'active 0 0 yes\n')
    const updater = await startUpdater(root)
    expect(await ask(updater.url, 'rollback', { version: '1.0.0' })).toMatchObject({ code: 200 })
    return { root, ...updater }
  }
  async function untilThere(what: string, isThere: () => Promise<boolean>): Promise<void> {
    for (let attempt = 0; attempt < 5_000; attempt += 1) {
      if (await isThere()) return
      await new Promise((resolve) => { setTimeout(resolve, 5) })
    }
    throw new Error(`never ${what}`)
  }
  test('kill -9 in a rollback that somebody wanted, before the switch: the version that ran stays, and that is no success', async () => {
    const { root, end } = await goingBack('stays')
    await untilThere('a journal', async () => (await readdir(join(root, 'opt/tope/versions'))).includes('.deploy.json'))
    await end('SIGKILL')
    expect(await current(root)).toBe('v1.1.0')
    const again = await startUpdater(root)
    expect(await until(again.url, ({ stage }) => stage === 'failed' || stage === 'success')).toMatchObject({ stage: 'failed', error: 'ROLLBACK_LEVEL_1_FAILED: the way back to 1.0.0 was interrupted before the switch' })
    expect([await current(root), await readlink(join(root, 'opt/tope/versions/previous'))]).toEqual(['v1.1.0', 'v1.0.0'])
    expect(await readFile(join(root, 'run/units/device-api.service'), 'utf8')).toMatch(/^active/)
    expect(await again.end('SIGTERM')).toBe(0)
    expect((await readdir(join(root, 'opt/tope/versions'))).sort()).toEqual(['current', 'factory', 'previous', 'v0.9.0', 'v1.0.0', 'v1.1.0'])
  }, 120_000)
  test('kill -9 in a rollback that somebody wanted, after the switch: it is finished at the next start, and the version that was left is gone', async () => {
    const { root, end } = await goingBack()
    // Its own journal gone: until then the switch itself is taken back.
    await untilThere('the end of the switch', async () => await current(root) === 'v1.0.0' && !(await readdir(join(root, 'opt/tope/versions'))).includes('.links.json'))
    await end('SIGKILL')
    const again = await startUpdater(root)
    expect(await until(again.url, ({ stage }) => stage === 'failed' || stage === 'success')).toMatchObject({ stage: 'success', message: 'Version 1.0.0 is installed' })
    expect(await current(root)).toBe('v1.0.0')
    for (const unit of ['device-api', 'motion-control']) expect(await readFile(join(root, `run/units/${unit}.service`), 'utf8')).toMatch(/^active/)
    expect(await again.end('SIGTERM')).toBe(0)
    expect((await readdir(join(root, 'opt/tope/versions'))).sort()).toEqual(['current', 'factory', 'previous', 'v0.9.0', 'v1.0.0'])
  }, 120_000)
})
