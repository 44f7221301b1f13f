import type { PlannedMedium, PlannedPartition, RestorePlan, RestoreRequest } from '../../src/shared/restore/restore.schema.ts'

const MiB = 1024 * 1024
const blockBytes = 0x20000
const lebBytes = 126_976
type Place = Extract<PlannedMedium, { kind: 'nand' }>['partition']

const place = (name: string, offsetMiB: number, lengthMiB: number): Place => ({ name, offsetBytes: offsetMiB * MiB, lengthBytes: lengthMiB * MiB })
const part = (name: string, { offsetBytes, lengthBytes = 0 }: Place, bytes: number, crc32: string, medium: PlannedMedium): PlannedPartition =>
  ({ name, source: 'dump.bin', offsetBytes, lengthBytes: bytes, eraseBytes: lengthBytes, crc32, isBoot: offsetBytes === 0, load: 0, loadOffsetBytes: 0, medium })
const raw = (partition: Place): PlannedMedium => ({ kind: 'nand', partition, withinBytes: 0, endsPartition: true })
const volume = (partition: Place, name: string, blocks?: number): PlannedMedium =>
  ({ kind: 'ubi', partition, volume: { name, type: 'dynamic', ...(blocks === undefined ? {} : { sizeBytes: blocks * lebBytes }) }, lebBytes, blockBytes })

const [boot, env, kernel, ubi] = [place('boot', 0, 1), place('env', 1, 1), place('kernel', 2, 8), place('ubi', 10, 118)]

/** A whole NAND, as one file: raw partitions, and one of UBI with two volumes. */
export const fixtureNandPlan = (nor: RestorePlan, request: RestoreRequest): RestorePlan => ({
  ...nor, request, flashBytes: 0, flash: { kind: 'nand', reason: 'dump.bin holds UBI', isAssumed: false },
  input: { ...nor.input, kind: 'image', path: request.inputPath, totalBytes: 128 * MiB },
  mtd: { ids: 'nand0=hinand', parts: 'mtdparts=hinand:1024k(boot),1024k(env),8192k(kernel),-(ubi)' },
  partitions: [
    part('mtd2', kernel, 3_145_728, 'bf160c6a', raw(kernel)), part('mtd1', env, 131_072, 'b3f102ce', raw(env)),
    part('mtd3:rootfs', ubi, 90 * lebBytes, '7d598d15', volume(ubi, 'rootfs', 120)), part('mtd3:data', ubi, 12 * lebBytes, '5a1c09ff', volume(ubi, 'data')),
    part('mtd0', boot, 393_216, 'fa8b2667', raw(boot)),
  ],
  loads: [{ name: 'rb-9f2c41-0', lengthBytes: 3_145_728 }, { name: 'rb-9f2c41-1', lengthBytes: 90 * lebBytes }],
  warnings: ['UBI volumes are always written anew: their partition is erased first, and comparing would already change it'],
})
