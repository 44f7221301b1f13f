import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRestoreInput } from '../../src/main/drivers/files/inputFolder.ts'
import { decodeEnvironment, defaultEnvironment, encodeEnvironment, environmentBytes } from '../../src/main/sim/environment.ts'
import { nandBlockBytes as block, nandBytes, nandPageBytes } from '../../src/main/sim/nandFlash.ts'
import { attachUbi } from '../../src/main/sim/nandUbi.ts'
import { denseBytes } from '../../src/main/sim/timing.ts'
import { type DumpRecord, dumpRecordSchema } from '../../src/shared/dump/dumpRecord.schema.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { type DumpRig, type DumpRigOptions, openDumpRig, sha256 } from '../support/dumpRig.ts'
import { at, boot, kernel, mtdparts, nandOf, rootfs, settings } from '../support/nandLayout.ts'
import { buildUbiImage } from '../support/ubiBuilder.ts'

const { signal } = new AbortController()
const kib = 1024
const used = mtdparts.replace(',-(rest)', '')
const small = 'hinand:1024k(boot),256k@1024k(env),256k@2048k(kernel)'
const ubi = buildUbiImage([{ id: 0, name: 'rootfs', kind: 'dynamic', data: rootfs, reservedBlocks: 30 }, { id: 1, name: 'settings', kind: 'static', data: settings, reservedBlocks: 4 }], { eraseBytes: block })

type Nand = NonNullable<DumpRig['pod']['camera']['nand']>
const openNand = async (options: DumpRigOptions = {}): Promise<DumpRig> => openDumpRig({ secondFlash: 'nand', ...options })

/** Into the good blocks from a place on, which is what writers of a NAND do. */
function fill(nand: Nand, offset: number, bytes: Uint8Array): void {
  for (let done = 0, place = offset; done < bytes.length; place += block) {
    if (nand.isBad(place)) continue
    for (let page = 0; page < block && done + page < bytes.length; page += nandPageBytes) {
      const whole = new Uint8Array(nandPageBytes).fill(0xff)
      whole.set(bytes.subarray(done + page, done + page + nandPageBytes))
      nand.program(place + page, whole)
    }
    done += block
  }
}
function goodBytes(nand: Nand, offset: number, length: number): Buffer {
  const pieces: Uint8Array[] = []
  for (let place = offset; place < offset + length; place += block) if (!nand.isBad(place)) pieces.push(nand.read(place, block))
  return Buffer.concat(pieces)
}
function fillCamera(rig: DumpRig): void {
  const nand = nandOf(rig)
  fill(nand, at.boot, boot)
  fill(nand, at.kernel, kernel)
  fill(nand, at.ubi, ubi)
  // Behind the first stretch that is read.
  fill(nand, at.data, denseBytes(700_000, 5))
}
const wipe = (nand: Nand): void => { for (let place = 0; place < nandBytes; place += block) nand.erase(place) }
const recordIn = async (folder: string): Promise<DumpRecord> => dumpRecordSchema.parse(JSON.parse(await readFile(join(folder, 'dump.json'), 'utf8')))
const notesOf = (job: Job): string => job.notes.map(({ message }) => message).join('\n')

async function expectNothing(rig: DumpRig, job: Job): Promise<void> {
  expect(job.state).toBe('failed')
  expect(job.dumped).toEqual([])
  expect(await readdir(rig.folder)).toEqual([])
  expect(rig.pod.camera.flashTouched).toBe(false)
}

test('folder: each partition without its bad blocks, and dump.json says which they are', async () => {
  const rig = await openNand({ faults: ['nand-bad-block:1,17,49,60,300'] })
  fillCamera(rig)
  const nand = nandOf(rig)
  fill(nand, 299 * block, denseBytes(3 * block, 6))
  const job = await rig.dump({ flashType: 'nand', mtdparts: `${used},16384k(rest)` })
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('dumped and verified')
  const bad = [1, 17, 49, 60, 300].map((index) => index * block)
  const lengths = [['boot', at.boot, 1024], ['env', at.env, 1024], ['kernel', at.kernel, 4096], ['ubi', at.ubi, 16384], ['data', at.data, 1024], ['rest', 184 * block, 16_384]] as const
  expect(job.dumped.map(({ name, offsetBytes, lengthBytes }) => [name, offsetBytes, lengthBytes])).toEqual(lengths.map(([name, offset, length]) =>
    [name, offset, length * kib - block * bad.filter((each) => each >= offset && each < offset + length * kib).length]))
  for (const [index, [, offset, length]] of lengths.entries()) {
    const expected = goodBytes(nand, offset, length * kib)
    expect((await readFile(join(rig.folder, 'dump', `mtd${index}`))).equals(expected)).toBe(true)
    expect(job.dumped[index]?.sha256).toBe(sha256(expected))
  }
  const record = await recordIn(join(rig.folder, 'dump'))
  expect(record.flash).toEqual({ name: 'NAND', lengthBytes: nandBytes, kind: 'nand', pageBytes: nandPageBytes, blockBytes: block, badBlocks: bad })
  expect(record.parts.map(({ badBlocks }) => badBlocks)).toEqual([[block], [], [17 * block], [49 * block, 60 * block], [], [300 * block]])
  expect(notesOf(job)).toContain('ubi has 2 bad blocks, at 0x620000, 0x780000: its file is that much shorter')
  expect(rig.pod.camera.flashTouched).toBe(false)
  expect(rig.pod.camera.commands.filter((line) => /^(?:nand (?:write|erase|markbad)|sf (?:write|erase)|saveenv|ubi)/.test(line))).toEqual([])
})

test('what was dumped of a wiped NAND is restored without a question, and the camera boots from the same', async () => {
  const rig = await openNand({ faults: ['nand-bad-block:1,17,49,60'] })
  fillCamera(rig)
  const nand = nandOf(rig)
  const [bootBefore, kernelBefore] = [goodBytes(nand, at.boot, 1024 * kib), goodBytes(nand, at.kernel, 4096 * kib)]
  expect((await rig.dump({ flashType: 'nand', mtdparts: used })).verdict).toBe('dumped and verified')
  wipe(nand)
  // Other blocks are bad now than when it was dumped.
  nand.markBad(3 * block)
  nand.markBad(50 * block)
  const job = await rig.restore({ raw: await readRestoreInput(join(rig.folder, 'dump'), { signal }), request: { flashType: 'auto', tftpVia: 'pod' } })
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('restored and booted')
  expect(job.plan).toMatchObject({ flash: { kind: 'nand', isAssumed: false } })
  expect(goodBytes(nand, at.boot, 1024 * kib).equals(bootBefore.subarray(0, 6 * block))).toBe(true)
  expect(goodBytes(nand, at.kernel, 4096 * kib).equals(kernelBefore)).toBe(true)
  const volumes = attachUbi(nand, 'ubi', { offsetBytes: at.ubi, lengthBytes: 16384 * kib })
  for (const [name, bytes] of [['rootfs', rootfs], ['settings', settings]] as const) {
    const entry = volumes?.volumes().find((each) => each.name === name)
    expect(entry && Buffer.compare(volumes?.read(entry, bytes.length) ?? new Uint8Array(), bytes)).toBe(0)
  }
})

test('the kind is in dump.json, so that a table with any driver\'s name restores to NAND', async () => {
  const rig = await openNand({ faults: ['nand-bad-block:17'] })
  fillCamera(rig)
  await rig.dump({ flashType: 'nand', mtdparts: mtdparts.replace('hinand', 'flash0'), partition: 'kernel' })
  const { plan } = await rig.prepare({ raw: await readRestoreInput(join(rig.folder, 'dump'), { signal }), request: { tftpVia: 'pod' } })
  expect(plan).toMatchObject({ refusals: [], flash: { kind: 'nand', reason: 'dump.json says that it was read from NAND' }, partitions: [{ name: 'mtd2', offsetBytes: at.kernel }] })
})

test('auto: refused beside a NOR with the flag that says which; the NAND alone is found', async () => {
  const both = await openNand()
  const refused = await both.dump({ mtdparts: small })
  expect(refused).toMatchObject({ error: { code: 'input/conflict', hint: expect.stringContaining('--flash-type nor or --flash-type nand') as string } })
  await expectNothing(both, refused)
  const alone = await openNand({ faults: ['command-error:sf-probe'] })
  fillCamera(alone)
  const job = await alone.dump({ mtdparts: small })
  expect(job.verdict).toBe('dumped and verified')
  expect((await recordIn(join(alone.folder, 'dump'))).flash).toMatchObject({ kind: 'nand', badBlocks: [] })
})

test('an empty answer is no NAND: with auto the NOR beside it is dumped', async () => {
  const rig = await openNand({ faults: ['command-silent:nand-info'] })
  expect((await rig.dump({ partition: 'env' })).verdict).toBe('dumped and verified')
  expect((await recordIn(join(rig.folder, 'dump'))).flash).toMatchObject({ kind: 'nor', name: 'W25Q128' })
})

test('NAND on a camera without one is refused with what there is', async () => {
  const rig = await openDumpRig()
  const job = await rig.dump({ flashType: 'nand', mtdparts: small })
  expect(job).toMatchObject({ error: { code: 'device/wrong-identity', context: { planned: 'nand', found: 'nor' } } })
  await expectNothing(rig, job)
})

test('without a table of the NAND its folder is refused: the camera\'s own is that of its NOR', async () => {
  const rig = await openNand()
  const job = await rig.dump({ flashType: 'nand' })
  expect(job).toMatchObject({ error: { code: 'input/conflict', hint: expect.stringContaining('--mtdparts') as string } })
  await expectNothing(rig, job)
  const given = await rig.planDump({ flashType: 'nand', mtdparts: 'hi_sfc:1024k(boot),-(rest)' })
  expect(given.refusals).toMatchObject([{ code: 'input/conflict', message: expect.stringContaining('that of hi_sfc, which is NOR, and the NAND is dumped') as string }])
})

test('one image of a NAND: refused where a block is bad, otherwise the whole chip', async () => {
  const outputPath = 'nand.bin'
  const bad = await openNand({ faults: ['nand-bad-block:300'] })
  const refused = await bad.dump({ flashType: 'nand', form: 'image', outputPath: join(bad.folder, outputPath) })
  expect(refused).toMatchObject({ error: { code: 'input/not-supported', hint: expect.stringContaining('--form folder') as string } })
  await expectNothing(bad, refused)
  const good = await openNand()
  fillCamera(good)
  const job = await good.dump({ flashType: 'nand', form: 'image', mtdparts, outputPath: join(good.folder, outputPath) })
  expect(job.verdict).toBe('dumped and verified')
  expect((await readFile(join(good.folder, outputPath))).equals(goodBytes(nandOf(good), 0, nandBytes))).toBe(true)
  const { plan } = await good.prepare({ raw: await readRestoreInput(join(good.folder, outputPath), { signal }), request: { tftpVia: 'pod' } })
  expect(plan).toMatchObject({ refusals: [], flash: { kind: 'nand', reason: 'nand.bin.dump.json says that it was read from NAND' }, mtd: { parts: `mtdparts=${mtdparts}` } })
})

test.each(['nand', 'emmc'] as const)('an ipctool backup of %s is refused in the plan, and so is the flash agent', async (flashType) => {
  const rig = await openNand()
  expect((await rig.planDump({ flashType, form: 'ipctool' })).refusals[0]).toMatchObject({ code: 'input/not-supported', hint: expect.stringContaining('--form folder') as string })
  expect((await rig.planDump({ flashType, via: 'agent' })).refusals[0]).toMatchObject({ code: 'input/not-supported', message: 'The flash agent reads NOR only' })
})

test('with auto the backup is refused once the NAND is found', async () => {
  const rig = await openNand({ faults: ['command-error:sf-probe'] })
  const job = await rig.dump({ form: 'ipctool', mtdparts: small })
  expect(job).toMatchObject({ error: { code: 'input/not-supported' } })
  await expectNothing(rig, job)
})

for (const via of ['tftp', 'md'] as const) {
  test(`read-back-stale, by ${via}: a nand read that copies nothing gives no dump of the pattern`, async () => {
    const rig = await openNand({ faults: ['read-back-stale'] })
    const job = await rig.dump({ flashType: 'nand', mtdparts: small, partition: 'kernel', via })
    expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-content' } })
    expect(rig.pod.camera.flashTouched).toBe(false)
  })
}

test('a block that goes bad while the NAND is read: the end of the read would be the next partition\'s', async () => {
  const rig = await openNand()
  fillCamera(rig)
  rig.jobs.listen((_job, event) => { if (event.type === 'phase-started' && event.phase === 'read') nandOf(rig).markBad(18 * block) })
  const job = await rig.dump({ flashType: 'nand', mtdparts, partition: 'kernel' })
  expect(job).toMatchObject({ error: { code: 'link/garbled', context: { expected: 0, skipped: 1 } } })
  await expectNothing(rig, job)
})

test('a table that does not follow the erase blocks is refused', async () => {
  const rig = await openNand()
  const job = await rig.dump({ flashType: 'nand', mtdparts: 'hinand:64k(boot),-(rest)' })
  expect(job).toMatchObject({ error: { code: 'device/wrong-identity' } })
  await expectNothing(rig, job)
})

test('by md, cut off and gone on: a bad block in the middle, and only what is missing is printed', async () => {
  const rig = await openNand({ faults: ['nand-bad-block:17'] })
  fillCamera(rig)
  const request = { flashType: 'nand', mtdparts: 'hinand:384k@2048k(kernel)', via: 'md' } as const
  const id = await rig.startDump(request)
  const stop = rig.jobs.listen((_job, event) => { if (event.type === 'phase-progressed' && event.doneBytes > 0x28000) rig.jobs.cancel(id) })
  expect((await rig.finish(id)).state).toBe('cancelled')
  stop()
  expect((await readdir(rig.folder)).every((name) => name.endsWith('.rackbench-partial'))).toBe(true)
  const job = await rig.dump(request)
  expect(job.verdict).toBe('dumped and verified')
  const note = /(\d+) KiB printed, (\d+) KiB known/.exec(job.phases.find(({ name }) => name === 'read')?.note ?? '')
  expect(Number(note?.[1])).toBeLessThan(128)
  expect(Number(note?.[1]) + Number(note?.[2])).toBe(256)
  expect((await readFile(join(rig.folder, 'dump', 'mtd0'))).equals(goodBytes(nandOf(rig), at.kernel, 384 * kib))).toBe(true)
})

test('the table is asked of the camera, and kept in dump.json', async () => {
  const rig = await openNand({ faults: ['environment-in-nand', 'nand-bad-block:17', 'command-error:sf-probe'] })
  fillCamera(rig)
  const nand = nandOf(rig)
  const environment = defaultEnvironment('hi3516ev300', 16).set('mtdparts', mtdparts)
  fill(nand, at.env, encodeEnvironment(environment) ?? new Uint8Array())
  const job = await rig.dump({ partition: 'kernel' })
  expect(job.error).toBeUndefined()
  const record = await recordIn(join(rig.folder, 'dump'))
  expect(record).toMatchObject({ layoutFrom: 'mtdparts', mtdparts, flash: { kind: 'nand' }, parts: [{ file: 'mtd2', name: 'kernel', badBlocks: [17 * block] }] })
  // What was set in its RAM to learn the size is not kept.
  expect(decodeEnvironment(nand.read(at.env, environmentBytes))?.get('mtdids')).toBeUndefined()
  expect(rig.pod.camera.flashTouched).toBe(false)
})

for (const [via, drop] of [['md', 2500], ['md', 4000], ['tftp', 1900]] as const) {
  test(`bridge-drop after ${drop} bytes, by ${via}: the line is opened again and the dump of NAND is true`, async () => {
    const rig = await openNand({ faults: [`bridge-drop:${drop}`, 'nand-bad-block:17'] })
    fillCamera(rig)
    const job = await rig.dump({ flashType: 'nand', mtdparts: 'hinand:384k@2048k(kernel),-(rest)', partition: 'kernel', via })
    expect(job.verdict).toBe('dumped and verified')
    expect(notesOf(job)).toContain('connected again')
    expect((await readFile(join(rig.folder, 'dump', 'mtd0'))).equals(goodBytes(nandOf(rig), at.kernel, 384 * kib))).toBe(true)
  })
}

test('console-garbage: a line about a bad block that is lost or altered is asked for again', async () => {
  const rig = await openNand({ faults: ['console-garbage:3000', 'nand-bad-block:17'] })
  fillCamera(rig)
  const job = await rig.dump({ flashType: 'nand', mtdparts: 'hinand:384k@2048k(kernel),-(rest)', partition: 'kernel', via: 'md' })
  expect(job.verdict).toBe('dumped and verified')
  expect((await readFile(join(rig.folder, 'dump', 'mtd0'))).equals(goodBytes(nandOf(rig), at.kernel, 384 * kib))).toBe(true)
})
