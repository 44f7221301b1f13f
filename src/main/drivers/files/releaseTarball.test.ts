import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { md5Hex, nandRelease, norRelease } from '../../../../test/support/releaseFixture.ts'
import { buildTar } from '../../../../test/support/tarBuilder.ts'
import { readRelease } from '../../protocols/openipc/release.ts'
import { readReleaseTarball } from './releaseTarball.ts'

const { signal } = new AbortController()
let folder = ''
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'rackbench-release-')) })
afterEach(async () => { await rm(folder, { recursive: true, force: true }) })

async function put(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'firmware.tgz')
  await writeFile(path, bytes)
  return path
}
const refused = (code: string, message: RegExp): unknown => expect.objectContaining({ name: 'WorkbenchError', code, message: expect.stringMatching(message) as unknown })

test.each([['NOR', norRelease()], ['NAND, names with ./', nandRelease().map((each) => ({ ...each, name: `./${each.name}` }))]])('a %s release from disk', async (_, members) => {
  const release = readRelease(await readReleaseTarball(await put(gzipSync(buildTar(members))), signal), { md5Hex })
  expect([release.kernel.md5, release.rootfs.md5, release.warnings]).toEqual(['matches', 'matches', []])
})

test('an archive that is cut off or damaged', async () => {
  const packed = gzipSync(buildTar(norRelease()))
  for (const length of [3, 100, packed.length - 4]) await expect(readReleaseTarball(await put(packed.subarray(0, length)), signal)).rejects.toEqual(refused('input/malformed', /firmware.tgz is damaged or cut off/))
  const hurt = Uint8Array.from(packed)
  hurt[packed.length - 6] = (hurt[packed.length - 6] ?? 0) ^ 1
  await expect(readReleaseTarball(await put(hurt), signal)).rejects.toEqual(refused('input/malformed', /damaged/))
})

test('an archive that unpacks without end is left at its limit', async () => {
  const bomb = gzipSync(buildTar([{ name: 'rootfs.squashfs.x', bytes: new Uint8Array(4 * 1024 * 1024) }]))
  expect(bomb.length).toBeLessThan(10_000)
  const limits = { maxMembers: 9, maxFileBytes: 2 ** 30, maxTotalBytes: 1024 * 1024, special: 'refuse' } as const
  await expect(readReleaseTarball(await put(bomb), signal, limits)).rejects.toEqual(refused('input/too-large', /unpacks to more than 1048576/))
})

test('links and ways out', async () => {
  await expect(readReleaseTarball(await put(gzipSync(buildTar([{ name: 'uImage.x', type: '2', linkTo: '/etc/passwd' }]))), signal)).rejects.toEqual(refused('input/not-supported', /a symbolic link/))
  await expect(readReleaseTarball(await put(gzipSync(buildTar([{ name: '../x' }]))), signal)).rejects.toEqual(refused('input/malformed', /points outside/))
})

test('what is no archive', async () => {
  await expect(readReleaseTarball(await put(new Uint8Array()), signal)).rejects.toEqual(refused('input/malformed', /is not a .tgz/))
  await expect(readReleaseTarball(await put(buildTar(norRelease())), signal)).rejects.toEqual(refused('input/malformed', /is not a .tgz/))
  await expect(readReleaseTarball(await put(gzipSync(new Uint8Array())), signal)).rejects.toEqual(refused('input/malformed', /is empty/))
  await expect(readReleaseTarball(folder, signal)).rejects.toEqual(refused('input/not-supported', /not a plain file/))
  await expect(readReleaseTarball(join(folder, 'nothing.tgz'), signal)).rejects.toEqual(refused('input/not-found', /does not exist/))
})

test.skipIf(process.platform === 'win32')('a pipe of that name does not hang it', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe.tgz')])
  await expect(readReleaseTarball(join(folder, 'pipe.tgz'), signal)).rejects.toEqual(refused('input/not-supported', /not a plain file/))
})

test('a cancel ends it', async () => {
  const path = await put(gzipSync(buildTar(norRelease())))
  const stop = new AbortController()
  const reading = readReleaseTarball(path, stop.signal)
  stop.abort(new Error('enough'))
  await expect(reading).rejects.toThrow('enough')
})
