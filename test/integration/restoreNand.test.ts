import { afterEach, expect, test } from 'vitest'
import { parseUbi } from '../../src/main/protocols/ubi/parser.ts'
import { denseBytes } from '../../src/main/sim/timing.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { at, block, boot, kernel, lebBytes, mtdparts, nandOf, readGood, rootfs, same, settings, volumeOf } from '../support/nandLayout.ts'
import { createRig, type Rig, type RigOptions, type RigRequest } from '../support/restoreRig.ts'
import { buildUbifsSuperblock, buildUbiImage, type TestVolume } from '../support/ubiBuilder.ts'

let rig: Rig | undefined
afterEach(async () => { await rig?.close(); rig = undefined })

const volumes: readonly TestVolume[] = [
  { id: 0, name: 'rootfs', kind: 'dynamic', data: rootfs, reservedBlocks: 30 }, { id: 1, name: 'settings', kind: 'static', data: settings, reservedBlocks: 4 },
  { id: 2, name: 'logs', kind: 'dynamic', data: new Uint8Array(), reservedBlocks: 8 },
]
const ubiImage = buildUbiImage(volumes, { eraseBytes: block })
const folder = [{ name: 'mtd0', bytes: boot }, { name: 'mtd2', bytes: kernel }, { name: 'mtd3', bytes: ubiImage }]

const request = (more: Partial<RigRequest> = {}): RigRequest => ({ images: folder, ...more, request: { flashType: 'nand', mtdparts, ...more.request } })
const open = (options: RigOptions = {}): Rig => (rig = createRig({ secondFlash: 'nand', ...options }))
const part = (job: Job, name: string): Job['partitions'][number] | undefined => job.partitions.find((each) => each.name === name)
const notes = (job: Job): string => job.notes.map(({ message }) => message).join('\n')

test('raw partitions and the volumes of a UBI image, all read back', async () => {
  const open1 = open()
  const job = await open1.restore(request())
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('restored and booted')
  expect(job.partitions.map(({ name, state, action }) => ({ name, state, action }))).toEqual(
    ['mtd2', 'mtd3:rootfs', 'mtd3:settings', 'mtd3:logs', 'mtd0'].map((name) => ({ name, state: 'proved', action: 'written' })))
  for (const each of job.partitions) expect(each.readBackCrc32).toBe(each.crc32)
  expect(same(readGood(open1, at.boot, boot.length), boot)).toBe(true)
  expect(same(readGood(open1, at.kernel, kernel.length), kernel)).toBe(true)
  expect(same(volumeOf(open1, 'rootfs', rootfs.length) ?? new Uint8Array(), rootfs)).toBe(true)
  expect(same(volumeOf(open1, 'settings', settings.length) ?? new Uint8Array(), settings)).toBe(true)
  expect(volumeOf(open1, 'logs', 10)?.every((byte) => byte === 0xff)).toBe(true)
  const { commands } = open1.pod.camera
  // A UBI image is never written by nand: only its volumes are, by UBI, after everything was fetched for them.
  expect(commands.filter((line) => line.startsWith('nand write')).map((line) => line.split(' ')[3])).toEqual(['0x200000', '0x0'])
  expect(commands.filter((line) => line.startsWith('ubi create'))).toEqual([
    `ubi create rootfs 0x${(30 * lebBytes).toString(16)} dynamic`, `ubi create settings 0x${(4 * lebBytes).toString(16)} static`, `ubi create logs 0x${(8 * lebBytes).toString(16)} dynamic`,
  ])
  expect(commands.filter((line) => line.startsWith('ubi part')).every((line) => line === 'ubi part ubi 2048')).toBe(true)
  expect(commands.filter((line) => /^sf (?:erase|write)/.test(line))).toEqual([])
})

test('every command that touches NAND carries an explicit length', async () => {
  const opened = open()
  await opened.restore(request())
  const touching = opened.pod.camera.commands.filter((line) => /^(?:nand (?:erase|read|write)|ubi (?:read|write))/.test(line))
  expect(touching.length).toBeGreaterThan(12)
  for (const line of touching) expect(line).toMatch(/^(?:nand erase 0x[0-9a-f]+ 0x[1-9a-f][0-9a-f]*|nand (?:read|write) 0x[0-9a-f]+ 0x[0-9a-f]+ 0x[1-9a-f][0-9a-f]*|ubi (?:read|write) 0x[0-9a-f]+ \S+ 0x[1-9a-f][0-9a-f]*)$/)
})

test('a second restore writes no raw partition again', async () => {
  const opened = open()
  await opened.restore(request())
  const job = await opened.restore(request())
  expect(job.verdict).toBe('restored and booted')
  expect(part(job, 'mtd2')).toMatchObject({ state: 'unchanged', writes: 0 })
  expect(part(job, 'mtd3:rootfs')).toMatchObject({ state: 'proved', writes: 1 })
})

test('a bare UBIFS becomes a volume with the name of its partition and all the space', async () => {
  const opened = open()
  const bytes = new Uint8Array(4 * lebBytes)
  bytes.set(denseBytes(bytes.length, 9))
  bytes.set(buildUbifsSuperblock(lebBytes, 4, 800))
  const job = await opened.restore(request({ images: [{ name: 'mtd3', bytes }] }))
  expect(job.verdict).toBe('restored and booted')
  expect(opened.pod.camera.commands).toContain('ubi create ubi')
  expect(same(volumeOf(opened, 'ubi', bytes.length) ?? new Uint8Array(), bytes)).toBe(true)
})

test('nand-bad-block: what comes behind moves on inside the partition, and its neighbour stays', async () => {
  // 17 is the second block of the kernel, 49 the second of UBI's.
  const opened = open({ faults: ['nand-bad-block:17,20,49'] })
  const job = await opened.restore(request())
  expect(job.verdict).toBe('restored and booted')
  expect(notes(job)).toContain('mtd2: 2 bad blocks in its partition')
  expect(same(readGood(opened, at.kernel, kernel.length), kernel)).toBe(true)
  expect(same(volumeOf(opened, 'rootfs', rootfs.length) ?? new Uint8Array(), rootfs)).toBe(true)
})

test('nand-bad-block: a partition whose good blocks do not hold the image is refused before anything is erased', async () => {
  // data has eight blocks; the image needs all of them.
  const full = [{ name: 'mtd4', bytes: denseBytes(8 * block, 5) }]
  const healthy = await open().restore(request({ images: full }))
  expect(healthy.verdict).toBe('restored and booted')
  await rig?.close()
  const opened = open({ faults: ['nand-bad-block:178'] })
  const job = await opened.restore(request({ images: full }))
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', error: { code: 'input/too-large', context: { neededBlocks: 8, goodBlocks: 7 } } })
  expect(opened.pod.camera.flashTouched).toBe(false)
})

test.each([
  ['raw', denseBytes(8 * block, 5)],
  // Four blocks for its contents and four for itself, on seven good ones.
  ['UBI', buildUbiImage([{ id: 0, name: 'a', kind: 'dynamic', data: denseBytes(4 * lebBytes, 5), reservedBlocks: 4 }], { eraseBytes: block })],
])('nor is anything else written, when only one of several parts does not fit: %s', async (_kind, bytes) => {
  const opened = open({ faults: ['nand-bad-block:178'] })
  const job = await opened.restore(request({ images: [...folder, { name: 'mtd4', bytes }] }))
  expect(job).toMatchObject({ state: 'failed', error: { code: 'input/too-large' } })
  expect(opened.pod.camera.flashTouched).toBe(false)
})

test('UBI is let go before the next file is fetched: it holds memory that fetching needs', async () => {
  const opened = open()
  const two = buildUbiImage([{ id: 0, name: 'a', kind: 'dynamic', data: rootfs, reservedBlocks: 30 }, { id: 1, name: 'b', kind: 'dynamic', data: denseBytes(15 * lebBytes, 8), reservedBlocks: 20 }], { eraseBytes: block })
  const job = await opened.restore(request({ images: [{ name: 'mtd3', bytes: two }] }))
  expect(job.verdict).toBe('restored and booted')
  let attached = false
  let fetches = 0
  for (const line of opened.pod.camera.commands) {
    if (line.startsWith('ubi part')) attached = true
    if (line === 'ubi detach') attached = false
    if (!line.startsWith('tftpboot')) continue
    fetches += 1
    expect(attached).toBe(false)
  }
  expect(fetches).toBe(2)
  // Erased once, for both.
  expect(opened.pod.camera.commands.filter((line) => line.startsWith('nand erase'))).toHaveLength(1)
})

test('an image for other logical blocks than this UBI makes is refused: nobody could mount it', async () => {
  const other = buildUbiImage([{ id: 0, name: 'a', kind: 'dynamic', data: denseBytes(129_024, 3) }], { eraseBytes: block, headerOffset: 512, dataOffset: 2048 })
  const opened = open()
  expect((await opened.prepare(request({ images: [{ name: 'mtd3', bytes: other }] }))).plan.warnings).toContain('mtd3:a was made for UBI blocks of 129024 bytes and not the usual 126976; whether this NAND has them is asked before anything is erased')
  const nand = nandOf(opened)
  const before = nand.read(0, 64 * block)
  const job = await opened.restore(request({ images: [...folder.slice(0, 2), { name: 'mtd3', bytes: other }] }))
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', error: { code: 'device/wrong-identity', context: { found: 126_976, planned: 129_024 }, message: 'UBI has blocks of 126976 bytes on this NAND; mtd3:a was made for 129024; nothing was erased' } })
  expect(opened.pod.camera.flashTouched).toBe(false)
  expect(opened.pod.camera.commands.filter((line) => /^(?:nand (?:erase|write)|ubi )/.test(line))).toEqual([])
  expect(same(nand.read(0, before.length), before)).toBe(true)
})

test('nand-page-wrong: written once more, then failed with the place; boot is not touched', async () => {
  const opened = open({ faults: ['nand-page-wrong:0x240000'] })
  const job = await opened.restore(request())
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', error: { code: 'device/wrong-content', context: { partition: 'mtd2' } } })
  expect(part(job, 'mtd2')).toMatchObject({ state: 'mismatch', writes: 2 })
  expect(part(job, 'mtd0')).toMatchObject({ writes: 0 })
  expect(opened.pod.camera.commands).not.toContain('reset')
})

test('nand-page-wrong, once: the rewrite heals it', async () => {
  const job = await open({ faults: ['nand-page-wrong:0x240000#1'] }).restore(request())
  expect(job.verdict).toBe('restored and booted')
  expect(part(job, 'mtd2')).toMatchObject({ state: 'proved', writes: 2 })
})

test('a wrong page inside a UBI volume is found too', async () => {
  const opened = open({ faults: ['nand-page-wrong:0x641800'] })
  const job = await opened.restore(request())
  expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-content' } })
})

test('read-back-stale: a read that copies nothing proves nothing', async () => {
  const job = await open({ faults: ['read-back-stale'] }).restore(request())
  expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-content' } })
})

test('read-back-stale on the second restore: RAM that still holds the image proves nothing', async () => {
  const only = request({ images: [{ name: 'mtd2', bytes: kernel }] })
  const opened = open({ faults: ['ram-survives'] })
  expect((await opened.restore(only)).verdict).toBe('restored and booted')
  opened.pod.addFault('read-back-stale')
  const second = await opened.restore(only)
  expect(second.verdict).not.toBe('restored and booted')
  expect(part(second, 'mtd2')?.state).not.toBe('unchanged')
})

test('nand-erase-fails: OK at the end does not cover a block that was not erased', async () => {
  const opened = open({ faults: ['nand-erase-fails:0x200000'] })
  const job = await opened.restore(request())
  expect(job).toMatchObject({ state: 'failed' })
  expect(part(job, 'mtd2')?.state).not.toBe('proved')
  expect(opened.pod.camera.commands.some((line) => line.startsWith('nand write'))).toBe(false)
})

test('ubi-no-space: U-Boot\'s own words, no success, and boot stays as it was', async () => {
  const opened = open({ faults: ['ubi-no-space'] })
  const job = await opened.restore(request())
  expect(job).toMatchObject({ state: 'failed', error: { code: 'device/refused' } })
  expect(job.error?.message).toMatch(/exit not allowed|not enough PEBs|No space left/)
  expect(part(job, 'mtd0')).toMatchObject({ writes: 0 })
})

test.each([400, 900, 2500, 4000, 6000, 8000])('bridge-drop after %i bytes: it goes on, or fails honestly', async (bytes) => {
  const opened = open({ faults: [`bridge-drop:${bytes}`] })
  const job = await opened.restore(request())
  expect(job.verdict).toBe('restored and booted')
  expect(same(volumeOf(opened, 'rootfs', rootfs.length) ?? new Uint8Array(), rootfs)).toBe(true)
  expect(same(readGood(opened, at.kernel, kernel.length), kernel)).toBe(true)
})

test('console-garbage: never a success that is none', async () => {
  const opened = open({ faults: ['console-garbage:1500'] })
  const job = await opened.restore(request())
  if (job.verdict?.startsWith('restored') === true) {
    expect(same(readGood(opened, at.kernel, kernel.length), kernel)).toBe(true)
    expect(same(volumeOf(opened, 'rootfs', rootfs.length) ?? new Uint8Array(), rootfs)).toBe(true)
  }
  expect(job.state).not.toBe('running')
})

test('a camera without NAND is refused, and its NOR stays', async () => {
  rig = createRig()
  const job = await rig.restore(request())
  expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-identity', context: { planned: 'nand', found: 'nor' } } })
  expect(rig.pod.camera.flashTouched).toBe(false)
})

test.each([
  ['no table', { request: { flashType: 'nand' as const } }, /must be known/],
  ['a damaged UBI image', { images: [{ name: 'mtd3', bytes: ubiImage.map((byte, index) => (index === 2 * block + 30 * block ? byte : index > 22 * block && index < 22 * block + 4200 ? 0x11 : byte)) }] }, /damaged/],
  ['a part larger than its partition', { images: [{ name: 'mtd4', bytes: new Uint8Array(8 * block + 1) }] }, /only 1048576/],
  ['no partition for a file', { images: [{ name: 'mtd9', bytes: new Uint8Array(10) }] }, /no place for mtd9/],
  ['a partition inside a block', { request: { flashType: 'nand' as const, mtdparts: 'x:64k(a),1024k(b),1024k(c),16384k(d)' } }, /erase block/],
])('the plan refuses %s', async (_what, more, why) => {
  const opened = open()
  const { request: given = { flashType: 'nand' as const, mtdparts }, ...rest } = more as Partial<RigRequest>
  const { plan } = await opened.prepare({ images: folder.slice(0, 1), ...rest, request: given })
  expect(plan.refusals[0]?.message).toMatch(why)
})

test('what is larger than a load goes in pieces that count good blocks', async () => {
  const bytes = denseBytes(160 * block, 7)
  const opened = open({ faults: ['nand-bad-block:190,250'] })
  const job = await opened.restore(request({ images: [{ name: 'mtd5', bytes }], request: { tftpVia: 'pod' } }))
  expect(job.error).toBeUndefined()
  expect(job.partitions.length).toBeGreaterThan(2)
  expect(same(readGood(opened, at.rest, bytes.length), bytes)).toBe(true)
})

test('the volumes of the test image are what a parser sees', () => {
  expect(parseUbi(ubiImage).volumes.map(({ name }) => name)).toEqual(['rootfs', 'settings', 'logs'])
})
