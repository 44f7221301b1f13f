import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, afterEach, describe, expect, test } from 'vitest'
import { diskError, inspectDumpPlace, openHiddenDump } from './dumpFolder.ts'

const { signal } = new AbortController()
let folder = ''
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'rackbench-place-')) })
afterEach(async () => rm(folder, { recursive: true, force: true }))
const codeOf = async (work: Promise<unknown>): Promise<unknown> => work.then(() => 'done', (error: unknown) => (error as { code?: unknown }).code)

describe('looking at the place', () => {
  test('free, an empty folder, and what is neither', async () => {
    expect(await inspectDumpPlace(join(folder, 'a/b/c'), 'folder')).toMatchObject({ path: join(folder, 'a/b/c'), keptBytes: 0, freeBytes: expect.any(Number) as number })
    expect(await readdir(folder)).toEqual([])
    await mkdir(join(folder, 'empty'))
    expect(await codeOf(inspectDumpPlace(join(folder, 'empty'), 'folder'))).toBe('done')
    expect(await codeOf(inspectDumpPlace(join(folder, 'empty'), 'image'))).toBe('input/conflict')
    await writeFile(join(folder, 'empty', 'x'), 'x')
    expect(await codeOf(inspectDumpPlace(join(folder, 'empty'), 'folder'))).toBe('input/conflict')
    expect(await codeOf(inspectDumpPlace(join(folder, 'empty', 'x'), 'image'))).toBe('input/conflict')
    expect(await codeOf(inspectDumpPlace(join(folder, 'empty', 'x', 'y'), 'image'))).toBe('input/conflict')
    await symlink('/nowhere', join(folder, 'link'))
    expect(await codeOf(inspectDumpPlace(join(folder, 'link'), 'image'))).toBe('input/conflict')
  })
})

describe('hidden until published', () => {
  test('a folder: nothing under its name before, everything after', async () => {
    const out = join(folder, 'dump')
    const dump = await openHiddenDump(out, 'folder', signal)
    await (await dump.file('mtd0')).write(0, new Uint8Array(3_000_000).fill(7), signal)
    await (await dump.file('stray')).write(0, Uint8Array.of(1), signal)
    expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual([])
    expect(await (await dump.file('mtd0')).read(2_999_999, 10, signal)).toEqual(Uint8Array.of(7))
    await dump.publish([{ name: 'mtd0', lengthBytes: 2_000_000 }], signal)
    await dump.close(false)
    expect(await readdir(folder)).toEqual(['dump'])
    expect(await readdir(out)).toEqual(['mtd0'])
    expect((await stat(join(out, 'mtd0'))).size).toBe(2_000_000)
  })
  test('into an empty folder that was there; never into one that has got something', async () => {
    const out = join(folder, 'dump')
    await mkdir(out)
    const dump = await openHiddenDump(out, 'folder', signal)
    await (await dump.file('mtd0')).write(0, Uint8Array.of(1), signal)
    await writeFile(join(out, 'precious'), 'x')
    expect(await codeOf(dump.publish([{ name: 'mtd0', lengthBytes: 1 }], signal))).toBe('input/conflict')
    await dump.close(false)
    expect(await readdir(folder)).toEqual(['dump'])
    expect(await readdir(out)).toEqual(['precious'])
    await rm(join(out, 'precious'))
    const again = await openHiddenDump(out, 'folder', signal)
    await (await again.file('mtd0')).write(0, Uint8Array.of(1), signal)
    await again.publish([{ name: 'mtd0', lengthBytes: 1 }], signal)
    expect(await readdir(out)).toEqual(['mtd0'])
  })
  test('a file never takes the place of another', async () => {
    const out = join(folder, 'flash.bin')
    const dump = await openHiddenDump(out, 'image', signal)
    await (await dump.file('')).write(0, Uint8Array.of(1, 2), signal)
    await writeFile(out, 'precious')
    expect(await codeOf(dump.publish([{ name: '', lengthBytes: 2 }], signal))).toBe('input/conflict')
    await dump.close(false)
    expect(await readFile(out, 'utf8')).toBe('precious')
    expect(await readdir(folder)).toEqual(['flash.bin'])
  })
  test('closed with keep: hidden, and found again', async () => {
    const out = join(folder, 'flash.bin')
    const dump = await openHiddenDump(out, 'image', signal)
    await (await dump.file('')).write(100, Uint8Array.of(5), signal)
    await dump.close(true)
    expect(await readdir(folder)).toEqual(['.flash.bin.image.rackbench-partial'])
    expect(await inspectDumpPlace(out, 'image')).toMatchObject({ keptBytes: 101 })
    expect(await inspectDumpPlace(out, 'ipctool')).toMatchObject({ keptBytes: 0 })
    const again = await openHiddenDump(out, 'image', signal)
    expect(await (await again.file('')).read(100, 1, signal)).toEqual(Uint8Array.of(5))
    await again.close(false)
    await again.close(false)
    expect(await readdir(folder)).toEqual([])
  })
  test('work that outlived its job opens nothing more', async () => {
    const dump = await openHiddenDump(join(folder, 'dump'), 'folder', signal)
    const late = dump.file('mtd0')
    await dump.close(false)
    await late
    expect(await codeOf(dump.file('mtd1'))).toBe('link/closed')
    expect(await readdir(folder)).toEqual([])
  })
  test('a link in the place of the hidden file leads nowhere', async () => {
    await writeFile(join(folder, 'victim'), 'precious')
    await symlink(join(folder, 'victim'), join(folder, '.flash.bin.image.rackbench-partial'))
    expect(await codeOf(openHiddenDump(join(folder, 'flash.bin'), 'image', signal))).toBe('input/conflict')
    const inside = join(folder, '.dump.folder.rackbench-partial')
    await mkdir(inside)
    await symlink(join(folder, 'victim'), join(inside, 'mtd0'))
    expect(await codeOf(openHiddenDump(join(folder, 'dump'), 'folder', signal).then(async (dump) => dump.file('mtd0')))).toBe('input/conflict')
    expect(await readFile(join(folder, 'victim'), 'utf8')).toBe('precious')
  })
})

test.each([['ENOSPC', 'host/disk-full'], ['EDQUOT', 'host/disk-full'], ['EFBIG', 'host/disk-full'], ['EROFS', 'host/no-permission'], ['EACCES', 'host/no-permission'], ['EIO', 'host/io']])('%s is %s', (code, ours) => {
  expect(diskError('/x', Object.assign(new Error('no'), { code })).code).toBe(ours)
})
