import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createAppliance } from '../../../src/main/core/ota/updater/appliance.ts'
import { checkFactory } from '../../../src/main/core/ota/updater/checkVersions.ts'
import { newDigest } from '../../../src/main/drivers/host/digest.ts'
import { createSystemctlServices } from '../../../src/main/drivers/services/systemctl.ts'
import { openPackageHost, openReportSink } from '../../../src/main/drivers/updater/packageHost.ts'
import { openPackageZip } from '../../../src/main/drivers/updater/packageZip.ts'
import { createRotatingLog } from '../../../src/main/drivers/updater/rotatingLog.ts'
import { openLocalFs } from '../../../src/main/drivers/deviceFs/localFs.ts'
import { createSimAppliance, serviceProgram } from '../../../src/main/sim/appliance/applianceTree.ts'
import { shellWords } from '../../../src/main/protocols/updater/shellWords.ts'
import { faultText, updaterCodeOf } from '../../../src/shared/ota/updaterFault.ts'
import { createHash } from 'node:crypto'
import { createScaledClock } from '../../../src/main/drivers/host/systemClock.ts'
import { createPackageShelf } from '../../../src/main/drivers/updater/packageShelf.ts'
import { openFileServer, stalled } from '../../support/fileServer.ts'
import { createRealClock } from '../../support/realClock.ts'
import { buildZip, type ZipEntry } from '../../support/zipBuilder.ts'

const { signal } = new AbortController()
async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'rackbench-parts-'))
  onTestFinished(async () => rm(path, { recursive: true, force: true }))
  return path
}
/** The thirty seconds pass in 0.3. */
const quick = createScaledClock(createRealClock(), 100)
test('30 s in which nothing comes end a download, and what came stays to be continued; one that goes on slowly is not cut', async () => {
  const files = await openFileServer()
  onTestFinished(async () => files.close())
  const bytes = crypto.getRandomValues(new Uint8Array(1_000))
  const shelf = createPackageShelf({ folder: await folder(), clock: quick, fetch })
  const request = { version: '1.2.0', package_url: `${files.url}p.zip`, package_name: 'p.zip', package_size: bytes.length, package_md5: createHash('md5').update(bytes).digest('hex') }
  files.on('/p.zip', stalled(bytes))
  await expect(shelf.fetch(request, 0, () => undefined, signal)).rejects.toSatisfy((error) => faultText(error) === 'DOWNLOAD_FAILED: nothing came for 30 s')
  expect([files.asked.length, await shelf.sizeOf('p.zip')]).toEqual([1, 100])
  // Ten pieces, each in half the time, together five times as long.
  files.on('/p.zip', (response) => {
    response.writeHead(200, { 'content-length': bytes.length })
    const send = (at: number): void => { response.write(bytes.subarray(at, at + 100)); if (at + 100 < bytes.length) setTimeout(send, 150, at + 100); else response.end() }
    send(0)
  })
  await shelf.fetch(request, 0, () => undefined, signal)
  await shelf.verify(request, signal)
})

async function zipFile(entries: readonly ZipEntry[]): Promise<string> {
  const path = join(await folder(), 'p.zip')
  await writeFile(path, buildZip(entries))
  return path
}
const refusalOf = async (entries: readonly ZipEntry[]): Promise<string> => openPackageZip(await zipFile(entries), signal).then(async (contents) => { await contents.close(); return 'taken' }, (error: unknown) => `${updaterCodeOf(error) ?? 'none'}: ${(error as Error).message}`)

describe('the archive of a package', () => {
  const manifest = { name: 'manifest.json', bytes: Buffer.from('{}') }
  test('2.17 nothing of it is unpacked when one entry is bad', async () => {
    expect(await refusalOf([manifest, { name: '../x' }])).toMatch(/^INVALID_PACKAGE: .*points outside/)
    expect(await refusalOf([manifest, { name: 'x', mode: 0o120777 }])).toMatch(/^INVALID_PACKAGE: .*symbolic link/)
    expect(await refusalOf([manifest, { name: 'x' }, { name: 'x' }])).toMatch(/^INVALID_PACKAGE: .*twice/)
    expect(await refusalOf([manifest, { name: 'x', isEncrypted: true }])).toMatch(/^INVALID_PACKAGE: .*encrypted/)
    expect(await refusalOf([manifest, { name: 'x', claimedBytes: 0xf000_0000 }])).toMatch(/^INVALID_PACKAGE: .*would unpack/)
    expect(await refusalOf(Array.from({ length: 10_001 }, (_, index) => ({ name: String(index) })))).toMatch(/^INVALID_PACKAGE: .*10000 entries/)
    expect(await refusalOf([manifest])).toBe('taken')
  })
  test('rubbish, a cut one, and an entry that is not what the directory says', async () => {
    const path = join(await folder(), 'p.zip')
    for (const bytes of [Buffer.from('rubbish'), new Uint8Array(), buildZip([manifest]).subarray(0, 40)]) {
      await writeFile(path, bytes)
      await expect(openPackageZip(path, signal)).rejects.toMatchObject({ context: { reason: 'INVALID_PACKAGE' } })
    }
    for (const wrong of [{ claimedBytes: 3 }, { claimedBytes: 900 }, { claimedCrc: 1 }]) {
      const contents = await openPackageZip(await zipFile([manifest, { name: 'x', bytes: Buffer.from('hello'), ...wrong }]), signal)
      await expect((async () => { for await (const piece of contents.read('x', signal)) void piece })()).rejects.toMatchObject({ context: { reason: 'INVALID_PACKAGE' } })
      await contents.close()
    }
  })
})

describe('services by systemctl, with a stand-in for systemd', () => {
  test('start, stop and state; each of them is read back by the next', async () => {
    const root = await folder()
    const { systemctl } = await createSimAppliance({ root })
    const services = createSystemctlServices({ program: systemctl, clock: createRealClock() })
    expect(services.label).toContain('a stand-in for systemd')
    expect(await services.state('device-api.service', signal)).toBe('active')
    await services.stop('device-api.service', signal)
    expect(await services.state('device-api.service', signal)).toBe('inactive')
    await services.start('device-api.service', signal)
    expect(await services.state('device-api.service', signal)).toBe('active')
    expect(await services.state('nosuch.service', signal)).toBe('inactive')
    await expect(services.start('nosuch.service', signal)).rejects.toMatchObject({ code: 'device/refused', message: expect.stringContaining('not found') as string })
    await writeFile(join(root, 'opt/tope/versions/v1.0.0/services/device-api/device-api'), serviceProgram('device-api', '1.0.0', 'refuses'))
    await services.stop('device-api.service', signal)
    await expect(services.start('device-api.service', signal)).rejects.toMatchObject({ code: 'device/refused' })
    expect(await services.state('device-api.service', signal)).toBe('failed')
  })
  test('arguments go out as they are, never through a shell', async () => {
    const root = await folder()
    const { systemctl } = await createSimAppliance({ root })
    const services = createSystemctlServices({ program: systemctl, clock: createRealClock() })
    await services.state(`$(touch ${root}/evil); touch ${root}/evil`, signal).catch(() => undefined)
    expect(await readdir(root)).not.toContain('evil')
  })
  test('one that hangs ends with its limit, and a program that is not there is told', async () => {
    const root = await folder()
    await writeFile(join(root, 'hangs'), '#!/bin/sh\nsleep 600\n')
    await chmod(join(root, 'hangs'), 0o755)
    const over = new AbortController()
    const asked = createSystemctlServices({ program: join(root, 'hangs'), clock: createRealClock() }).state('x.service', over.signal)
    over.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
    await expect(createSystemctlServices({ program: join(root, 'nosuch'), clock: createRealClock() }).state('x.service', signal)).rejects.toMatchObject({ code: 'device/refused', message: expect.stringContaining('cannot be started') as string })
  })
})

test('2.28 on a real disk: a program of the factory version is 0555 and runs', async () => {
  const root = await folder()
  const { systemctl } = await createSimAppliance({ root, versions: ['1.0.0'] })
  await rm(join(root, 'opt/tope/versions/factory'))
  const clock = createRealClock()
  const fs = await openLocalFs(root)
  const { snapshots } = createAppliance({ fs, services: createSystemctlServices({ program: systemctl, clock }), clock, newDigest, newId: () => 'factory', allowsCommands: false })
  await snapshots.setFactory('1.0.0', signal)
  const program = join(root, 'opt/tope/versions/factory/services/device-api/device-api')
  expect((await stat(program)).mode & 0o7777).toBe(0o555)
  expect(execFileSync(program, { encoding: 'utf8' })).toBe('device-api 1.0.0\n')
  expect(await checkFactory(fs, snapshots, signal)).toEqual({ isValid: true, isReadOnly: true, problems: [] })
})

test('each word for a shell arrives as it was', () => {
  fc.assert(fc.property(fc.array(fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', "'", '"', '$', '`', ' ', ';', '\\', '*', '&', 'ü', '-') }), { minLength: 1, maxLength: 4 }), (words) => {
    expect(execFileSync('/bin/sh', ['-c', `printf '%s\\n' ${shellWords(words)}`], { encoding: 'utf8' })).toBe(words.map((word) => `${word}\n`).join(''))
  }), { numRuns: 40 })
  for (const word of ['a\nb', 'a\0b']) expect(() => shellWords([word])).toThrow('line break')
})

test('the log turns over at its limit and keeps three files', async () => {
  const path = join(await folder(), 'logs/updater.log')
  const log = createRotatingLog(path, () => Date.UTC(2026, 0, 1), { bytes: 200 })
  for (let line = 0; line < 40; line += 1) log.line(`line ${line}\nwith a break`)
  expect((await readdir(join(path, '..'))).sort()).toEqual(['updater.log', 'updater.log.1', 'updater.log.2'])
  const text = await readFile(path, 'utf8')
  expect(text).toMatch(/^2026-01-01T00:00:00\.000Z line \d+ with a break\n/)
  expect(text.length).toBeLessThanOrEqual(200)
  expect(text).toContain('line 39')
})

test('the tree of this computer: links are not followed, and nothing leaves it', async () => {
  const root = await folder()
  await mkdir(join(root, 'tree'))
  await writeFile(join(root, 'secret'), 'secret')
  await symlink('..', join(root, 'tree/up'))
  await symlink('../secret', join(root, 'tree/file'))
  const fs = await openLocalFs(join(root, 'tree'))
  for (const path of ['../secret', 'up/secret', '/secret', 'a//b']) await expect(fs.stat(path, signal)).rejects.toMatchObject({ code: 'device/refused' })
  await expect(fs.write('file', [Buffer.from('x')], signal)).rejects.toMatchObject({ code: 'device/refused' })
  await expect(fs.chmod('file', 0o777, signal)).rejects.toMatchObject({ code: 'device/refused' })
  expect(await readFile(join(root, 'secret'), 'utf8')).toBe('secret')
  await expect(fs.remove('nosuch', signal)).rejects.toMatchObject({ code: 'device/not-found' })
})

test('the host of packages: ranges, and what lies beyond; the report sink takes only reports', async () => {
  const path = join(await folder(), 'p.zip')
  await writeFile(path, '0123456789')
  const host = await openPackageHost({ host: '127.0.0.1', port: 0, facts: { path, name: 'p.zip', sizeBytes: 10, md5: '', sha256: 'abc' } })
  onTestFinished(async () => host.close())
  const get = async (range?: string, name = 'p.zip'): Promise<[number, string | null, string]> => {
    const response = await fetch(`http://127.0.0.1:${host.port}/${name}`, range === undefined ? {} : { headers: { range } })
    return [response.status, response.headers.get('content-range'), await response.text()]
  }
  expect(await get()).toEqual([200, null, '0123456789'])
  expect(await get('bytes=7-')).toEqual([206, 'bytes 7-9/10', '789'])
  expect(await get('bytes=2-3')).toEqual([206, 'bytes 2-3/10', '23'])
  expect((await get('bytes=10-')).slice(0, 2)).toEqual([416, 'bytes */10'])
  expect((await get(undefined, '..%2fsecret'))[0]).toBe(404)
  const heard: string[] = []
  const sink = await openReportSink({ host: '127.0.0.1', port: 0, heard: ({ stage }) => { heard.push(stage) } })
  onTestFinished(async () => sink.close())
  const post = async (body: object): Promise<number> => (await fetch(`http://127.0.0.1:${sink.port}/api/v1.0/ota/report`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).status
  expect(await post({ stage: 'downloading', progress: 5, message: '', error: null })).toBe(200)
  expect(await post({ stage: 'nonsense', progress: 500 })).toBe(400)
  expect(heard).toEqual(['downloading'])
  await expect(openReportSink({ host: '127.0.0.1', port: sink.port, heard: () => undefined })).rejects.toMatchObject({ code: 'host/port-in-use' })
})
