import { type Boot, type BootComparison, type BootRef, bootSchema } from '../../src/shared/captures/boots.schema.ts'

const builds = ['Linux version 4.9.37 (builder@openipc) (gcc version 7.5.0) #1 Mon Jan 1 2024', 'Linux version 4.9.37 (builder@openipc) (gcc version 13.2.0) #2 Tue Nov 3 2026']

/** Two cameras and two firmwares; every 17th boot is slow and every 23rd never comes to its login. */
export function fixtureBoots(nowMs: number): Boot[] {
  return Array.from({ length: 180 }, (_, index) => {
    const jitter = (index * 7919) % 240
    const slow = index % 17 === 16 ? 6_000 : 0
    const kernel = 1_150 + jitter / 4
    const init = kernel + (index < 60 ? 2_400 : 3_050) + jitter
    return bootSchema.parse({
      camera: index % 3 === 0 ? 'cam-04' : 'cam-01', session: '20261120-080000-00000b', startOffset: (180 - index) * 9_000, endOffset: (180 - index) * 9_000 + 8_000,
      startMs: nowMs - (index + 1) * 1_260_000, endMs: nowMs - index * 1_260_000 - 1_240_000, firmware: builds[index < 60 ? 1 : 0],
      begins: { rom: 0, uboot: 140 + jitter / 10, kernel, init, ...(index % 23 === 22 ? {} : { login: init + 4_300 + jitter * 2 + slow }) }, isLast: index === 0,
    })
  })
}

const said: readonly (readonly [number, string])[] = [
  [0, 'System startup'], [140, 'U-Boot 2016.11 (OpenIPC)'], [180, 'DRAM:  64 MiB'], [260, 'SF: Detected W25Q128 with page size 256 B'], [1150, 'Starting kernel ...'], [1190, '[    0.000000] Booting Linux on physical CPU 0x0'],
  [1600, '[    0.412010] m25p80 spi0.0: w25q128 (16384 Kbytes)'],
  // As many lines as a screen has none for: what differs has to be gone to.
  ...Array.from({ length: 60 }, (_, index): readonly [number, string] => [1610 + index * 11, `[    ${(0.42 + index / 90).toFixed(6)}] driver ${String(index + 1)} of 60 is ready`]),
  [2300, '[    1.100200] eth0: link up, 100Mbps'], [3600, '[    2.110004] VFS: Mounted root (squashfs filesystem) readonly on device 31:3.'], [3610, 'init started: BusyBox v1.36.1'], [7900, 'openipc login:'],
]
export function fixtureComparison(nowMs: number, a: BootRef, b: BootRef): BootComparison | undefined {
  const of = (ref: BootRef): Boot | undefined => fixtureBoots(nowMs).find(({ startOffset }) => startOffset === ref.startOffset)
  const [one, other] = [of(a), of(b)]
  if (!one || !other) return undefined
  const phaseAt = (ms: number) => (ms < 140 ? 'rom' as const : ms < 1150 ? 'uboot' as const : ms < 3610 ? 'kernel' as const : ms < 7900 ? 'init' as const : 'login' as const)
  const first = said.findIndex(([, text]) => text.includes('eth0'))
  const rows: BootComparison['rows'] = said.map(([atMs, text], index) => {
    const left = { atMs, offset: index * 60, text }
    if (index === first) return { phase: phaseAt(atMs), a: left, isSame: false }
    return { phase: phaseAt(atMs), a: left, b: { atMs: atMs + index * 31, offset: index * 60, text: text.replace('16384', '8192') }, isSame: true }
  })
  rows.splice(first + 1, 0, { phase: 'kernel', b: { atMs: 3800, offset: 999, text: '[    2.904410] eth0: no link, waiting for the carrier' }, isSame: false })
  return { a: one, b: other, rows, firstDifference: first, isCut: false }
}
