import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createUpdater } from '../../../src/main/core/ota/updater/updater.ts'
import { createSimAppliance } from '../../../src/main/sim/appliance/applianceTree.ts'
import { createDeferred } from '../../../src/shared/lifecycle/signals.ts'
import { faultText, updaterFault } from '../../../src/shared/ota/updaterFault.ts'
import { openFileServer } from '../../support/fileServer.ts'
import { createMemoryAppliance, memoryPackage } from '../../support/memoryAppliance.ts'
import { createRealClock } from '../../support/realClock.ts'
import { startUpdater } from '../../support/servedProcess.ts'
import { appliancePackage, hashHex, openUpdaterBench, writeState } from '../../support/updaterBench.ts'

const request = { version: '1.2.0', package_url: 'http://127.0.0.1:9/p.zip', package_name: 'p.zip', package_size: 10, package_md5: 'a'.repeat(32) }
const contents = memoryPackage({ version: '1.2.0', files: { 'bin/app': { content: 'app 1.2.0', unit: 'app.service' } } })

/** An updater whose download, verification and installation each wait until they are let go. */
function waitingUpdater() {
  const gates = { fetch: createDeferred<void>(), verify: createDeferred<void>(), install: createDeferred<void>() }
  const appliance = createMemoryAppliance({ versions: ['1.0.0', '1.1.0'], links: { current: 'v1.1.0', previous: 'v1.0.0' } })
  let isThere = true
  const updater = createUpdater({
    clock: createRealClock(), lab: false, log: () => undefined, device: appliance.device,
    store: { read: async () => undefined, write: async () => undefined, clear: async () => undefined },
    shelf: { pathOf: (name) => name, keepOnly: async () => undefined, remove: async () => undefined, sizeOf: async () => (isThere ? 10 : undefined), fetch: async () => gates.fetch.promise, verify: async () => gates.verify.promise },
    reporter: { report: () => undefined, close: async () => undefined },
    openPackage: async () => { await gates.install.promise; return contents },
  })
  const begun = async (stage: string): Promise<void> => { await expect.poll(() => updater.progress().data?.stage).toBe(stage) }
  /** A package that is being opened is opened, and then it ends. */
  const close = async (): Promise<void> => { const closing = updater.close(); gates.install.resolve(); await closing }
  return { updater, gates, begun, close, lose: () => { isThere = false } }
}

describe('2.10 what is not possible now is told by its own word', () => {
  test('while it downloads, verifies, waits, installs: DOWNLOAD_INCOMPLETE, MD5_NOT_VERIFIED, OPERATION_IN_PROGRESS', async () => {
    const { updater, gates, begun, close } = waitingUpdater()
    await updater.start()
    const said = async (): Promise<unknown> => Promise.all([updater.download(request), updater.update({ version: '1.2.0' }), updater.goBack({ version: '1.0.0' })].map(async (answer) => { const { code, msg } = await answer; return `${code} ${msg.split(':')[0] ?? ''}` }))
    expect((await updater.update({ version: '1.2.0' })).msg).toMatch(/^DOWNLOAD_INCOMPLETE: no package has been downloaded/)
    expect(await updater.download(request)).toMatchObject({ code: 200 })
    await begun('downloading')
    expect(await said()).toEqual(['409 OPERATION_IN_PROGRESS', '409 DOWNLOAD_INCOMPLETE', '409 OPERATION_IN_PROGRESS'])
    gates.fetch.resolve()
    await begun('verifying')
    expect(await said()).toEqual(['409 OPERATION_IN_PROGRESS', '409 MD5_NOT_VERIFIED', '409 OPERATION_IN_PROGRESS'])
    gates.verify.resolve()
    await begun('toInstall')
    await updater.settled()
    expect(await updater.download(request)).toMatchObject({ code: 409, msg: expect.stringMatching(/^OPERATION_IN_PROGRESS: a verified package waits/) as string })
    expect(await updater.goBack({ version: '1.0.0' })).toMatchObject({ code: 409 })
    expect(await updater.update({ version: '1.2.0' })).toMatchObject({ code: 200 })
    await begun('installing')
    expect(await said()).toEqual(['409 OPERATION_IN_PROGRESS', '409 OPERATION_IN_PROGRESS', '409 OPERATION_IN_PROGRESS'])
    await close()
  })
  test('two who ask for the same in one moment: one of them has it', async () => {
    const { updater, gates, begun, close } = waitingUpdater()
    await updater.start()
    const codes = async (asked: readonly ReturnType<typeof updater.download>[]): Promise<number[]> => (await Promise.all(asked)).map(({ code }) => code).toSorted()
    expect(await codes([updater.download(request), updater.download(request)])).toEqual([200, 409])
    gates.fetch.resolve()
    gates.verify.resolve()
    await begun('toInstall')
    await updater.settled()
    expect(await codes([updater.update({ version: '1.2.0' }), updater.update({ version: '1.2.0' })])).toEqual([200, 409])
    await close()
  })
  test('a package that somebody took off the disk: PACKAGE_NOT_FOUND, and it can be had again', async () => {
    const { updater, gates, begun, lose } = waitingUpdater()
    gates.fetch.resolve()
    gates.verify.resolve()
    await updater.start()
    await updater.download(request)
    await begun('toInstall')
    await updater.settled()
    lose()
    expect(await updater.update({ version: '1.2.0' })).toMatchObject({ code: 404, msg: 'PACKAGE_NOT_FOUND: the package is gone from the disk', stage: 'failed' })
    expect(await updater.download(request)).toMatchObject({ code: 200 })
    await updater.close()
  })
})

describe('2.10 what went wrong is told by its own word', () => {
  test('DISK_FULL: asked for once, and nothing of it is left', async () => {
    const root = await mkdtemp(join(tmpdir(), 'rackbench-appliance-'))
    onTestFinished(async () => rm(root, { recursive: true, force: true }))
    await createSimAppliance({ root, versions: ['1.1.0'] })
    const files = await openFileServer()
    onTestFinished(async () => files.close())
    const bytes = appliancePackage('1.2.0', 'works', [{ name: 'filler', bytes: crypto.getRandomValues(new Uint8Array(60_000)) }])
    files.on('/p.zip', bytes)
    // No file of that process may have more than 32 KiB, which a program sees as a disk that takes no more.
    const { url, end } = await startUpdater(root, { shell: 'ulimit -f 64' })
    const ask = async (path: string, body?: object): Promise<object> => (await fetch(new URL(`/api/v1.0/${path}`, url), body ? { method: 'POST', body: JSON.stringify(body) } : {})).json() as Promise<object>
    expect(await ask('download', { ...request, package_url: `${files.url}p.zip`, package_size: bytes.length, package_md5: hashHex('md5', bytes) })).toMatchObject({ code: 200 })
    await expect.poll(async () => ask('progress'), { timeout: 20_000 }).toMatchObject({ code: 500, data: { stage: 'failed', error: 'DISK_FULL: there is no room for the package' } })
    expect([files.asked.length, await readdir(join(root, 'tmp'))]).toEqual([1, ['state.json']])
    expect(await end('SIGTERM')).toBe(0)
  }, 60_000)
  test('UPDATE_FAILED: an installation that an interruption ended before it touched anything', async () => {
    const bench = await openUpdaterBench({ before: writeState({ stage: 'installing' }) })
    await bench.ask('/api/v1.0/update', { version: '9.9.9' })
    expect(await bench.ask('/api/v1.0/progress')).toMatchObject({ code: 500, data: { error: 'UPDATE_FAILED: it was interrupted before anything was changed' } })
  })
  test('INTERNAL_ERROR: a state that cannot be read is told, and names no line of the program', async () => {
    const bench = await openUpdaterBench()
    await bench.stop()
    await rm(join(bench.root, 'tmp/state.json'), { force: true })
    await mkdir(join(bench.root, 'tmp/state.json'))
    await writeFile(join(bench.root, 'tmp/state.json/x'), '')
    await rm(join(bench.root, 'opt/tope/versions/current'))
    await symlink('v9.9.9', join(bench.root, 'opt/tope/versions/current'))
    await bench.start()
    const answer = await bench.until('failed')
    expect(answer).toMatchObject({ code: 500, data: { error: expect.stringMatching(/^INTERNAL_ERROR: /) as string } })
    expect(JSON.stringify(answer)).not.toMatch(/\.ts|at /)
    // The device itself is healed all the same.
    expect(await bench.link('current')).not.toBe('v9.9.9')
    expect(faultText(new TypeError('undefined is not a function'))).toBe('INTERNAL_ERROR: the log has the details')
  })
  test('every word that an updater may say is an error of the workbench, with who has to act', () => {
    // A process is ended by systemd here, and never by us, so nobody says PROCESS_KILL_FAILED; another updater may.
    for (const word of ['VALIDATION_ERROR', 'OPERATION_IN_PROGRESS', 'DOWNLOAD_INCOMPLETE', 'MD5_NOT_VERIFIED', 'PACKAGE_NOT_FOUND', 'PACKAGE_EXPIRED', 'DOWNLOAD_FAILED', 'INCOMPLETE_DOWNLOAD', 'PACKAGE_SIZE_MISMATCH', 'MD5_MISMATCH', 'DISK_FULL', 'INVALID_MANIFEST', 'VERSION_MISMATCH', 'VERSION_EXISTS', 'SERVICE_STOP_FAILED', 'SERVICE_STOP_TIMEOUT', 'SERVICE_START_FAILED', 'SERVICE_START_TIMEOUT', 'PROCESS_KILL_FAILED', 'POST_CMD_FAILED', 'POST_CMD_TIMEOUT', 'DEPLOYMENT_FAILED', 'UPDATE_FAILED', 'ROLLBACK_LEVEL_1_FAILED', 'ROLLBACK_LEVEL_2_FAILED', 'INTERNAL_ERROR'] as const) {
      expect(faultText(updaterFault(word, 'why'))).toBe(`${word}: why`)
      expect(updaterFault(word, 'why').code).toMatch(/^(input|link|device|internal)\//)
    }
  })
})
