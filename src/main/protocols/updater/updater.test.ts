import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { faultText, updaterCodeOf, updaterFault } from '../../../shared/ota/updaterFault.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { isPrivateHost, progressAnswer, readDownloadRequest, readUpdateRequest } from './answers.ts'
import { isDeleted, parseIncremental } from './incremental.ts'
import { parsePackageManifest, unitsInOrder } from './manifest.ts'
import { isExpired, moduleProgress, nextStage, trustMs } from './stages.ts'
import { compareVersions, folderOfVersion, versionNumbers, versionOfFolder } from './version.ts'
import { checkZipEntries, mostZipEntries, type ZipEntryFacts } from './zipRules.ts'

const good = { name: 'device-api', src: 'modules/device-api/device-api', dst: '/opt/tope/services/device-api/device-api', process_name: 'device-api.service', restart_order: 1 }
const manifest = (...modules: unknown[]): string => JSON.stringify({ version: '1.2.3', modules })

describe('the manifest of a package', () => {
  test('a good one', () => {
    expect(parsePackageManifest(manifest(good))).toEqual({ version: '1.2.3', modules: [{
      name: 'device-api', src: good.src, dst: good.dst, path: 'services/device-api/device-api', isOutside: false, unit: 'device-api.service', order: 1,
      postCommands: [], md5: undefined, sha256: undefined, sizeBytes: undefined,
    }] })
  })
  test.each([
    ['not JSON', 'rubbish', /not JSON/],
    ['no modules', '{"version":"1.2.3"}', /"modules" is/],
    ['modules:[]', manifest(), /"modules" is wrong \(is empty\)|"modules" is empty/],
    ['a version of two numbers', JSON.stringify({ version: '1.2', modules: [good] }), /"version" is no version/],
    ['two modules of one name', manifest(good, { ...good, dst: '/opt/tope/x' }), /two modules are called device-api/],
    ['two modules with one target', manifest(good, { ...good, name: 'b' }), /have the same "dst"/],
    ['targets that differ only in case', manifest({ ...good, dst: '/opt/tope/a' }, { ...good, name: 'b', dst: '/opt/tope/A' }), /have the same "dst"/],
    ['a target inside of another', manifest({ ...good, dst: '/opt/tope/a' }, { ...good, name: 'b', dst: '/opt/tope/a/b' }), /inside of device-api/],
    ['dest instead of dst', manifest({ ...good, dst: undefined, dest: '/opt/tope/x' }), /module 1 has no "dst"; it has "dest"/],
    ['neither', manifest({ ...good, dst: undefined }), /module 1: "dst" is/],
    ['an option for a unit', manifest({ ...good, process_name: '--now.service' }), /"process_name" is no name of a unit/],
  ])('2.16 %s: INVALID_MANIFEST names the fault', (_, text, said) => {
    const error = thrown(() => parsePackageManifest(text))
    expect(updaterCodeOf(error)).toBe('INVALID_MANIFEST')
    expect(error.message).toMatch(said)
  })
  test.each([
    [{ src: 'bin/../../etc/passwd' }], [{ src: '/etc/passwd' }], [{ src: 'a\\b' }], [{ src: '' }], [{ src: 'a//b' }],
    [{ dst: '/opt/tope/../etc/x' }], [{ dst: '/opt/topevil/x' }], [{ dst: 'opt/tope/x' }], [{ dst: '/opt/tope/' }], [{ dst: '/etc/passwd' }],
    [{ dst: '/opt/tope/versions/current/x' }], [{ dst: '/opt/tope/.complete' }], [{ dst: '/opt/tope/a\0b' }],
  ])('2.17 %j is refused', (change) => {
    expect(updaterCodeOf(thrown(() => parsePackageManifest(manifest({ ...good, ...change }))))).toBe('INVALID_MANIFEST')
  })
  test('units start in their order, ties by position, each once', () => {
    const of = (name: string, unit: string | undefined, order?: number): object => ({ name, src: name, dst: `/opt/tope/${name}`, process_name: unit, restart_order: order })
    const read = parsePackageManifest(manifest(of('late', 'late.service'), of('b', 'b.service', 2), of('a', 'a.service', 1), of('c', 'c.service', 2), of('again', 'a.service', 3), of('none', undefined)))
    expect(unitsInOrder(read)).toEqual(['a.service', 'b.service', 'c.service', 'late.service'])
  })
  test('never anything but its own refusal', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.object().map((each) => manifest(each))), (text) => {
      try { parsePackageManifest(text) } catch (error) { expect(updaterCodeOf(error)).toBe('INVALID_MANIFEST') }
    }))
  })
})

describe('incremental.json', () => {
  const text = (change: object = {}): string => JSON.stringify({ type: 'incremental', base_ref: 'v1.1.0', head_ref: 'v1.2.3', deleted: ['/opt/tope/lib/old'], ...change })
  test('a good one, with a v and without; a folder means all that is in it', () => {
    expect(parseIncremental(text(), '1.2.3')).toEqual({ base: '1.1.0', deleted: ['lib/old'] })
    expect(parseIncremental(text({ base_ref: '1.1.0', head_ref: undefined, deleted: undefined }), '1.2.3')).toEqual({ base: '1.1.0', deleted: [] })
    expect(['lib/old', 'lib/old/x', 'lib/older'].map((path) => isDeleted({ deleted: ['lib/old'] }, path))).toEqual([true, true, false])
  })
  test.each([
    [{ base_ref: undefined }, 'INCREMENTAL_BASE_MISSING'], [{ base_ref: '' }, 'INCREMENTAL_BASE_MISSING'], [{ base_ref: 'main' }, 'INCREMENTAL_BASE_INVALID'], [{ base_ref: '1.2.3' }, 'INCREMENTAL_BASE_INVALID'],
    [{ head_ref: '1.2.4' }, 'INVALID_MANIFEST'], [{ type: 'full' }, 'INVALID_MANIFEST'], [{ deleted: ['/etc/passwd'] }, 'INVALID_MANIFEST'], [{ deleted: ['/opt/tope/../x'] }, 'INVALID_MANIFEST'],
    [{ deleted: ['/opt/tope/versions/v1.0.0'] }, 'INVALID_MANIFEST'], [{ deleted: ['/opt/topevil/x'] }, 'INVALID_MANIFEST'], [{ deleted: 'x' }, 'INVALID_MANIFEST'],
  ])('%j is %s', (change, code) => { expect(updaterCodeOf(thrown(() => parseIncremental(text(change), '1.2.3')))).toBe(code) })
  test('what is no JSON', () => { expect(updaterCodeOf(thrown(() => parseIncremental('{', '1.2.3')))).toBe('INVALID_MANIFEST') })
})

describe('the directory of an archive', () => {
  const entry = (name: string, more: Partial<ZipEntryFacts> = {}): ZipEntryFacts =>
    ({ nameBytes: new TextEncoder().encode(name), isEncrypted: false, unixMode: 0o100644, method: 8, packedBytes: 10, sizeBytes: 10, ...more })
  const mib = 2 ** 20

  test('2.19 modes: executables stay so, setuid, setgid and sticky go', () => {
    expect(checkZipEntries([entry('a', { unixMode: 0o100755 }), entry('b', { unixMode: 0o104755 }), entry('c', { unixMode: 0o103644 }), entry('d', { unixMode: undefined }), entry('e/', { unixMode: 0o040755 })], 100).map(({ mode }) => mode.toString(8)))
      .toEqual(['755', '755', '644', '644', '755'])
  })
  test.each([
    ['../x', {}, /points outside/], ['/x', {}, /points outside/], ['a/../../x', {}, /points outside/], ['a\\x', {}, /points outside/], ['C:x', {}, /points outside/], ['', {}, /points outside/], ['a/./b', {}, /points outside/],
    ['link', { unixMode: 0o120777 }, /symbolic link/], ['fifo', { unixMode: 0o010644 }, /no plain file/], ['folder', { unixMode: 0o040755 }, /no plain file/],
    ['x', { isEncrypted: true }, /encrypted/], ['x', { method: 12 }, /not known/], ['x', { nameBytes: new Uint8Array([0x66, 0xfc]) }, /not UTF-8/], ['x', { sizeBytes: Number.NaN }, /impossible/],
  ])('2.17 %s %j is refused', (name, more, said) => {
    const error = thrown(() => checkZipEntries([entry('good'), entry(name, more)], 100))
    expect(updaterCodeOf(error)).toBe('INVALID_PACKAGE')
    expect(error.message).toMatch(said)
  })
  test('twice the same name, too many entries, too large', () => {
    expect(() => checkZipEntries([entry('a'), entry('a')], 100)).toThrow('"a" twice')
    expect(checkZipEntries([entry('a'), entry('A')], 100)).toHaveLength(2)
    expect(() => checkZipEntries(Array.from({ length: mostZipEntries + 1 }, (_, index) => entry(String(index))), 100)).toThrow('more than 10000 entries')
    expect(checkZipEntries([entry('a', { sizeBytes: 400 + 64 * mib })], 100)).toHaveLength(1)
    expect(() => checkZipEntries([entry('a', { sizeBytes: 400 }), entry('b', { sizeBytes: 64 * mib + 1 })], 100)).toThrow('would unpack to')
  })
  test('what passes leads nowhere else', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '\\', ':', '\0', 'ü'), maxLength: 12 }), (name) => {
      try {
        const [checked] = checkZipEntries([entry(name)], 100)
        expect(checked!.name.split('/').every((part) => part !== '' && part !== '.' && part !== '..')).toBe(true)
      } catch (error) { expect(updaterCodeOf(error)).toBe('INVALID_PACKAGE') }
    }))
  })
})

describe('versions', () => {
  test('2.26 by number: 1.0.0, 1.2.0, 1.10.0', () => {
    expect(['1.10.0', '1.0.0', '1.2.0'].sort(compareVersions)).toEqual(['1.0.0', '1.2.0', '1.10.0'])
    expect(['x', '1.2.0', '1.0.10', '1.0.9', 'a'].sort(compareVersions)).toEqual(['1.0.9', '1.0.10', '1.2.0', 'a', 'x'])
  })
  test('an order', () => {
    const version = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)).map((parts) => parts.join('.'))
    fc.assert(fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0)
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) expect(compareVersions(a, c)).toBeLessThanOrEqual(0)
    }))
  })
  test('folders', () => {
    expect(versionOfFolder(folderOfVersion('1.2.3'))).toBe('1.2.3')
    for (const name of ['1.2.3', 'v1.2', 'v1.2.3.tmp', '.v1.2.3', 'current', 'v01.2.3333333333']) expect(versionOfFolder(name)).toBeUndefined()
    expect(versionNumbers('1.2.3\n')).toBeUndefined()
  })
})

describe('stages', () => {
  test('the way there and back', () => {
    const way = ['download', 'downloaded', 'verified', 'update', 'restart', 'installed', 'settled'] as const
    expect(way.reduce<string[]>((seen, event) => [...seen, nextStage(seen.at(-1) as 'idle', event) ?? '?'], ['idle']))
      .toEqual(['idle', 'downloading', 'verifying', 'toInstall', 'installing', 'rebooting', 'success', 'idle'])
  })
  test('2.14 an update only of what is verified', () => {
    for (const stage of ['idle', 'downloading', 'verifying', 'installing', 'rebooting', 'success', 'failed'] as const) expect(nextStage(stage, 'update')).toBeUndefined()
    expect(nextStage('toInstall', 'download')).toBeUndefined()
    expect(nextStage('installing', 'fail')).toBe('failed')
  })
  test('2.11 exactly a day is in time, a millisecond more is not, and neither is a clock that jumped', () => {
    expect([trustMs, isExpired(0, trustMs)]).toEqual([86_400_000, false])
    expect(isExpired(0, trustMs + 1)).toBe(true)
    expect(isExpired(trustMs + 1, 0)).toBe(true)
    expect(isExpired(Number.NaN, 0)).toBe(true)
  })
  test('an installation never goes back', () => {
    expect([0, 1, 2, 3].map((done) => moduleProgress(done, 3))).toEqual([5, 26, 53, 80])
  })
})

describe('requests and answers', () => {
  const request = { version: '1.2.3', package_url: 'https://h.example/p.zip', package_name: 'p.zip', package_size: 1, package_md5: 'a'.repeat(32) }
  const rules = { lab: false }
  test('2.1 a good one', () => { expect(readDownloadRequest(request, rules)).toEqual(request) })
  test.each([
    [{ version: '1.2' }], [{ package_md5: 'a'.repeat(31) }], [{ package_md5: 'A'.repeat(32) }], [{ package_size: 0 }], [{ package_size: 1.5 }], [{ package_size: '5' }],
    [{ package_url: 'ftp://h/x' }], [{ package_url: 'http://' }], [{ package_url: 'https://u:p@h/x' }], [{ package_url: 'http://h.example/p.zip' }],
    [{ package_name: '../x.zip' }], [{ package_name: '.x' }], [{ package_name: '' }], [{ package_name: 'a/b' }], [{ package_name: 'state.json' }], [{ package_name: 'STATE.JSON.tmp' }], [{ version: undefined }], [{ package_sha256: 'x' }],
  ])('2.2 %j is a VALIDATION_ERROR', (change) => {
    expect(updaterCodeOf(thrown(() => readDownloadRequest({ ...request, ...change }, rules)))).toBe('VALIDATION_ERROR')
  })
  test('any body', () => {
    fc.assert(fc.property(fc.anything(), (body) => { expect(updaterCodeOf(thrown(() => readUpdateRequest(body)))).toBe('VALIDATION_ERROR') }))
    for (const body of [undefined, null, 'text', 3]) expect(String(thrown(() => readDownloadRequest(body, rules)))).toContain('the body is no JSON object')
    expect(readUpdateRequest({ version: '1.2.3', more: 1 })).toEqual({ version: '1.2.3' })
  })
  test('http from private addresses, or in a lab', () => {
    for (const host of ['localhost', '127.0.0.1', '10.1.2.3', '192.168.1.1', '172.16.0.1', '172.31.255.1', '169.254.1.1', '[::1]', '[fe80::1]', '[fd00::1]']) expect(isPrivateHost(host)).toBe(true)
    for (const host of ['1.2.3.4', '172.32.0.1', '172.15.0.1', 'localhost.evil.example', '10.evil.example', '[2001:db8::1]', 'fdomain.example']) expect(isPrivateHost(host)).toBe(false)
    expect(readDownloadRequest({ ...request, package_url: 'http://h.example/p.zip' }, { lab: true }).version).toBe('1.2.3')
  })
  test('a failure is 500 with the stage at the root too', () => {
    const data = { stage: 'failed', progress: 100, message: 'x', error: 'MD5_MISMATCH: expected a, got b' } as const
    expect(progressAnswer(data)).toEqual({ code: 500, msg: 'Update failed: MD5_MISMATCH: expected a, got b', data, stage: 'failed', progress: 100 })
  })
  test('what a fault is called', () => {
    expect(faultText(updaterFault('DISK_FULL', 'the disk is full'))).toBe('DISK_FULL: the disk is full')
    expect(faultText(new Error('secret'))).not.toContain('secret')
    expect(faultText(new WorkbenchError('device/refused', 'no'))).toBe('no')
    expect(updaterCodeOf(new WorkbenchError('device/refused', 'no', { context: { reason: 'toString' } }))).toBeUndefined()
  })
})

function thrown(work: () => unknown): Error {
  try { work() } catch (error) { return error as Error }
  throw new Error('it was taken')
}
