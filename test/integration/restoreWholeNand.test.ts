import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import { afterEach, expect, test } from 'vitest'
import { attachUbi } from '../../src/main/sim/nandUbi.ts'
import { denseBytes } from '../../src/main/sim/timing.ts'
import type { RawRestoreInput } from '../../src/main/core/workflows/restore/rawInput.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { at, block, boot, kernel, lebBytes, mtdparts, nandOf, readGood, rootfs, same, settings, volumeOf } from '../support/nandLayout.ts'
import { createRig, type Rig, type RigOptions } from '../support/restoreRig.ts'
import { buildUbifsSuperblock, buildUbiImage } from '../support/ubiBuilder.ts'

let rig: Rig | undefined
afterEach(async () => { await rig?.close(); rig = undefined })

const ubi = buildUbiImage([{ id: 0, name: 'rootfs', kind: 'dynamic', data: rootfs, reservedBlocks: 30 }, { id: 1, name: 'settings', kind: 'static', data: settings, reservedBlocks: 4 }], { eraseBytes: block })

/** The first 24 MiB of a chip, without spare bytes. */
function chip(): Uint8Array {
  const bytes = new Uint8Array(192 * block).fill(0xff)
  bytes.set(boot, at.boot)
  bytes.set(kernel, at.kernel)
  bytes.set(ubi, at.ubi)
  return bytes
}
const fileOf = (bytes: Uint8Array, name = 'nand.bin'): RawRestoreInput => ({ kind: 'file', path: `/${name}`, name, bytes })
const open = (options: RigOptions = {}): Rig => (rig = createRig({ secondFlash: 'nand', ...options }))
const proved = (job: Job): readonly (readonly [string, string])[] => job.partitions.map(({ name, state }) => [name, state])

test('one image of a whole NAND: each part in its partition, UBI by its volumes, and auto knows what it is', async () => {
  const opened = open()
  const job = await opened.restore({ raw: fileOf(chip()), request: { mtdparts, tftpVia: 'pod' } })
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('restored and booted')
  expect(job.plan).toMatchObject({ flash: { kind: 'nand' }, input: { kind: 'image' } })
  // The erased ones were erased before.
  const erased = ['mtd1', 'mtd4', 'mtd5']
  expect(proved(job)).toEqual(['mtd2', ...erased, 'mtd3:rootfs', 'mtd3:settings', 'mtd0'].map((name) => [name, erased.includes(name) ? 'unchanged' : 'proved']))
  expect(same(readGood(opened, at.boot, boot.length), boot)).toBe(true)
  expect(same(readGood(opened, at.kernel, kernel.length), kernel)).toBe(true)
  expect(same(volumeOf(opened, 'rootfs', rootfs.length), rootfs)).toBe(true)
  expect(same(volumeOf(opened, 'settings', settings.length), settings)).toBe(true)
  // Nothing of the UBI partition was written by nand.
  const places = opened.pod.camera.commands.filter((line) => line.startsWith('nand write')).map((line) => Number(line.split(' ')[3]))
  expect(places.filter((place) => place >= at.ubi && place < at.data)).toEqual([])
})

test('nand-bad-block in kernel, UBI and boot: everything moves on inside its own partition', async () => {
  const opened = open({ faults: ['nand-bad-block:1,17,49,60'] })
  const job = await opened.restore({ raw: fileOf(chip()), request: { mtdparts, tftpVia: 'pod' } })
  expect(job.verdict).toBe('restored and booted')
  expect(job.notes.map(({ message }) => message).join('\n')).toContain('mtd2: 1 bad block in its partition')
  expect(same(readGood(opened, at.boot, boot.length), boot)).toBe(true)
  expect(same(readGood(opened, at.kernel, kernel.length), kernel)).toBe(true)
  expect(same(volumeOf(opened, 'rootfs', rootfs.length), rootfs)).toBe(true)
})

test.each([
  ['from its first block', denseBytes(8 * block, 9)], ['in its last block only', (() => { const bytes = new Uint8Array(8 * block).fill(0xff); bytes[8 * block - 1] = 0; return bytes })()],
])('what is erased in the image is erased on the camera, whatever lay there %s', async (_where, left) => {
  const opened = open({ faults: ['nand-bad-block:10'] })
  const old = await opened.restore({ images: [{ name: 'mtd1', bytes: left.subarray(block) }], request: { flashType: 'nand', mtdparts } })
  expect(old.verdict).toBe('restored and booted')
  const job = await opened.restore({ raw: fileOf(chip()), request: { mtdparts, tftpVia: 'pod' } })
  expect(job.verdict).toBe('restored and booted')
  expect(readGood(opened, at.env, 7 * block).every((byte) => byte === 0xff)).toBe(true)
})

test('a full partition has no room for a bad block; with erased blocks at its end it has', async () => {
  const full = chip()
  full.set(denseBytes(8 * block, 5), at.data)
  const opened = open({ faults: ['nand-bad-block:178'] })
  const refused = await opened.restore({ raw: fileOf(full), request: { mtdparts, tftpVia: 'pod' } })
  expect(refused).toMatchObject({ state: 'failed', error: { code: 'input/too-large', context: { neededBlocks: 8, goodBlocks: 7 } } })
  expect(opened.pod.camera.flashTouched).toBe(false)
  full.fill(0xff, at.data + 7 * block, at.data + 8 * block)
  expect((await opened.restore({ raw: fileOf(full), request: { mtdparts, tftpVia: 'pod' } })).verdict).toBe('restored and booted')
})

test('a partition that does not become erased behind its data is no success', async () => {
  const opened = open({ faults: ['nand-erase-lies:0x5e0000'] })
  nandOf(opened).program(0x5e0000, denseBytes(2048, 8))
  const job = await opened.restore({ raw: fileOf(chip()), request: { mtdparts, tftpVia: 'pod' } })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-content', context: { partition: 'mtd2' } } })
})

test.each([
  ['without a table', chip(), {}, /must be known/],
  ['for NOR', chip(), { flashType: 'nor', mtdparts }, /image for NAND, and NOR was asked for/],
  ['with the table of another camera', chip(), { mtdparts: 'hinand:1024k(boot),1024k(env),8192k(kernel),-(ubi)' }, /kernel holds other data before the UBI/],
] as const)('the plan refuses a whole image %s', async (_what, bytes, request, why) => {
  const { plan } = await open().prepare({ raw: fileOf(bytes), request })
  expect(plan.refusals[0]?.message).toMatch(why)
})

test('volumes that fit one by one but not together are refused before anything is erased', async () => {
  const volumes = (count: number): Uint8Array => buildUbiImage(Array.from({ length: count }, (_, id) => ({ id, name: `v${id}`, kind: 'dynamic' as const, data: denseBytes(lebBytes, id), reservedBlocks: 40 })), { eraseBytes: block })
  // 128 blocks: three volumes of 40 and four of UBI's own; with five bad ones they do not fit any more.
  const opened = open({ faults: ['nand-bad-block:50,51,52,53,54'] })
  const job = await opened.restore({ images: [{ name: 'mtd3', bytes: volumes(3) }], request: { flashType: 'nand', mtdparts } })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'input/too-large', context: { neededBlocks: 124, goodBlocks: 123 } } })
  expect(opened.pod.camera.flashTouched).toBe(false)
})

test('an ipctool backup of a NAND: one block for each volume, its own table, no flag', async () => {
  const rootFs = new Uint8Array(6 * lebBytes)
  rootFs.set(denseBytes(rootFs.length, 6))
  rootFs.set(buildUbifsSuperblock(lebBytes, 6, 800))
  const data = new Uint8Array(2 * lebBytes)
  data.set(denseBytes(data.length, 7))
  data.set(buildUbifsSuperblock(lebBytes, 2, 800))
  const bootWhole = new Uint8Array(8 * block).fill(0xff)
  bootWhole.set(boot)
  const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex').slice(0, 8)
  const volume = (id: number, name: string, bytes: Uint8Array): object => ({ vol_id: id, vol_name: name, data_bytes: `0x${bytes.length.toString(16)}`, sha1: sha1(bytes) })
  const yaml = `---\n${stringify({ chip: { model: 'hi3516ev300' }, rom: [{ type: 'nand', block: '128K', partitions: [
    { name: 'boot', size: '0x100000', sha1: sha1(bootWhole) },
    { name: 'ubi', size: '0x1000000', dump_type: 'ubifs', ubi_device: 0, ubi_volumes: [volume(0, 'rootfs', rootFs), volume(1, 'data', data)] },
  ] }] })}`
  const blocks = [bootWhole, rootFs, data].flatMap((bytes) => { const head = Buffer.alloc(4); head.writeUInt32LE(bytes.length); return [head, bytes] })
  const opened = open({ faults: ['nand-bad-block:9'] })
  const job = await opened.restore({ raw: fileOf(Buffer.concat([Buffer.from(yaml), Buffer.of(0), ...blocks]), 'backup'), request: { tftpVia: 'pod' } })
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('restored and booted')
  expect(job.plan).toMatchObject({ flash: { kind: 'nand', reason: 'the backup is of a nand flash' }, mtd: { parts: 'mtdparts=hinand:1024k(boot),16384k(ubi)' } })
  expect(proved(job)).toEqual([['mtd1:rootfs', 'proved'], ['mtd1:data', 'proved'], ['mtd0', 'proved']])
  expect(same(readGood(opened, 0, boot.length), boot)).toBe(true)
  const attached = attachUbi(nandOf(opened), 'ubi', { offsetBytes: 8 * block, lengthBytes: 128 * block })
  expect(attached?.volumes().map(({ id, name }) => [id, name])).toEqual([[0, 'rootfs'], [1, 'data']])
})
