import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { expect, test } from 'vitest'
import { buildSquashfsSuperblock, buildUbifsSuperblock } from '../../../../../test/support/ubiBuilder.ts'
import { ipctoolDescriptionSchema } from '../../../../shared/restore/ipctool.schema.ts'
import { partsOfBackup } from './backupParts.ts'
import { placeOn } from './mediumLayout.ts'
import type { RestoreInput } from './rawInput.ts'

const hashHex = (algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex')
const tools = { hashHex, parseYaml: (): unknown => undefined }
const sha1 = (bytes: Uint8Array): string => hashHex('sha1', bytes).slice(0, 8)
const MiB = 1024 * 1024
const lebBytes = 126_976
const ubifs = (lebs: number): Uint8Array => {
  const bytes = new Uint8Array(lebs * lebBytes).fill(7)
  bytes.set(buildUbifsSuperblock(lebBytes, lebs, 100))
  return bytes
}
const boot = new Uint8Array(MiB).fill(1)
const rootfs = ubifs(4)
const data = ubifs(2)

interface Partition { readonly name: string; readonly size: string; readonly sha1?: string; readonly dump_type?: string; readonly ubi_volumes?: readonly object[] }
const volume = (id: number, name: string, bytes: Uint8Array, size = bytes.length): object => ({ vol_id: id, vol_name: name, data_bytes: `0x${size.toString(16)}`, sha1: sha1(bytes) })
const raw = (name: string, bytes: Uint8Array): Partition => ({ name, size: `0x${bytes.length.toString(16)}`, sha1: sha1(bytes) })
const ubi = (name: string, ...volumes: readonly object[]): Partition => ({ name, size: `0x${(32 * MiB).toString(16)}`, dump_type: 'ubifs', ubi_volumes: volumes })
const read = (partitions: readonly Partition[], ...blocks: readonly Uint8Array[]): RestoreInput => {
  const [rom] = ipctoolDescriptionSchema.parse({ rom: [{ type: 'nand', partitions }] }).rom
  if (!rom) throw new Error(stringify(partitions))
  return partsOfBackup({ path: '/b', name: 'b', rom, blocks }, tools)
}

test('one block for each volume of UBI, and what follows belongs to the partition behind', () => {
  const input = read([raw('boot', boot), ubi('ubi', volume(0, 'rootfs', rootfs), volume(3, 'data', data)), raw('rest', boot)], boot, rootfs, data, boot)
  expect(input.parts.map(({ name, volume: of }) => [name, of?.name, of?.id])).toEqual([['mtd0', undefined, undefined], ['mtd1', 'rootfs', 0], ['mtd1', 'data', 3], ['mtd2', undefined, undefined]])
  expect(input).toMatchObject({ mtdparts: 'hinand:1024k(boot),32768k(ubi),1024k(rest)', flash: { kind: 'nand' }, warnings: [] })
  const { parts } = placeOn('nand', input, input.mtdparts)
  expect(parts.map(({ name, offsetBytes, medium }) => [name, offsetBytes, medium?.kind === 'ubi' ? medium.volume : undefined])).toEqual([
    ['mtd0', 0, undefined], ['mtd1:rootfs', MiB, { name: 'rootfs', type: 'dynamic', id: 0, sizeBytes: 4 * lebBytes }], ['mtd1:data', MiB, { name: 'data', type: 'dynamic', id: 3, sizeBytes: 2 * lebBytes }], ['mtd2', 33 * MiB, undefined],
  ])
})

test('the only volume gets all the space, and erased blocks at its end are not written', () => {
  const padded = new Uint8Array(10 * lebBytes).fill(0xff)
  padded.set(rootfs)
  const input = read([ubi('ubi', volume(0, 'rootfs', padded))], padded)
  const [part] = placeOn('nand', input, input.mtdparts).parts
  expect(part?.medium).toMatchObject({ kind: 'ubi', volume: { name: 'rootfs', type: 'dynamic' }, lebBytes, blockBytes: 0x20000 })
  expect(part?.bytes.length).toBe(4 * lebBytes)
})

test('a partition that could not be read has no block; that is told, and counts that fit neither way are refused', () => {
  const unread = { name: 'log', size: '0x100000' }
  expect(read([raw('boot', boot), unread, raw('rest', boot)], boot, boot).warnings.join()).toContain('holds nothing of log, which stays as it is')
  expect(read([raw('boot', boot), unread, raw('rest', boot)], boot, boot, boot).warnings.join()).toContain('1 of 3 partitions carry no checksum')
  expect(() => read([raw('boot', boot), unread, raw('rest', boot)], boot)).toThrow(/describes 3 partitions and holds 1/)
})

test('a volume that is damaged, too large, or made for nobody knows which blocks is refused', () => {
  expect(() => read([ubi('ubi', volume(0, 'rootfs', rootfs))], rootfs.map((byte, at) => (at === 9000 ? 8 : byte)))).toThrow(/ubi, rootfs does not match its checksum/)
  expect(() => read([ubi('ubi', volume(0, 'rootfs', rootfs, 1000))], rootfs)).toThrow(/more than its 1000/)
  const squashfs = buildSquashfsSuperblock(96)
  expect(() => read([ubi('ubi', volume(0, 'rootfs', squashfs))], squashfs)).toThrow(/Nobody can tell for which blocks the volume rootfs/)
  expect(read([ubi('ubi', volume(0, 'rootfs', squashfs), volume(1, 'data', data))], squashfs, data).parts[0]?.volume?.lebBytes).toBe(lebBytes)
})

test('volumes that do not fit their partition together are refused', () => {
  const large = volume(0, 'rootfs', rootfs, 128 * lebBytes)
  const input = read([ubi('ubi', large, volume(1, 'data', data, 128 * lebBytes))], rootfs, data)
  expect(() => placeOn('nand', input, input.mtdparts)).toThrow(expect.objectContaining({ code: 'input/too-large' }))
})

test('whatever the order of partitions and volumes, every block keeps its own checksum', () => {
  const partition = fc.oneof(fc.constant('raw' as const), fc.integer({ min: 1, max: 3 }))
  fc.assert(fc.property(fc.array(partition, { minLength: 1, maxLength: 6 }), (kinds) => {
    const blocks: Uint8Array[] = []
    const block = (): Uint8Array => {
      const bytes = ubifs(1)
      bytes[8000] = blocks.push(bytes)
      return bytes
    }
    const described = kinds.map((kind, index) => (kind === 'raw' ? raw(`p${index}`, block()) : ubi(`p${index}`, ...Array.from({ length: kind }, (_, id) => volume(id, `v${id}`, block())))))
    const { parts } = read(described, ...blocks)
    expect(parts.map(({ bytes }) => bytes[8000])).toEqual(blocks.map((_, index) => index + 1))
    expect(parts.map(({ index }) => index)).toEqual(kinds.flatMap((kind, index) => Array.from({ length: kind === 'raw' ? 1 : kind }, () => index)))
  }), { numRuns: 20 })
})
