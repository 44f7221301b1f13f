import { expect, test } from 'vitest'
import { type Boot, bootSchema } from '../../../shared/captures/boots.schema.ts'
import { type BootLine, compareBoots } from './compareBoots.ts'

const told = (begins: Boot['begins'], startMs: number, lines: readonly (readonly [number, string])[]): { boot: Boot; lines: BootLine[] } => ({
  boot: bootSchema.parse({ camera: 'cam-1', session: '20260101-000000-aaaaaa', startOffset: 0, endOffset: 99, startMs, endMs: startMs + 999, firmware: '', begins, isLast: false }),
  lines: lines.map(([ms, text], offset) => ({ atMs: startMs + ms, offset, text })),
})
const rowsOf = (a: ReturnType<typeof told>, b: ReturnType<typeof told>): string[] => compareBoots(a, b).rows.map(({ phase, a: left, b: right, isSame }) => `${phase} ${left?.text ?? '-'} ${isSame ? '=' : '/'} ${right?.text ?? '-'}`)
const good = told({ uboot: 0, kernel: 100 }, 5000, [[0, 'U-Boot 2016.11'], [10, 'DRAM:  64 MiB'], [100, '[    0.000000] Booting Linux on CPU 0'], [200, '[    0.412010] eth0: up 100Mbps'], [300, '[    2.100000] VFS: Mounted root']])

test('numbers and times are no difference, another line is, and what follows stands side by side again', () => {
  const bad = told({ uboot: 0, kernel: 140 }, 90_000, [[0, 'U-Boot 2016.11'], [10, 'DRAM:  128 MiB'], [140, '[    0.000000] Booting Linux on CPU 0'], [220, '[   10.4] mmc0: error -110'], [230, '[    0.5] eth0: up 10Mbps'], [300, '[   12.1] Kernel panic']])
  expect(rowsOf(good, bad)).toEqual([
    'uboot U-Boot 2016.11 = U-Boot 2016.11', 'uboot DRAM:  64 MiB = DRAM:  128 MiB', 'kernel [    0.000000] Booting Linux on CPU 0 = [    0.000000] Booting Linux on CPU 0',
    'kernel - / [   10.4] mmc0: error -110', 'kernel [    0.412010] eth0: up 100Mbps = [    0.5] eth0: up 10Mbps',
    'kernel [    2.100000] VFS: Mounted root / -', 'kernel - / [   12.1] Kernel panic',
  ])
  expect(compareBoots(good, bad).firstDifference).toBe(3)
  expect(compareBoots(good, good)).not.toHaveProperty('firstDifference')
})
test('a phase that only one has stands alone', () => {
  expect(rowsOf(good, told({ uboot: 0 }, 0, [[0, 'U-Boot 2016.11']])).slice(0, 3)).toEqual(['uboot U-Boot 2016.11 = U-Boot 2016.11', 'uboot DRAM:  64 MiB / -', 'kernel [    0.000000] Booting Linux on CPU 0 / -'])
})
test('two boots of thousands of lines of noise end in time', () => {
  const noise = (seed: number) => told({ uboot: 0 }, 0, Array.from({ length: 5_000 }, (_, index) => [index, `${String.fromCharCode(97 + (index * seed) % 26)}-${'xyz'.repeat((index * seed) % 40)}`] as const))
  const { rows, firstDifference } = compareBoots(noise(7), noise(11))
  expect(rows.length).toBeLessThanOrEqual(10_000)
  expect(firstDifference).toBe(1)
})
