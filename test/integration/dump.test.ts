import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { expect, test } from 'vitest'
import { readInput } from '../../src/main/core/workflows/restore/readInput.ts'
import { readRestoreInput } from '../../src/main/drivers/files/inputFolder.ts'
import { dumpRecordSchema } from '../../src/shared/dump/dumpRecord.schema.ts'
import { crc32, hexCrc } from '../../src/shared/bytes/crc32.ts'
import { type DumpRig, openDumpRig, sha256, tools } from '../support/dumpRig.ts'

const { signal } = new AbortController()
const parts = [['boot', 0, 0x40000], ['env', 0x40000, 0x10000], ['kernel', 0x50000, 0x300000], ['rootfs', 0x350000, 0xa00000], ['rootfs_data', 0xd50000, 0x2b0000]] as const
const cellsOf = ({ pod }: DumpRig, offset = 0, length = pod.camera.cells.length): Buffer => Buffer.from(pod.camera.cells.slice(offset, offset + length))

/** The rack as it was found, nothing unfinished on the disk, and not a bit of the flash changed. */
async function expectTidy(rig: DumpRig): Promise<void> {
  expect((await readdir(rig.folder)).filter((name) => name.startsWith('.'))).toEqual([])
  expect(rig.leases.holderOf('pod-1')).toBeUndefined()
  expect(rig.console.stats().state).not.toBe('lent')
  expect(rig.pod.camera.flashTouched).toBe(false)
}

test('folder by tftpput: each part is the cells, with the camera\'s own CRC, and dump.json says all of it', async () => {
  const rig = await openDumpRig()
  const cells = cellsOf(rig)
  const job = await rig.dump()
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('dumped and verified')
  expect(job.dumped.map(({ name, offsetBytes, lengthBytes }) => [name, offsetBytes, lengthBytes])).toEqual(parts)
  const out = join(rig.folder, 'dump')
  expect(await readdir(out)).toEqual(['dump.json', 'mtd0', 'mtd1', 'mtd2', 'mtd3', 'mtd4'])
  for (const [index, { path, offsetBytes, lengthBytes, ...sums }] of job.dumped.entries()) {
    expect(path).toBe(join(out, `mtd${index}`))
    const expected = cells.subarray(offsetBytes, offsetBytes + lengthBytes)
    expect((await readFile(path)).equals(expected)).toBe(true)
    expect(sums).toMatchObject({ crc32: hexCrc(crc32(expected)), sha256: sha256(expected) })
  }
  const record = dumpRecordSchema.parse(JSON.parse(await readFile(join(out, 'dump.json'), 'utf8')))
  expect(record).toMatchObject({
    chip: 'hi3516ev300', flash: { name: 'W25Q128', lengthBytes: 0x1000000 }, ethaddr: '02:52:42:00:00:01', layoutFrom: 'mtdparts',
    mtdparts: 'hi_sfc:256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(rootfs_data)',
  })
  expect(record.ubootVersion).toMatch(/^U-Boot \d{4}\.\d\d/)
  expect(record.parts.map(({ file, sha256: sum }) => [file, sum])).toEqual(job.dumped.map(({ sha256: sum }, index) => [`mtd${index}`, sum]))
  // It holds passwords.
  expect((await stat(join(out, 'mtd1'))).mode & 0o077).toBe(0)
  expect(job.phases.filter(({ state }) => state !== 'finished')).toEqual([])
  await expectTidy(rig)
})

test('the probe comes first, one upload carries all, and every read has its length', async () => {
  const rig = await openDumpRig()
  await rig.dump()
  const commands = rig.pod.camera.commands.filter((line) => /^(sf|tftpput|md|mw)/.test(line))
  expect(commands[0]).toBe('sf probe 0')
  expect(commands.filter((line) => line.startsWith('tftpput'))).toEqual([expect.stringMatching(/^tftpput 0x42000000 0x1000000 rb-dump-\w+$/)])
  expect(commands.filter((line) => line.startsWith('sf read'))).toEqual(['sf read 0x42000000 0x0 0x1000000', 'sf read 0x42000000 0x0 0x1000000'])
  // Each read into another pattern.
  expect(new Set(commands.filter((line) => line.startsWith('mw.l'))).size).toBe(2)
  expect(rig.pod.camera.commands.at(-1)).not.toBe('saveenv')
})

test('what was dumped is restored without a question, and every partition is unchanged', async () => {
  const rig = await openDumpRig()
  const dumped = await rig.dump()
  const raw = await readRestoreInput(join(rig.folder, 'dump'), { signal })
  const job = await rig.restore({ raw, request: { tftpVia: 'pod' } })
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('restored and booted')
  expect(new Set(job.partitions.map(({ action }) => action))).toEqual(new Set(['unchanged']))
  expect(job.partitions.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)).toBe(dumped.dumped.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0))
  expect(job.plan.warnings).toEqual([])
  expect(rig.pod.camera.flashTouched).toBe(false)
})

test('image: one file, the whole chip', async () => {
  const rig = await openDumpRig()
  const cells = cellsOf(rig)
  const outputPath = join(rig.folder, 'new', 'folder', 'flash.bin')
  const job = await rig.dump({ form: 'image', outputPath })
  expect(job.verdict).toBe('dumped and verified')
  expect(job.dumped).toMatchObject([{ name: 'flash', offsetBytes: 0, lengthBytes: 0x1000000, path: outputPath }])
  expect((await readFile(outputPath)).equals(cells)).toBe(true)
  expect(await readdir(join(rig.folder, 'new', 'folder'))).toEqual(['flash.bin', 'flash.bin.dump.json'])
  const record = dumpRecordSchema.parse(JSON.parse(await readFile(`${outputPath}.dump.json`, 'utf8')))
  expect(record).toMatchObject({
    form: 'image', chip: 'hi3516ev300', ethaddr: '02:52:42:00:00:01', ubootVersion: expect.stringMatching(/^U-Boot 2016\.11/) as string, layoutFrom: 'mtdparts', mtdparts: expect.stringContaining('256k(boot)') as string,
    flash: { kind: 'nor', lengthBytes: 0x1000000 }, parts: [{ file: 'flash', lengthBytes: 0x1000000, sha256: sha256(cells) }],
  })
  const restored = await rig.restore({ raw: await readRestoreInput(outputPath, { signal }), request: { tftpVia: 'pod' } })
  expect(restored.error).toBeUndefined()
  expect(restored.plan).toMatchObject({ flash: { kind: 'nor', isAssumed: false, reason: 'flash.bin.dump.json says that it was read from NOR' } })
  expect(new Set(restored.partitions.map(({ action }) => action))).toEqual(new Set(['unchanged']))
  const again = await rig.planDump({ form: 'image', outputPath: join(rig.folder, 'new', 'folder', 'other.bin') })
  expect(again.refusals).toEqual([])
  await writeFile(join(rig.folder, 'new', 'folder', 'other.bin.dump.json'), 'of another day')
  expect((await rig.planDump({ form: 'image', outputPath: join(rig.folder, 'new', 'folder', 'other.bin') })).refusals).toMatchObject([{ code: 'input/conflict', message: expect.stringContaining('other.bin.dump.json is there already') as string }])
  await writeFile(outputPath, cells.with(9, cells[9]! ^ 1))
  const damaged = await rig.prepare({ raw: await readRestoreInput(outputPath, { signal }) }).then(() => undefined, (error: unknown) => error)
  expect(damaged).toMatchObject({ code: 'input/malformed', message: 'flash.bin is not what was dumped: it differs from what flash.bin.dump.json says' })
})

test('ipctool: our own reader takes it with every checksum, and a restore changes nothing', async () => {
  const rig = await openDumpRig()
  const cells = cellsOf(rig)
  const outputPath = join(rig.folder, 'backup')
  expect(await rig.dump({ form: 'ipctool', outputPath })).toMatchObject({ verdict: 'dumped and verified' })
  const raw = await readRestoreInput(outputPath, { signal })
  const input = readInput(raw, tools, false)
  expect(input).toMatchObject({ kind: 'ipctool', warnings: [], totalBytes: 0x1000000 })
  expect(Buffer.concat(input.parts.map(({ bytes }) => bytes)).equals(cells)).toBe(true)
  const record = dumpRecordSchema.parse(JSON.parse(await readFile(`${outputPath}.dump.json`, 'utf8')))
  expect(record).toMatchObject({ form: 'ipctool', ethaddr: '02:52:42:00:00:01', parts: parts.map(([name, offsetBytes, lengthBytes]) => ({ name, offsetBytes, lengthBytes, sha256: sha256(cells.subarray(offsetBytes, offsetBytes + lengthBytes)) })) })
  const yaml = (await readFile(outputPath)).subarray(0, 2000).toString('latin1').split('\0')[0] ?? ''
  expect(parseYaml(yaml)).toMatchObject({ chip: { model: 'hi3516ev300' }, rom: [{ type: 'nor', partitions: parts.map(([name, , size]) => ({ name, size })) }] })
  // The published reader looks for these two lines, one under the other.
  expect([...yaml.matchAll(/name: (\w+)\n\s+size: (0x[0-9a-f]+)/g)].map(([, name, size]) => [name, Number(size)])).toEqual(parts.map(([name, , size]) => [name, size]))
  const job = await rig.restore({ raw, request: { tftpVia: 'pod' } })
  expect(new Set(job.partitions.map(({ action }) => action))).toEqual(new Set(['unchanged']))
})

test('one partition: its file and a record that says where it belongs', async () => {
  const rig = await openDumpRig()
  const job = await rig.dump({ partition: 'rootfs' })
  expect(job.dumped).toMatchObject([{ name: 'rootfs', offsetBytes: 0x350000 }])
  expect(await readdir(join(rig.folder, 'dump'))).toEqual(['dump.json', 'mtd3'])
  expect(rig.pod.camera.commands.filter((line) => line.startsWith('sf read'))).toEqual(new Array(2).fill('sf read 0x42000000 0x350000 0xa00000'))
  const restored = await rig.restore({ raw: await readRestoreInput(join(rig.folder, 'dump'), { signal }), request: { tftpVia: 'pod' } })
  expect(restored.verdict).toBe('restored and booted')
  expect(Math.min(...restored.partitions.map(({ offsetBytes }) => offsetBytes))).toBe(0x350000)
  expect(new Set(restored.partitions.map(({ action }) => action))).toEqual(new Set(['unchanged']))
})

test('a partition that is not there is named, with those that are', async () => {
  const rig = await openDumpRig()
  const job = await rig.dump({ partition: 'nonsense' })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'input/not-found', hint: expect.stringContaining('rootfs_data (mtd4)') } })
  expect(await readdir(rig.folder)).toEqual([])
})

test('32 MiB: more than the RAM holds goes in two uploads, each piece with its own CRC', async () => {
  const rig = await openDumpRig({ flashMb: 32 })
  const cells = cellsOf(rig)
  const job = await rig.dump({ form: 'image', outputPath: join(rig.folder, 'flash.bin') })
  expect(job.verdict).toBe('dumped and verified')
  expect(rig.pod.camera.commands.filter((line) => line.startsWith('tftpput')).map((line) => line.split(' ')[2])).toEqual(['0x1000000', '0x1000000'])
  expect((await readFile(join(rig.folder, 'flash.bin'))).equals(cells)).toBe(true)
})

test('a given table beats the camera\'s own; a gap is said', async () => {
  const rig = await openDumpRig()
  const job = await rig.dump({ mtdparts: 'x:64k@0x50000(kernel_head),64k@0x350000(root_head)' })
  expect(job.dumped.map(({ name, offsetBytes }) => [name, offsetBytes])).toEqual([['kernel_head', 0x50000], ['root_head', 0x350000]])
  expect(job.notes.map(({ message }) => message).join('\n')).toContain('0x60000 to 0x350000 belongs to no partition')
})

test('a dump that is too large to be restored at once here says so before it is read', async () => {
  const rig = await openDumpRig({ restorableBytes: 15 * 1024 * 1024 })
  const job = await rig.dump()
  expect(job.notes).toMatchObject([{ level: 'warning', message: expect.stringContaining('This dump has 16 MiB, and a restore on this computer takes 15 at once') as string }])
  expect((await rig.dump({ partition: 'env', outputPath: join(rig.folder, 'small') })).notes).toEqual([])
})

test('the size is the chip\'s own, whatever is written on the rack', async () => {
  const rig = await openDumpRig({ faults: ['wrong-flash-size:8'] })
  const job = await rig.dump()
  expect(job.verdict).toBe('dumped and verified')
  expect(job.dumped.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)).toBe(8 * 1024 * 1024)
})

test('vendor-probe: the JEDEC id that U-Boot prints is in the record, and tells the camera from another', async () => {
  const rig = await openDumpRig({ faults: ['vendor-probe:c22018'] })
  const job = await rig.dump({ partition: 'env' })
  expect(job.verdict).toBe('dumped and verified')
  expect(dumpRecordSchema.parse(JSON.parse(await readFile(join(rig.folder, 'dump', 'dump.json'), 'utf8'))).flash).toEqual({ name: 'MX25L128XX', jedecId: 'c22018', lengthBytes: 0x1000000, kind: 'nor' })
})

test('a chip that reads the same everywhere is a warning', async () => {
  const rig = await openDumpRig()
  rig.jobs.listen((_job, event) => { if (event.type === 'phase-started' && event.phase === 'read') rig.pod.camera.cells.fill(0xff) })
  const job = await rig.dump()
  expect(job.verdict).toBe('dumped and verified')
  expect(job.notes).toMatchObject([{ level: 'warning', message: expect.stringContaining('Every 16 bytes of this flash read ff ff') }])
})

test('what stands in the way is in the plan, before anything is touched', async () => {
  const rig = await openDumpRig()
  await rig.dump({ partition: 'env' })
  const touched = rig.pod.camera.commands.length
  const refusals = async (more: Parameters<typeof rig.planDump>[0]): Promise<string> => (await rig.planDump(more)).refusals.map(({ code, message }) => `${code}: ${message}`).join()
  expect(await refusals({})).toMatch(/^input\/conflict: .* is there already/)
  const file = join(rig.folder, 'dump', 'dump.json')
  expect(await refusals({ outputPath: file, form: 'image' })).toMatch(/^input\/conflict/)
  expect(await refusals({ outputPath: join(file, 'deeper') })).toMatch(/^input\/conflict/)
  const outputPath = join(rig.folder, 'free')
  expect(await refusals({ outputPath })).toBe('')
  expect(await refusals({ outputPath, form: 'image', partition: 'rootfs' })).toMatch(/^input\/conflict: One partition alone/)
  expect(await refusals({ outputPath, mtdparts: 'x:nonsense' })).toMatch(/^input\/malformed/)
  expect(await refusals({ outputPath, mtdparts: 'x:64k(a)', partition: 'b' })).toMatch(/^input\/not-found/)
  expect(await refusals({ outputPath, deviceIp: '1.2.3' })).toMatch(/^input\/malformed/)
  expect(rig.pod.camera.commands).toHaveLength(touched)
})
