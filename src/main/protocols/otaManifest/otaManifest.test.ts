import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { NewDigest } from '../../../shared/ota/digest.ts'
import { canonicalJson } from './canonicalJson.ts'
import { cohortOf, isInRollout } from './cohort.ts'
import { makeManifest, manifestText } from './makeManifest.ts'
import { checkNoCollisions, isPermitted, normalisePath, targetPath } from './paths.ts'
import { readManifest } from './readManifest.ts'
import { chooseFiles, matchesGlob } from './select.ts'
import { signatureOf } from './signature.ts'

const newDigest: NewDigest = (algorithm) => { const hash = createHash(algorithm); return { update: (bytes) => { hash.update(bytes) }, hex: () => hash.digest('hex') } }
const hmacSha256Hex = (key: string, bytes: Uint8Array): string => createHmac('sha256', key).update(bytes).digest('hex')
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const read = (value: unknown, more: { key?: string; allow?: string[]; ignore?: string[] } = {}): ReturnType<typeof readManifest> => readManifest(encode(value), { allow: [], ignore: [], hmacSha256Hex, ...more })
const sha = 'ab'.repeat(32)

describe('paths', () => {
  test('1.1 a plain path stays as it is', () => { expect(normalisePath('lib/a.py')).toBe('lib/a.py') })
  test.each(['../bad', '/bad', 'dir/../bad', 'dir/./bad', 'dir//bad', 'a/', '', 'a\\b', 'C:a', 'a\0b', 'a\nb', `x/${'n'.repeat(256)}`])('1.2 %j is refused', (path) => {
    expect(() => normalisePath(path)).toThrow(/is refused/)
  })
  test('1.3 entries lose their slashes, and empty ones do not count', () => {
    expect(isPermitted('lib/x.py', { allow: ['/lib/', '', '//'], ignore: ['/'] })).toBe(true)
    expect(isPermitted('lib/a.py', { allow: ['lib/*'], ignore: [] })).toBe(false)
    expect(isPermitted('lib/a.py', { allow: ['lib'], ignore: ['lib/a.py'] })).toBe(false)
  })
  test('1.4 an entry is no prefix of a longer name', () => { expect(isPermitted('library/x.py', { allow: ['lib'], ignore: [] })).toBe(false) })
  test('1.5 an empty list permits everything', () => { expect(isPermitted('library/x.py', { allow: [], ignore: [] })).toBe(true) })
  test.each(['.git/x', '.ota_stage/x', '.ota_backup/x', 'lib/.hidden', 'version.json', 'Version.JSON', 'ota_error.json', '.ota_txn.json', 'version.json.tmp', 'ota_health.json'])('1.10 a manifest that brings %s is refused', (path) => {
    expect(() => read({ version: '1', files: [{ path: 'main.py', sha256: sha }, { path, sha256: sha }] })).toThrow(/hidden|belongs to the updater/)
    expect(() => targetPath(path)).toThrow()
  })
  test('two names for one file, and a file where a folder has to be', () => {
    for (const pair of [['lib/A.py', 'lib/a.py'], ['a', 'a/b'], ['x', 'x'], ['\u00e9.py', 'e\u0301.py']]) expect(() => { checkNoCollisions(pair) }).toThrow(/same file|cannot be its folder|named twice/)
    expect(() => { checkNoCollisions(['a', 'ab', 'a.b/c']) }).not.toThrow()
  })
})

describe('signatures', () => {
  const second = { version: 'v1-ü', files: [{ path: 'main.py', size: 5, sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824', crc32: 907060870 }], deletes: ['old.py'] }
  test('1.7 both known signatures', () => {
    expect(canonicalJson({ version: '1', files: [] })).toBe('{"files":[],"version":"1"}')
    expect(signatureOf({ version: '1', files: [] }, 'secret', hmacSha256Hex)).toBe('d4f069e97b4df19155374ddb628cea44ee275f5c4d8b2d3120e6369c236aea65')
    expect(signatureOf(second, 'secret', hmacSha256Hex)).toBe('e3db134f6fad7e001564ccfe95041ad522e5fb94d05addabd86f29dcbd52f563')
  })
  test('1.7 escapes and the order of keys are those of Python', () => {
    expect(canonicalJson({ '\u{1f600}': 1, '\uffee': 2, a: '"\\/\b\f\n\r\t\u007f\u{1f600}ü ' })).toBe('{"a":"\\"\\\\/\\b\\f\\n\\r\\t\\u007f\\ud83d\\ude00\\u00fc ","\\uffee":2,"\\ud83d\\ude00":1}')
    expect(() => canonicalJson({ a: 1.5 })).toThrow(/no whole number/)
    expect(JSON.parse(canonicalJson(second))).toEqual(second)
  })
  test('1.8 missing, one digit off, or one size off: refused', () => {
    const signature = signatureOf(second, 'secret', hmacSha256Hex)
    expect(read({ ...second, signature }, { key: 'secret' }).files).toHaveLength(1)
    expect(() => read(second, { key: 'secret' })).toThrow(/no signature/)
    expect(() => read({ ...second, signature: signature.replace('e', 'f') }, { key: 'secret' })).toThrow(/does not fit/)
    expect(() => read({ ...second, signature: `${signature}00` }, { key: 'secret' })).toThrow(/does not fit/)
    expect(() => read({ ...second, files: [{ ...second.files[0], size: 6 }], signature }, { key: 'secret' })).toThrow(/does not fit/)
    expect(() => read({ ...second, signature }, { key: 'other' })).toThrow(/does not fit/)
  })
  test('1.8 a field that nobody knows is signed, too', () => {
    expect(() => read({ ...second, extra: 1, signature: signatureOf(second, 'secret', hmacSha256Hex) }, { key: 'secret' })).toThrow(/does not fit/)
  })
  test('1.9 the right bytes in the wrong order are another signature; fields in another order are the same', () => {
    const unsorted = hmacSha256Hex('secret', encode(second))
    expect(() => read({ ...second, signature: unsorted }, { key: 'secret' })).toThrow(/does not fit/)
    const { deletes, files, version } = second
    expect(read({ signature: signatureOf(second, 'secret', hmacSha256Hex), deletes, version, files }, { key: 'secret' }).deletes).toEqual(['old.py'])
  })
  test('1.9 without a key a signature is not looked at', () => { expect(read({ ...second, signature: 'rubbish' }).files).toHaveLength(1) })
})

describe('reading', () => {
  test('what the board does not permit is left out and told; a wrong delete costs only itself', () => {
    const { files, deletes, notes } = read({ files: [{ path: 'lib/a.py', sha256: sha }, { path: 'secrets.py', sha256: sha }], deletes: ['../x', 'lib/old.py', 'secrets.py', 'lib/a.py', '.ota_stage'] }, { ignore: ['secrets.py'] })
    expect([files.map(({ path }) => path), deletes, notes.length]).toEqual([['lib/a.py'], ['lib/old.py'], 5])
  })
  test('a file without a checksum: a note, and with a key a refusal', () => {
    const bare = { files: [{ path: 'a.py' }] }
    expect(read(bare).notes).toEqual(['a.py comes without a checksum'])
    expect(() => read({ ...bare, signature: signatureOf(bare, 'k', hmacSha256Hex) }, { key: 'k' })).toThrow(/without a checksum/)
  })
  test.each(['<html></html>', '[]', '{"files":{}}', '{"files":[{"path":1}]}', `{"files":[{"path":"a","size":-1}]}`, '\xff'])('%s is no manifest', (text) => { expect(() => read(text)).toThrow(/cannot be used/) })
  test('whatever comes, it is read or refused in words', () => {
    fc.assert(fc.property(fc.oneof(fc.json(), fc.record({ files: fc.array(fc.record({ path: fc.string(), sha256: fc.constant(sha) })), deletes: fc.array(fc.string()) }).map((each) => JSON.stringify(each))), (text) => {
      try {
        for (const { path } of read(text).files) expect(path).not.toMatch(/^\/|(^|\/)\.|\\|^version\.json$/)
      } catch (error) { expect(error).toMatchObject({ code: 'input/malformed' }) }
    }))
  })
})

describe('making', () => {
  const all = ['.git/config', '.env', 'README.md', '__pycache__/a.pyc', 'boot.py', 'lib/a.py', 'lib/b.pyc', 'lib/sub/c.py', 'main.py', 'manifest.json', 'ota.py', 'version.json']
  test('1.36 without a word only the updater and the program', () => { expect(chooseFiles(all, {})).toEqual(['main.py', 'ota.py']) })
  test('1.37 what is included is exactly what is taken', () => { expect(chooseFiles(all, { include: ['lib/*.py'] })).toEqual(['lib/a.py']) })
  test('1.37 patterns, exclusions and a list of files really apply', () => {
    expect(chooseFiles(all, { include: ['**/*'], manifestPath: 'manifest.json' })).toEqual(['README.md', 'boot.py', 'lib/a.py', 'lib/sub/c.py', 'main.py', 'ota.py'])
    expect(chooseFiles(all, { include: ['**'], exclude: ['*.md', 'lib/**', 'manifest.json'] })).toEqual(['boot.py', 'main.py', 'ota.py'])
    expect(chooseFiles(all, { fileList: '# ours\n\nboot.py\r\nlib/a.py\n' })).toEqual(['boot.py', 'lib/a.py'])
    expect(chooseFiles(all, { fileList: 'boot.py\nlib/a.py\n', exclude: ['boot.py'] })).toEqual(['lib/a.py'])
    expect(() => chooseFiles(all, { fileList: 'gone.py' })).toThrow(/not in the folder/)
    expect(() => chooseFiles(all, { fileList: '../x' })).toThrow(/is refused/)
  })
  test('a pattern with many stars ends at once', () => { expect(matchesGlob(`lib/${'a'.repeat(200)}`, `lib/${'*a'.repeat(60)}b`)).toBe(false) })
  test('what was made is what a board takes, signed or not', () => {
    const request = { version: 'v1-ü', generatedAt: '2026-01-02T03:04:05Z', files: [{ path: 'main.py', bytes: encode('hello') }, { path: 'lib/__init__.py', bytes: new Uint8Array() }], deletes: ['old.py'] }
    const made = makeManifest({ ...request, key: 'secret' }, { newDigest, hmacSha256Hex })
    expect(made.files[0]).toEqual({ path: 'main.py', size: 5, sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824', crc32: 907060870 })
    expect(read(made, { key: 'secret' }).files).toHaveLength(2)
    expect(makeManifest(request, { newDigest, hmacSha256Hex })).not.toHaveProperty('signature')
    expect(() => makeManifest({ ...request, files: [{ path: '.env', bytes: new Uint8Array() }] }, { newDigest, hmacSha256Hex })).toThrow(/hidden/)
  })
  test('its size counts as it is written: none is made that a board refuses for it', () => {
    const of = (count: number) => makeManifest({ version: 'v1', generatedAt: '2026-01-02T03:04:05Z', files: Array.from({ length: count }, (_, index) => ({ path: `lib/module_${String(index)}.py`, bytes: encode(`x = ${String(index)}`) })) }, { newDigest, hmacSha256Hex })
    expect(() => of(1500)).toThrow(expect.objectContaining({ message: expect.stringMatching(/The manifest has \d+ bytes; at most 262144 are read/) as string, hint: 'Choose fewer files' }) as Error)
    expect(readManifest(encode(manifestText(of(1400))), { allow: [], ignore: [], hmacSha256Hex }).files).toHaveLength(1400)
  })
  test.each([['../../etc/passwd', /\.\./], ['version.json', /belongs to the updater/], ['.env', /hidden/], ['main.py', /the update brings it/], ['MAIN.PY', /the update brings it/], ['/old.py', /begins at the root/]])('%s among the deletes makes no release, and says why', (path, why) => {
    const request = { version: 'v1', generatedAt: '2026-01-02T03:04:05Z', files: [{ path: 'main.py', bytes: encode('hello') }], deletes: ['old.py', path] }
    expect(() => makeManifest(request, { newDigest, hmacSha256Hex })).toThrow(why)
    expect(() => makeManifest(request, { newDigest, hmacSha256Hex })).toThrow(/No board would delete all of the list/)
  })
})

test('1.38 the cohort of a board, and who is in a rollout of half', () => {
  expect([cohortOf('v1.0.0', 'pico-01', newDigest), cohortOf('v1.0.0', 'pico-02', newDigest), cohortOf('v1.1.0', 'pico-01', newDigest)]).toEqual([80, 13, 67])
  expect([isInRollout('v1.0.0', 'pico-01', 50, newDigest), isInRollout('v1.0.0', 'pico-02', 50, newDigest)]).toEqual([false, true])
})
