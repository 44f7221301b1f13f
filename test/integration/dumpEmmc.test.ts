import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRestoreInput } from '../../src/main/drivers/files/inputFolder.ts'
import { emmcBytes } from '../../src/main/sim/emmc.ts'
import { denseBytes } from '../../src/main/sim/timing.ts'
import { isStored } from '../../src/shared/bytes/storedBytes.ts'
import { dumpRecordSchema } from '../../src/shared/dump/dumpRecord.schema.ts'
import { type DumpRig, openDumpRig } from '../support/dumpRig.ts'

const { signal } = new AbortController()
const mtdparts = 'mmc:512k(boot),512k@0x80000(env),4096k(kernel),-(rootfs)'
const emmcOf = ({ pod }: DumpRig): NonNullable<DumpRig['pod']['camera']['emmc']> => {
  if (!pod.camera.emmc) throw new Error('no eMMC')
  return pod.camera.emmc
}
const cells = (rig: DumpRig, offset: number, length: number): Buffer => Buffer.from(emmcOf(rig).read(offset, length))

test.each(['emmc', 'emmc-vendor'] as const)('%s: the partitions of a given table, to the last block', async (secondFlash) => {
  const rig = await openDumpRig({ secondFlash })
  emmcOf(rig).write(0x500000, denseBytes(3_000_000, 3))
  emmcOf(rig).write(emmcBytes - 700, denseBytes(700, 4))
  const job = await rig.dump({ flashType: 'emmc', mtdparts })
  expect(job.error).toBeUndefined()
  expect(job.dumped.map(({ name, offsetBytes, lengthBytes }) => [name, offsetBytes, lengthBytes])).toEqual([
    ['boot', 0, 0x80000], ['env', 0x80000, 0x80000], ['kernel', 0x100000, 0x400000], ['rootfs', 0x500000, emmcBytes - 0x500000]])
  for (const { path, offsetBytes, lengthBytes } of job.dumped) expect((await readFile(path)).equals(cells(rig, offsetBytes, lengthBytes))).toBe(true)
  expect(dumpRecordSchema.parse(JSON.parse(await readFile(join(rig.folder, 'dump', 'dump.json'), 'utf8'))).flash).toEqual({ name: '8GND3', lengthBytes: emmcBytes, kind: 'emmc' })
  expect(rig.pod.camera.flashTouched).toBe(false)
  expect(rig.pod.camera.commands.filter((line) => /^mmc (?:write|erase)/.test(line))).toEqual([])
})

test('what was dumped is restored to eMMC without a question, and every partition is unchanged', async () => {
  const rig = await openDumpRig({ secondFlash: 'emmc' })
  emmcOf(rig).write(0x100000, denseBytes(300_000, 7))
  expect((await rig.dump({ flashType: 'emmc', mtdparts: 'flash0:512k(boot),512k(env),4096k(kernel)' })).verdict).toBe('dumped and verified')
  const job = await rig.restore({ raw: await readRestoreInput(join(rig.folder, 'dump'), { signal }), request: { tftpVia: 'pod' } })
  expect(job.error).toBeUndefined()
  expect(job.plan).toMatchObject({ flash: { kind: 'emmc', reason: 'dump.json says that it was read from eMMC' } })
  expect(new Set(job.partitions.map(({ action }) => action))).toEqual(new Set(['unchanged']))
})

const mib = 1024 * 1024
const large = { signal, maxBytes: 4 * mib, largeDumpsStay: true } as const

test.each(['folder', 'image'] as const)('a dump above the limit of what is held at once, as %s: restored from the disk without a question, and read back', async (form) => {
  const rig = await openDumpRig({ secondFlash: 'emmc', restorableBytes: large.maxBytes })
  const inside = [[0, 300_000], [0x80000, 5_000], [0x500000, 9_000_003], [emmcBytes - 700, 700]] as const
  inside.forEach(([at, length], index) => { emmcOf(rig).write(at, denseBytes(length, index + 3)) })
  const before = cells(rig, 0, emmcBytes)
  const outputPath = join(rig.folder, form)
  const dumped = await rig.dump({ flashType: 'emmc', form, outputPath, ...(form === 'folder' ? { mtdparts } : {}) })
  expect(dumped.verdict).toBe('dumped and verified')
  expect(dumped.notes.map(({ message }) => message).join()).not.toContain('restore it in pieces')
  for (const [at, length] of inside) emmcOf(rig).write(at, new Uint8Array(length).fill(0x5a))
  const raw = await readRestoreInput(outputPath, large)
  expect((raw.kind === 'file' ? [raw] : raw.files).every(({ bytes }) => isStored(bytes))).toBe(true)
  const job = await rig.restore({ raw, request: { tftpVia: 'pod' } })
  expect(job.error).toBeUndefined()
  expect(job).toMatchObject({ verdict: 'restored and booted', plan: { input: { totalBytes: emmcBytes }, flash: { kind: 'emmc' } } })
  expect(job.partitions.every(({ state, crc32, readBackCrc32 }) => ['proved', 'unchanged'].includes(state) && crc32 === readBackCrc32)).toBe(true)
  expect(cells(rig, 0, emmcBytes).equals(before)).toBe(true)
}, 60_000)

test('a file of a large dump that is changed between plan and writing is noticed before its place is written', async () => {
  const rig = await openDumpRig({ secondFlash: 'emmc' })
  emmcOf(rig).write(0x500000, denseBytes(3_000_000, 3))
  expect((await rig.dump({ flashType: 'emmc', mtdparts })).verdict).toBe('dumped and verified')
  emmcOf(rig).write(0x500000, new Uint8Array(3_000_000).fill(0x5a))
  const raw = await readRestoreInput(join(rig.folder, 'dump'), large)
  const bytes = await readFile(join(rig.folder, 'dump', 'mtd3'))
  bytes[1_000_000] = (bytes[1_000_000] ?? 0) ^ 1
  await writeFile(join(rig.folder, 'dump', 'mtd3'), bytes)
  const job = await rig.restore({ raw, request: { tftpVia: 'pod' } })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'input/conflict', message: expect.stringContaining('changed while it was being read') as string } })
  expect(rig.pod.camera.commands.filter((line) => line.startsWith('mmc write'))).toEqual([])
})

test('of what is above the limit only a whole dump is taken: a damaged copy, or a folder without a record, is refused', async () => {
  const rig = await openDumpRig({ secondFlash: 'emmc' })
  expect((await rig.dump({ flashType: 'emmc', mtdparts })).verdict).toBe('dumped and verified')
  const folder = join(rig.folder, 'dump')
  const bytes = await readFile(join(folder, 'mtd2'))
  await writeFile(join(folder, 'mtd2'), bytes.fill(1, 70_000, 70_001))
  await expect((async () => rig.restore({ raw: await readRestoreInput(folder, large), request: { tftpVia: 'pod' } }))()).rejects.toMatchObject({ code: 'input/malformed', message: expect.stringContaining('mtd2 is not what was dumped') as string })
  await rm(join(folder, 'dump.json'))
  await expect(readRestoreInput(folder, large)).rejects.toMatchObject({ code: 'input/too-large' })
})

test('one image: all of it, and auto finds the eMMC where there is nothing else', async () => {
  const rig = await openDumpRig({ secondFlash: 'emmc', faults: ['command-error:sf-probe'] })
  emmcOf(rig).write(20 * 1024 * 1024, denseBytes(1_000_000, 5))
  const outputPath = join(rig.folder, 'emmc.bin')
  const job = await rig.dump({ form: 'image', outputPath })
  expect(job.verdict).toBe('dumped and verified')
  expect((await readFile(outputPath)).equals(cells(rig, 0, emmcBytes))).toBe(true)
})

test('an eMMC beside a NOR is no reason to ask: auto dumps the NOR', async () => {
  const rig = await openDumpRig({ secondFlash: 'emmc' })
  expect((await rig.dump({ partition: 'env' })).verdict).toBe('dumped and verified')
  expect(rig.pod.camera.commands.some((line) => line.startsWith('mmc'))).toBe(false)
})

test('read-back-stale: an mmc read that copies nothing gives no dump', async () => {
  const rig = await openDumpRig({ secondFlash: 'emmc', faults: ['read-back-stale'] })
  const job = await rig.dump({ flashType: 'emmc', mtdparts, partition: 'boot' })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-content' } })
  expect(await readdir(rig.folder)).toEqual([])
})

test('by md: blocks of eMMC are printed and compared like any others', async () => {
  const rig = await openDumpRig({ secondFlash: 'emmc' })
  emmcOf(rig).write(0x100000, denseBytes(9000, 6))
  const job = await rig.dump({ flashType: 'emmc', mtdparts: 'mmc:64k@0x100000(piece)', via: 'md' })
  expect(job.verdict).toBe('dumped and verified')
  expect((await readFile(join(rig.folder, 'dump', 'mtd0'))).equals(cells(rig, 0x100000, 0x10000))).toBe(true)
})

test('a partition that ends inside a block is refused', async () => {
  const rig = await openDumpRig({ secondFlash: 'emmc' })
  expect(await rig.dump({ flashType: 'emmc', mtdparts: 'mmc:1000(odd)' })).toMatchObject({ state: 'failed', error: { code: 'input/conflict' } })
})
