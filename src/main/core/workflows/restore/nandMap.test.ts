import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PlannedPartition } from '../../../../shared/restore/restore.schema.ts'
import type { UbootSession } from '../../uboot/ubootSession.ts'
import { type NandFacts, placeInPartition, spanOf } from './nandMap.ts'
import { checkRam } from './ramRoom.ts'

const block = 0x20000
const geometry = { blockBytes: block, pageBytes: 2048, flashBytes: 0 }
const facts = (bad: readonly number[], table?: NandFacts['table']): NandFacts => ({ geometry, bad: new Set(bad.map((each) => each * block)), table })
const partition = { name: 'data', offsetBytes: 16 * block, lengthBytes: 8 * block }
const raw = (lengthBytes: number, withinBytes = 0, endsPartition = true): PlannedPartition => ({
  name: 'mtd2', source: 'mtd2', offsetBytes: partition.offsetBytes, lengthBytes, eraseBytes: partition.lengthBytes, crc32: '00000000', isBoot: false, load: 0, loadOffsetBytes: 0,
  medium: { kind: 'nand', partition, withinBytes, endsPartition },
})

test('without bad blocks a part lies where it was planned, and the rest of its partition is erased', () => {
  expect(placeInPartition(raw(3 * block), facts([]))).toEqual({ erase: { offsetBytes: 16 * block, lengthBytes: 8 * block }, badBlocks: 0 })
})

test('a later piece begins behind the bad blocks of the ones before', () => {
  expect(placeInPartition(raw(2 * block, 2 * block, false), facts([17, 19])).erase).toEqual({ offsetBytes: 20 * block, lengthBytes: 2 * block })
  expect(placeInPartition(raw(2 * block, 0, false), facts([17, 19])).erase).toEqual({ offsetBytes: 16 * block, lengthBytes: 3 * block })
})

test('it never leaves its partition', () => {
  expect(() => placeInPartition(raw(8 * block), facts([20]))).toThrow(/needs 8 good blocks and data has 7/)
  fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 10, max: 30 })), fc.integer({ min: 1, max: 8 * block }), fc.integer({ min: 0, max: 7 }), (bad, length, within) => {
    let erase
    try { ({ erase } = placeInPartition(raw(length, within * block, false), facts(bad))) } catch { return }
    expect(erase.offsetBytes).toBeGreaterThanOrEqual(16 * block)
    expect(erase.offsetBytes + erase.lengthBytes).toBeLessThanOrEqual(24 * block)
    const good = Array.from({ length: erase.lengthBytes / block }, (_, index) => erase.offsetBytes / block + index).filter((each) => !bad.includes(each))
    expect(good.length * block).toBeGreaterThanOrEqual(length)
  }))
})

test('UBI needs blocks of its own, and blocks of the size it was made for', () => {
  const ubi = (lengthBytes: number, sizeBytes?: number, blockBytes = block): PlannedPartition => ({
    ...raw(lengthBytes), medium: { kind: 'ubi', partition, volume: { name: 'a', type: 'dynamic', ...(sizeBytes === undefined ? {} : { sizeBytes }) }, lebBytes: 126_976, blockBytes },
  })
  expect(placeInPartition(ubi(4 * 126_976), facts([])).erase.lengthBytes).toBe(8 * block)
  expect(() => placeInPartition(ubi(4 * 126_976 + 1), facts([]))).toThrow(/good blocks/)
  expect(() => placeInPartition(ubi(1, 5 * 126_976), facts([]))).toThrow(/good blocks/)
  expect(() => placeInPartition(ubi(4 * 126_976), facts([18]))).toThrow(/good blocks/)
  expect(() => placeInPartition(ubi(1, undefined, 2 * block), facts([]))).toThrow(expect.objectContaining({ code: 'device/wrong-identity' }))
})

test('UBI has to make the logical blocks that the image was made for, and U-Boot to say so', () => {
  const ubi = (lebBytes: number): PlannedPartition => ({ ...raw(1000), medium: { kind: 'ubi', partition, volume: { name: 'a', type: 'dynamic' }, lebBytes, blockBytes: block } })
  const on = (subPageBytes?: number, pageBytes = 2048): NandFacts => ({ ...facts([]), geometry: { ...geometry, pageBytes, ...(subPageBytes === undefined ? {} : { subPageBytes }) } })
  // A page for each header is told to U-Boot, whatever its NAND could do.
  for (const subPage of [undefined, 512, 2048]) expect(placeInPartition(ubi(126_976), on(subPage)).badBlocks).toBe(0)
  expect(placeInPartition(ubi(129_024), on(512)).badBlocks).toBe(0)
  expect(() => placeInPartition(ubi(129_024), on(2048))).toThrow('UBI has blocks of 126976 bytes on this NAND; mtd2 was made for 129024; nothing was erased')
  expect(() => placeInPartition(ubi(129_024), on())).toThrow('mtd2 was made for UBI blocks of 129024 bytes, and this U-Boot does not tell whether its NAND has them; nothing was erased')
  expect(() => placeInPartition(ubi(126_976), on(4096, 4096))).toThrow(/has blocks of 122880 bytes on this NAND/)
  expect(placeInPartition(ubi(126_976), on(1024, 4096)).badBlocks).toBe(0)
})

test('what U-Boot sees has to be what was planned', () => {
  const row = { name: 'data', offsetBytes: 16 * block, lengthBytes: 8 * block }
  expect(spanOf(partition, facts([], [row]))).toEqual({ offsetBytes: row.offsetBytes, lengthBytes: row.lengthBytes })
  expect(() => spanOf(partition, facts([], [{ ...row, offsetBytes: 0 }]))).toThrow(expect.objectContaining({ code: 'device/wrong-identity' }))
  expect(() => spanOf(partition, facts([], [{ ...row, lengthBytes: 7 * block }]))).toThrow(/planned is/)
  expect(() => spanOf(partition, facts([], [{ ...row, name: 'other' }]))).toThrow(/not at all/)
  expect(spanOf({ name: 'data', offsetBytes: 16 * block }, facts([], [row])).lengthBytes).toBe(8 * block)
  expect(() => spanOf({ name: 'data', offsetBytes: 16 * block }, facts([]))).toThrow(/where data ends/)
  expect(() => spanOf({ ...partition, offsetBytes: 100 }, facts([]))).toThrow(/erase block of this NAND/)
})

test('large volumes are loaded only where U-Boot says that there is room', async () => {
  const session = (text: string): UbootSession => ({ run: async () => text })
  const plan = (lengthBytes: number): Parameters<typeof checkRam>[1] => ({ partitions: [raw(lengthBytes)], proofAddress: 0x42000000 + lengthBytes })
  const signal = new AbortController().signal
  const MiB = 1024 * 1024
  await checkRam(session('nothing'), plan(8 * MiB), signal)
  await expect(checkRam(session('nothing'), plan(9 * MiB), signal)).rejects.toMatchObject({ code: 'input/too-large' })
  await checkRam(session('relocaddr   = 0x47F2B000'), plan(16 * MiB), signal)
  await expect(checkRam(session('relocaddr   = 0x43F2B000'), plan(16 * MiB), signal)).rejects.toThrow(/RAM is too small/)
  await expect(checkRam(session('relocaddr = 0x47F2B000\nmalloc base = 0x43000000'), plan(16 * MiB), signal)).rejects.toThrow(/RAM is too small/)
})
