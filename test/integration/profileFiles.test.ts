import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import catalogue from '../../resources/soc.json' with { type: 'json' }
import { importProfiles, type ProfileImport } from '../../src/main/core/profiles/importProfiles.ts'
import { readStoredProfile } from '../../src/main/core/profiles/readStoredProfile.ts'
import { findBootFiles } from '../../src/main/drivers/files/bootFiles.ts'
import { createProfileFolder, type ProfileFolder } from '../../src/main/drivers/profiles/profileFolder.ts'
import { type ProfileFile, readProfileSource } from '../../src/main/drivers/profiles/profileSource.ts'
import { readZip } from '../../src/main/drivers/profiles/zipFiles.ts'
import { type Soc, socCatalogueSchema } from '../../src/shared/devices/deviceProfile.schema.ts'
import { type FileServer, openFileServer, redirect } from '../support/fileServer.ts'
import { profileJson, splBytes } from '../support/profileFixture.ts'
import { createRealClock } from '../support/realClock.ts'
import { buildTar } from '../support/tarBuilder.ts'
import { buildZip } from '../support/zipBuilder.ts'

const { signal } = new AbortController()
const socs: ReadonlyMap<string, Soc> = new Map(socCatalogueSchema.parse(catalogue).map((soc) => [soc.name, soc]))
const chip = (name: string): Soc => socs.get(name)!
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const refused = (code: string, message: RegExp): unknown => expect.objectContaining({ name: 'WorkbenchError', code, message: expect.stringMatching(message) as unknown })
const deps = { fetch, clock: createRealClock() }
const read = async (given: string): Promise<readonly ProfileFile[]> => readProfileSource(given, deps, signal)
const imported = async (given: string): Promise<ProfileImport> => importProfiles(await read(given), socs)
const chipsOf = ({ profiles }: ProfileImport): readonly string[] => profiles.map((each) => each.chip)

/** As a repository has it, with what does not belong in it. */
const repository = [
  { name: 'tool-main/README.md', bytes: bytesOf('# x') }, { name: 'tool-main/package.json', bytes: bytesOf('{}') },
  { name: 'tool-main/p/hi3516ev200.json', bytes: bytesOf(profileJson(chip('hi3516ev200'))) }, { name: 'tool-main/p/hi3516ev300.json', bytes: bytesOf('hi3516ev200.json') },
  { name: 'tool-main/p/hi3516av300.json', bytes: bytesOf(profileJson(chip('hi3516av300'), { variants: { emmc: { SPL_BLOB: 'vendor.bin' } } })) }, { name: 'tool-main/p/vendor.bin', bytes: splBytes() },
]
const link = { name: 'tool-main/p/hi3516cv300.json', type: '2', linkTo: '/etc/passwd' }
const all = ['hi3516av300', 'hi3516ev200', 'hi3516ev300']

let folder = ''
let server: FileServer
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rackbench-profiles-'))
  server = await openFileServer()
})
afterEach(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

describe('sources', () => {
  test('a folder, without links, pipes and folders in it', async () => {
    for (const { name, bytes } of repository.slice(2)) await writeFile(join(folder, name.split('/')[2] ?? ''), bytes)
    await symlink('/etc/passwd', join(folder, 'hi3516cv300.json'))
    await mkdir(join(folder, 'hi3516a.json'))
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'hi3519.json')])
    expect(chipsOf(await imported(folder))).toEqual(all)
  })

  test('one file', async () => {
    await writeFile(join(folder, 'hi3516ev200.json'), profileJson(chip('hi3516ev200')))
    expect(chipsOf(await imported(join(folder, 'hi3516ev200.json')))).toEqual(['hi3516ev200'])
  })

  test.each([['repo.tar.gz', gzipSync(buildTar([link, ...repository]))], ['repo.zip', buildZip([...repository, { name: link.name, bytes: bytesOf('/etc/passwd'), mode: 0o120777 }])]])('%s, from disk and from the web', async (name, bytes) => {
    await writeFile(join(folder, name), bytes)
    expect(chipsOf(await imported(join(folder, name)))).toEqual(all)
    server.on('/archive', redirect(`/packed/${name}`))
    server.on(`/packed/${name}`, bytes)
    expect(chipsOf(await imported(`${server.url}archive`))).toEqual(all)
  })

  test('one profile from the web, named by its address', async () => {
    server.on('/raw/hi3516ev200.json', bytesOf(profileJson(chip('hi3516ev200'))))
    expect(chipsOf(await imported(`${server.url}raw/hi3516ev200.json?raw=true`))).toEqual(['hi3516ev200'])
  })

  test.each<[string, Uint8Array, string, RegExp]>([
    ['a web page', bytesOf('\n<!DOCTYPE html><title>x</title>'), 'input/malformed', /is a web page and not a profile/],
    ['a way out in a tar', gzipSync(buildTar([{ name: '../hi3516ev200.json', bytes: bytesOf('{}') }])), 'input/malformed', /points outside/],
    ['a way out in a zip', buildZip([{ name: '../hi3516ev200.json' }]), 'input/malformed', /damaged or no zip|points outside/],
    ['an absolute name in a zip', buildZip([{ name: '/hi3516ev200.json' }]), 'input/malformed', /damaged or no zip|points outside/],
    ['a damaged tar.gz', gzipSync(buildTar(repository)).subarray(0, 300), 'input/malformed', /damaged or cut off/],
    ['a damaged zip', buildZip(repository).subarray(0, 300), 'input/malformed', /damaged or no zip/],
    ['an encrypted zip', buildZip([{ name: 'hi3516ev200.json', isEncrypted: true, bytes: bytesOf('{}') }]), 'input/not-supported', /is encrypted/],
    ['a zip with a wrong checksum', buildZip([{ name: 'hi3516ev200.json', claimedCrc: 5, bytes: bytesOf('{}') }]), 'input/malformed', /its checksum is wrong/],
    ['a zip that unpacks to more than it says', buildZip([{ name: 'hi3516ev200.json', claimedBytes: 10, bytes: new Uint8Array(100_000) }]), 'input/malformed', /damaged or no zip/],
    ['a zip with one name twice', buildZip([{ name: 'a.json' }, { name: './a.json' }]), 'input/conflict', /twice/],
    ['a tar.gz that unpacks without end', gzipSync(buildTar(Array.from({ length: 5 }, (_, index) => ({ name: `${index}.bin`, bytes: new Uint8Array(60 * 1024 * 1024) })))), 'input/too-large', /unpacks to more/],
    ['a large file', new Uint8Array(300_000).fill(0x20), 'input/too-large', /that is no profile/],
  ])('%s is refused', async (_, bytes, code, message) => {
    server.on('/source', bytes)
    await expect(read(`${server.url}source`)).rejects.toEqual(refused(code, message))
    await writeFile(join(folder, 'source'), bytes)
    await expect(read(join(folder, 'source'))).rejects.toEqual(refused(code, message))
  })

  test('what is not there, and what is no address', async () => {
    await expect(read(join(folder, 'nothing'))).rejects.toEqual(refused('input/not-found', /does not exist/))
    await expect(read(`${server.url}nothing`)).rejects.toEqual(refused('input/not-found', /does not exist/))
    await expect(read('ftp://127.0.0.1/x')).rejects.toEqual(refused('input/malformed', /no web address/))
  })

  test('zip archives of any contents', async () => {
    const whole = buildZip(repository)
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }), fc.nat(whole.length), async (changes, length) => {
      const hurt = Uint8Array.from(whole.subarray(0, length))
      for (const [at, byte] of changes) if (at < length) hurt[at] = byte
      await readZip('x.zip', hurt, { maxMembers: 100, maxFileBytes: 100_000, maxTotalBytes: 200_000 }, () => true, signal).catch((error: unknown) => { expect(error).toMatchObject({ name: 'WorkbenchError' }) })
    }))
  })
})

describe('the folder of profiles', () => {
  const profiles = (): ProfileFolder => createProfileFolder(folder, socs, {
    read: (text, name, variant) => {
      return readStoredProfile(text, chip(name), variant)
    },
  })
  const stored = async (): Promise<ProfileFolder> => {
    const own = profiles()
    await own.store(importProfiles(repository.map(({ name, bytes }) => ({ path: name, bytes })), socs).profiles, signal)
    return own
  }

  test('stored, listed, and found by the restore', async () => {
    const own = await stored()
    expect(await own.list(signal)).toEqual({ profiles: [{ chip: 'hi3516av300', variants: ['emmc'] }, { chip: 'hi3516ev200', variants: [] }, { chip: 'hi3516ev300', variants: [] }], damaged: [] })
    expect((await readdir(join(folder, 'profiles'))).sort()).toEqual(['hi3516av300.emmc.spl', 'hi3516av300.json', 'hi3516ev200.json', 'hi3516ev300.json'])
    expect(await own.load('hi3516ev300', undefined, signal)).toMatchObject({ path: join(folder, 'profiles', 'hi3516ev300.json'), spl: undefined, profile: { ADDRESS: [0x04013000, 0x04010500, 0x41000000] } })
    expect(await own.load('hi3516av300', 'emmc', signal)).toMatchObject({ spl: Buffer.from(splBytes()) })
    const found = await findBootFiles({ chip: 'hi3516ev300', ubootName: undefined, profilePath: undefined, ubootPath: undefined, dataFolder: folder })
    expect(found.profile).toMatchObject({ path: join(folder, 'profiles', 'hi3516ev300.json') })
  })

  test('a file that somebody damaged is named and not used', async () => {
    const own = await stored()
    await writeFile(join(folder, 'profiles', 'hi3516ev200.json'), '{')
    await rm(join(folder, 'profiles', 'hi3516av300.emmc.spl'))
    await writeFile(join(folder, 'profiles', 'notes.json'), '{')
    expect(await own.list(signal)).toMatchObject({ profiles: [{ chip: 'hi3516ev300' }], damaged: [{ file: 'hi3516av300.json', error: { code: 'input/missing-file' } }, { file: 'hi3516ev200.json', error: { code: 'input/malformed' } }] })
    await expect(own.load('hi3516ev200', undefined, signal)).rejects.toEqual(refused('input/malformed', /is not JSON/))
  })

  test('a stored profile never leads out of the folder', async () => {
    const own = await stored()
    await writeFile(join(folder, 'profiles', 'hi3516av300.json'), profileJson(chip('hi3516av300'), { SPL_BLOB: 'hi3516ev200.spl' }))
    await expect(own.load('hi3516av300', undefined, signal)).rejects.toEqual(refused('input/malformed', /names a file that is not its own/))
    await expect(own.store([{ chip: 'hi3516ev200', json: '{}', blobs: [{ name: '../x.spl', bytes: splBytes() }] }], signal)).rejects.toEqual(refused('input/malformed', /not its own/))
    for (const name of ['../x', 'x/y', '', 'hi3516ev200.json']) {
      await expect(own.load(name, undefined, signal)).rejects.toEqual(refused('input/not-found', /is not a known chip/))
      await expect(own.remove(name, signal)).rejects.toEqual(refused('input/not-found', /is not a known chip/))
      await expect(own.store([{ chip: name, json: '{}', blobs: [] }], signal)).rejects.toEqual(refused('input/not-found', /is not a known chip/))
    }
  })

  test('removed with its SPL, and only its own', async () => {
    const own = await stored()
    expect(await own.remove('hi3516av300', signal)).toBe(true)
    expect(await own.remove('hi3516av300', signal)).toBe(false)
    expect((await readdir(join(folder, 'profiles'))).sort()).toEqual(['hi3516ev200.json', 'hi3516ev300.json'])
    await expect(own.load('hi3516av300', undefined, signal)).rejects.toEqual(refused('input/missing-file', /is missing/))
  })

  test('nothing there yet', async () => {
    expect(await profiles().list(signal)).toEqual({ profiles: [], damaged: [] })
    expect(await profiles().remove('hi3516ev200', signal)).toBe(false)
  })

  test('replaced whole, and nothing left beside it', async () => {
    const own = await stored()
    const before = await readFile(join(folder, 'profiles', 'hi3516ev200.json'), 'utf8')
    await stored()
    expect(await readFile(join(folder, 'profiles', 'hi3516ev200.json'), 'utf8')).toBe(before)
    expect(await readdir(join(folder, 'profiles'))).toHaveLength(4)
    expect((await own.list(signal)).damaged).toEqual([])
  })

  test('a folder that cannot be made', async () => {
    await writeFile(join(folder, 'profiles'), 'in the way')
    await expect(stored()).rejects.toEqual(refused('host/io', /cannot be made/))
  })
})
