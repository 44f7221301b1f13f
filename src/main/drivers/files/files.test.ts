import { execFileSync } from 'node:child_process'
import { appendFileSync, truncateSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findBootFiles } from './bootFiles.ts'
import { inputLimitBytes, readRestoreInput } from './inputFolder.ts'
import { listFolder } from './listFolder.ts'

const { signal } = new AbortController()
let folder: string
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'rackbench-input-')) })
afterEach(async () => { await rm(folder, { recursive: true, force: true }) })
const put = async (name: string, bytes: Uint8Array | string): Promise<string> => {
  await writeFile(join(folder, name), bytes)
  return join(folder, name)
}
const refusal = async (path = folder, maxBytes?: number): Promise<unknown> =>
  readRestoreInput(path, { signal, ...(maxBytes === undefined ? {} : { maxBytes }) }).then(() => 'read', (error: unknown) => error)

test.each([0, 2_000])('a file of %i bytes is no U-Boot image, whatever its name: it would load nothing, and the camera answer for itself', async (lengthBytes) => {
  const ubootPath = await put('u-boot.bin', new Uint8Array(lengthBytes))
  const { uboot } = await findBootFiles({ chip: 'hi3516ev300', ubootName: undefined, profilePath: undefined, ubootPath, dataFolder: folder })
  expect(uboot).toMatchObject({ code: 'input/malformed', message: `${ubootPath} has ${lengthBytes} bytes: that is no U-Boot image` })
})

describe('reading what is to be restored', () => {
  test('as much as half of the memory, and never more than a card of 4 GiB or less than a dump of a NAND', () => {
    const gib = 1024 ** 3
    expect([0.5, 2, 8, 64].map((memory) => inputLimitBytes(memory * gib) / gib)).toEqual([0.5, 1, 4, 4])
  })

  test('a folder: only mtd files, byte for byte; the rest is named', async () => {
    const long = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 7) & 0xff)
    await put('mtd1', long)
    await put('mtd0', Uint8Array.of(1, 2, 3))
    await put('mtd2.bin', '')
    await put('notes.txt', 'x')
    await mkdir(join(folder, 'sub'))
    await symlink('/etc/passwd', join(folder, 'other'))
    const read = await readRestoreInput(folder, { signal })
    expect(read).toMatchObject({ kind: 'folder', path: folder, ignored: ['notes.txt', 'other', 'sub'] })
    if (read.kind !== 'folder') throw new Error('no folder')
    expect(read.files.map(({ name, bytes }) => [name, bytes.length])).toEqual([['mtd0', 3], ['mtd1', 3_000_000], ['mtd2.bin', 0]])
    expect(read.files[1]?.bytes).toEqual(long)
  })
  test('a file', async () => {
    const path = await put('flash.img', Uint8Array.of(9, 8))
    expect(await readRestoreInput(path, { signal })).toEqual({ kind: 'file', path, name: 'flash.img', bytes: Uint8Array.of(9, 8) })
  })
  test('nothing there, nothing in it', async () => {
    expect(await refusal(join(folder, 'nowhere'))).toMatchObject({ code: 'input/not-found' })
    expect(await refusal()).toMatchObject({ code: 'input/not-found', message: `No mtd files in ${folder}` })
  })
  test('a symbolic link is refused by name and told where it points, also as the path itself', async () => {
    const target = await put('real', 'x')
    await symlink(target, join(folder, 'mtd0'))
    expect(await refusal()).toMatchObject({ code: 'input/not-supported', message: `${join(folder, 'mtd0')} is a symbolic link; only plain files are read`, hint: expect.stringContaining(target) as string })
    expect(await refusal(join(folder, 'mtd0'))).toMatchObject({ code: 'input/not-supported' })
  })
  test('a folder, a fifo, a socket and a device are no partition', async () => {
    await put('mtd0', 'x')
    await mkdir(join(folder, 'mtd1'))
    expect(await refusal()).toMatchObject({ code: 'input/not-supported', context: { kind: 'folder' } })
    await rm(join(folder, 'mtd1'), { recursive: true })
    execFileSync('mkfifo', [join(folder, 'mtd2')])
    expect(await refusal()).toMatchObject({ code: 'input/not-supported', context: { kind: 'fifo' } })
    await rm(join(folder, 'mtd2'))
    const server = createServer().listen(join(folder, 'mtd3'))
    await once(server, 'listening')
    expect(await refusal()).toMatchObject({ code: 'input/not-supported', context: { kind: 'socket' } })
    await new Promise((resolve) => { server.close(resolve) })
    expect(await refusal('/dev/zero')).toMatchObject({ code: 'input/not-supported', context: { kind: 'device' } })
  })
  test('size is bounded before a byte is read', async () => {
    await put('mtd0', new Uint8Array(600))
    await put('mtd1', new Uint8Array(600))
    expect(await refusal(folder, 1_199)).toMatchObject({ code: 'input/too-large', context: { sizeBytes: 1_200, maxBytes: 1_199 } })
    expect(await refusal(folder, 1_200)).toBe('read')
    expect(await refusal(join(folder, 'mtd0'), 599)).toMatchObject({ code: 'input/too-large' })
  })
  test('a folder with too many parts is no dump', async () => {
    for (let index = 0; index < 65; index += 1) await put(`mtd${index}`, 'x')
    expect(await refusal()).toMatchObject({ code: 'input/too-large' })
  })
  test.each([
    ['grows before it is opened', 0, (path: string) => { appendFileSync(path, 'more') }],
    ['grows while it is read', 2, (path: string) => { appendFileSync(path, 'more') }],
    ['is cut while it is read', 2, (path: string) => { truncateSync(path, 100) }],
  ])('a file that %s is not half read', async (_, turn, change) => {
    const path = await put('mtd0', new Uint8Array(4 * 1024 * 1024))
    // Asked before each piece, so that the change falls between two of them on every computer.
    const turns = new AbortController().signal
    let asked = 0
    turns.throwIfAborted = () => { if ((asked += 1) === turn + 1 && turn > 0) change(path) }
    const reading = readRestoreInput(path, { signal: turns, before: () => { if (turn === 0) change(path); return undefined } })
    await expect(reading).rejects.toMatchObject({ code: 'input/conflict', message: `${path} changed while it was being read` })
  })
  test('a cancel stops the reading', async () => {
    const path = await put('mtd0', new Uint8Array(8 * 1024 * 1024))
    const cancel = new AbortController()
    const reason = new Error('cancelled')
    const reading = readRestoreInput(path, { signal: cancel.signal })
    cancel.abort(reason)
    await expect(reading).rejects.toBe(reason)
  })
})

describe('looking into folders', () => {
  test('folders first, numbers as numbers, hidden and dangling ones left out', async () => {
    await mkdir(join(folder, 'zoo'))
    for (const [name, length] of [['mtd10', 1024], ['mtd2', 2048], ['.hidden', 1], ['notes', 1]] as const) await put(name, new Uint8Array(length))
    await symlink(join(folder, 'zoo'), join(folder, 'link'))
    await symlink('/nowhere', join(folder, 'dangling'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    const listing = await listFolder(folder, signal)
    expect(listing.entries.map(({ name, kind }) => `${name} ${kind}`)).toEqual(['link folder', 'zoo folder', 'mtd2 file', 'mtd10 file', 'notes file'])
    expect(listing).toMatchObject({ path: folder, parent: tmpdir(), looksLike: 'restore folder: mtd2..mtd10, 3 KB' })
  })
  test('a backup is recognised by its first bytes', async () => {
    await put('dump', `---\nrom:\n${' '.repeat(8000)}`)
    expect((await listFolder(folder, signal)).looksLike).toBe('ipctool backup')
    expect((await listFolder(tmpdir(), signal)).looksLike).toBe('')
  })
  test('a long folder is cut', async () => {
    for (let index = 0; index < 2_010; index += 1) await put(`f${index}`, '')
    expect((await listFolder(folder, signal)).entries).toHaveLength(2_000)
  })
  test('the root has no parent; what is no folder is an error', async () => {
    expect(await listFolder('/', signal)).not.toHaveProperty('parent')
    await expect(listFolder(await put('plain', 'x'), signal)).rejects.toMatchObject({ code: 'input/not-found' })
    await expect(listFolder(join(folder, 'nowhere'), signal)).rejects.toMatchObject({ code: 'input/not-found' })
  })
})
