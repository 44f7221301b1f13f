import { expect, test } from 'vitest'
import { dumpForecast } from '../dump/dumpForecast.ts'
import { forecast } from './forecast.ts'
import type { PlacedPart } from './layout.ts'

const KiB = 1024
const partition = { name: 'ubi', offsetBytes: 0, lengthBytes: 64 * 1024 * KiB }
const part = (kib: number, medium?: PlacedPart['medium'], eraseKib = kib): PlacedPart =>
  ({ name: 'p', source: 'p', offsetBytes: 0, bytes: new Uint8Array(kib * KiB), eraseBytes: eraseKib * KiB, isBoot: false, ...(medium ? { medium } : {}) })
const raw = { kind: 'nand', partition, withinBytes: 0, endsPartition: true } as const
const ubi = { kind: 'ubi', partition, volume: { name: 'a', type: 'dynamic' }, lebBytes: 126_976, blockBytes: 0x20000 } as const
const phases = (...parts: readonly PlacedPart[]): ReadonlyMap<string, number> =>
  new Map(forecast([{ name: 'l', parts, lengthBytes: parts.reduce((sum, { bytes }) => sum + bytes.length, 0) }], 'manual', 0, 'host').phases.map(({ name, forecastMs }) => [name, forecastMs]))
/** Erasing, writing and proving. */
const write = (each: PlacedPart): number => phases(each).get('write:p') ?? 0

test('NAND takes the times of a NAND: within a third of a run that was seen, its fetches taken off', () => {
  const seen = [[4096, raw, 4096, 4.5], [60512, ubi, 65536, 34.1], [5084, ubi, 8192, 11.0], [12896, ubi, 16384, 11.1], [15872, ubi, 19456, 11.2]] as const
  // Each of these had a link set-up of about three seconds before it, and a fetch of 0.09 ms/KiB.
  for (const [kib, medium, eraseKib, seconds] of seen) {
    const provingMs = (kib * KiB) / (medium.kind === 'ubi' ? 2_600 : 4_200)
    const expected = 3_000 + kib * 0.09 + write(part(kib, medium, eraseKib)) - provingMs
    expect(Math.abs(expected - seconds * 1000)).toBeLessThan((seconds * 1000) / 3)
  }
})

test('the kinds differ as they do on the bench: NOR slowest, then UBI, NAND, eMMC', () => {
  const [nor, ubiMs, nand, emmc] = [part(4096), part(4096, ubi), part(4096, raw), part(4096, { kind: 'emmc' })].map(write)
  expect(nand).toBeLessThan(nor ?? 0)
  expect(emmc).toBeLessThan(nand ?? 0)
  expect(nand).toBeLessThan(ubiMs ?? 0)
  expect(nor).toBe(Math.round(64 * 30 + 4096 + (4096 * KiB) / 6000 + 720))
})

test('UBI is not compared before, and erased once for all of its volumes', () => {
  expect(phases(part(4096, ubi)).get('compare')).toBe(0)
  const two = forecast([{ name: 'l', parts: [part(100, ubi, 65536), part(100, ubi, 65536)], lengthBytes: 0 }], 'manual', 0, 'host').phases.filter(({ name }) => name === 'write:p')
  expect((two[0]?.forecastMs ?? 0) - (two[1]?.forecastMs ?? 0)).toBeGreaterThan(1000)
})

test('what has to be erased behind a part is read, too', () => {
  expect(phases(part(128, { ...raw, erasedBehind: true }, 65536)).get('compare')).toBeGreaterThan(15_000)
  expect(phases(part(128, raw, 65536)).get('compare')).toBeLessThan(1000)
})

test('where the camera\'s own U-Boot is stopped nothing is said to be loaded', () => {
  const titles = (['manual', 'pod', 'boot-rom'] as const).map((method) => forecast([], method, 0, 'host').phases.find(({ name }) => name === 'u-boot')?.title)
  expect(titles).toEqual(['Stop its own U-Boot', 'U-Boot to RAM', 'U-Boot to RAM'])
  expect(dumpForecast({ way: 'md', flashBytes: 1024, method: 'manual', blobBytes: 0 }).phases.map(({ title }) => title)).toContain('Stop its own U-Boot')
})
