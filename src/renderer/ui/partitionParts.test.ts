import { expect, test } from 'vitest'
import { fixturePlan } from '../../../test/support/fixtureJobs.ts'
import { cameraIdSchema } from '../../shared/devices/ids.ts'
import { partsOf } from './partitionParts.ts'

const plan = fixturePlan({ cameraId: cameraIdSchema.parse('cam-02'), inputPath: '/nand/dump.bin', boot: 'auto', flashType: 'auto', tftpVia: 'auto', force: false })
const proved = (name: string): { name: string; offsetBytes: number; lengthBytes: number; crc32: string; state: 'proved'; writes: number } =>
  ({ name, offsetBytes: 0, lengthBytes: 1, crc32: '00000000', state: 'proved', writes: 1 })

test('volumes of one UBI are one place on the map, in its order and once', () => {
  expect(partsOf(plan).map(({ name, kind }) => [name, kind])).toEqual([['mtd0', 'planned'], ['mtd1', 'planned'], ['mtd2', 'planned'], ['ubi', 'planned']])
})
test('the place of several volumes is proved when all of them are', () => {
  const last = (...names: readonly string[]): string | undefined => partsOf(plan, names.map(proved)).at(-1)?.kind
  expect(last('mtd3:rootfs')).toBe('planned')
  expect(last('mtd3:data')).toBe('planned')
  expect(last('mtd3:rootfs', 'mtd3:data')).toBe('good')
})
