import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createVirtualClock } from '../../../../../test/support/virtualClock.ts'
import { crc32 } from '../../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { JobNews } from '../../../../shared/jobs/jobEvent.ts'
import { CleanupStack } from '../../../../shared/lifecycle/cleanup.ts'
import type { SectorFinding } from '../../../protocols/agent/frame.ts'
import type { FlashHealth } from '../../agent/flashDoctor.ts'
import type { DumpOutput } from '../dump/dumpBench.ts'
import { saveReadable } from './saveReadable.ts'

const sectorBytes = 16
const flash = Uint8Array.from({ length: 16 * sectorBytes }, (_, index) => (index * 7 + 1) & 0xff)
const healthOf = (findings: readonly SectorFinding[]): FlashHealth => ({ sectorBytes, method: 'scan', sectors: findings.map((finding, index) => ({ index, offsetBytes: index * sectorBytes, status: 'good', finding, crc32: 0 })) })
const allGood = (count: number): SectorFinding[] => Array.from({ length: count }, () => 'good')

/** `broken`: sectors that give other bytes each time, whatever the look at them said. */
function rig({ broken = [], keeps = (bytes: Uint8Array) => bytes, error = new WorkbenchError('device/wrong-content', 'other bytes') }: { readonly broken?: readonly number[]; readonly keeps?: (bytes: Uint8Array) => Uint8Array; readonly error?: WorkbenchError } = {}) {
  const asked: string[] = []
  const told: JobNews[] = []
  const disk = new Uint8Array(flash.length)
  let published: number | undefined
  const output: DumpOutput = {
    freeBytes: async () => Promise.resolve(1e9), pathOf: () => '/rescued.bin', close: async () => Promise.resolve(),
    file: async () => Promise.resolve({
      read: async (at, lengthBytes) => Promise.resolve(disk.slice(at, at + lengthBytes)),
      write: async (at, bytes) => { disk.set(keeps(bytes), at); return Promise.resolve() },
    }),
    publish: async ([file]) => { published = file?.lengthBytes; return Promise.resolve() },
  }
  const client = {
    readFlash: async (offsetBytes: number, lengthBytes: number) => {
      asked.push(`${String(offsetBytes / sectorBytes)}+${String(lengthBytes / sectorBytes)}`)
      if (broken.some((sector) => sector * sectorBytes >= offsetBytes && sector * sectorBytes < offsetBytes + lengthBytes)) throw error
      const bytes = flash.slice(offsetBytes, offsetBytes + lengthBytes)
      return Promise.resolve({ bytes, crc32: crc32(bytes) })
    },
  }
  const save = async (health: FlashHealth): Promise<void> => saveReadable(
    { openOutput: async () => Promise.resolve(output), hashHex: (algorithm, bytes) => createHash(algorithm).update(bytes).digest('hex') },
    { signal: new AbortController().signal, tell: (news) => { told.push(news) }, cleanup: new CleanupStack(), clock: createVirtualClock() }, { client }, health, '/rescued.bin')
  const warning = (): string | undefined => told.find((news) => news.type === 'noted')?.message
  return { asked, told, disk, save, warning, published: () => published }
}

test('a flash that gives everything is one run, and no warning', async () => {
  const { asked, disk, save, warning, published } = rig()
  await save(healthOf(allGood(16)))
  expect(asked).toEqual(['0+16'])
  expect(disk).toEqual(flash)
  expect([warning(), published()]).toEqual([undefined, flash.length])
})

test('erased sectors are not asked for, unstable ones alone and three times, and what gave nothing is named', async () => {
  const { asked, disk, save, warning } = rig({ broken: [3] })
  await save(healthOf(['good', 'all-zero', 'empty', 'unstable', 'good', 'read-error', 'bad-block', 'one-value', ...allGood(8)]))
  expect(asked).toEqual(['0+2', '3+1', '3+1', '3+1', '4+1', '7+9'])
  expect([...disk.subarray(2 * sectorBytes, 4 * sectorBytes)].every((byte) => byte === 0xff)).toBe(true)
  expect(disk.subarray(4 * sectorBytes, 5 * sectorBytes)).toEqual(flash.subarray(4 * sectorBytes, 5 * sectorBytes))
  expect(warning()).toContain('3 sectors could not be read for certain and are ff there (0x00000030, 0x00000050, 0x00000060)')
})

test('a sector that looked good and is not costs only itself', async () => {
  const { asked, disk, save, warning, told } = rig({ broken: [5] })
  await save(healthOf(allGood(16)))
  const expected = flash.slice()
  expected.fill(0xff, 5 * sectorBytes, 6 * sectorBytes)
  expect(disk).toEqual(expected)
  expect(asked).toEqual(['0+16', '0+8', '0+4', '4+4', '4+2', '4+1', '5+1', '5+1', '5+1', '6+2', '8+8'])
  expect(warning()).toContain('one sector could not be read for certain and is ff there (0x00000050)')
  expect(told.filter(({ type }) => type === 'range-dumped')).toHaveLength(4)
})

test('a line that fails is the end, and nothing gets its name', async () => {
  const { save, published } = rig({ broken: [5], error: new WorkbenchError('link/closed', 'gone') })
  await expect(save(healthOf(allGood(16)))).rejects.toMatchObject({ code: 'link/closed' })
  expect(published()).toBeUndefined()
})

test('a disk that keeps other bytes is found before the file gets its name', async () => {
  const { save, published, told } = rig({ keeps: (bytes) => bytes.map((byte, index) => (index === 7 && byte !== 0xff ? byte ^ 1 : byte)) })
  await expect(save(healthOf(allGood(16)))).rejects.toMatchObject({ code: 'host/io' })
  expect(published()).toBeUndefined()
  expect(told.some(({ type }) => type === 'range-dumped')).toBe(false)
})
