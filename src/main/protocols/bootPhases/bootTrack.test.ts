import fc from 'fast-check'
import { expect, test } from 'vitest'
import { phaseOf, trackBoot, type TrackedBoot } from './bootTrack.ts'

const story = (...lines: readonly (readonly [number, string])[]): TrackedBoot[] => {
  const boots: TrackedBoot[] = []
  let boot: TrackedBoot | undefined
  lines.forEach(([atMs, text], offset) => {
    const next = trackBoot(boot, { offset, atMs, text })
    if (boot && next && next.startOffset !== boot.startOffset) boots.push(boot)
    boot = next
  })
  return boot ? [...boots, boot] : boots
}
const boot = (fromMs: number): (readonly [number, string])[] => [
  [fromMs, 'System startup'], [fromMs + 40, 'U-Boot SPL 2016.11'], [fromMs + 100, 'U-Boot 2016.11 (Jan 01 2024 - 10:00:00)'], [fromMs + 150, 'Hit any key to stop autoboot:  0'],
  [fromMs + 900, 'Starting kernel ...'], [fromMs + 950, '[    0.000000] Booting Linux on physical CPU 0x0'], [fromMs + 951, '[    0.000000] Linux version 4.9.37 (gcc)'],
  [fromMs + 3000, '[    2.100000] Freeing unused kernel memory: 1024K'], [fromMs + 3100, 'init started: BusyBox v1.36'], [fromMs + 9000, 'openipc login: '],
]

test('every phase of a boot, in milliseconds from its first line', () => {
  expect(story(...boot(5000))).toEqual([{ startOffset: 0, startMs: 5000, endOffset: 9, endMs: 14_000, build: 'Linux version 4.9.37 (gcc)', begins: { rom: 0, spl: 40, uboot: 100, kernel: 900, init: 3000, login: 9000 } }])
})
test('a reset begins a new boot, also before the last one was over; words after the login belong to none', () => {
  const boots = story([0, '# stray words'], ...boot(1000), [11_000, 'root'], [12_000, 'U-Boot 2016.11 (x)'], [12_500, 'Starting kernel ...'], [13_000, 'Kernel panic'], ...boot(20_000))
  expect(boots.map(({ startMs, endMs, begins }) => [startMs, endMs, Object.keys(begins).join()])).toEqual([
    [1000, 10_000, 'rom,spl,uboot,kernel,init,login'], [12_000, 13_000, 'uboot,kernel'], [20_000, 29_000, 'rom,spl,uboot,kernel,init,login'],
  ])
})
test('a kernel that starts another, and programs that print such words', () => {
  expect(story(...boot(0), [30_000, 'Linux version 6.1.0']).map(({ begins }) => Object.keys(begins).join())).toEqual(['rom,spl,uboot,kernel,init,login', 'kernel'])
  expect(story([0, 'login: '], [1, 'init started: BusyBox v1']).length).toBe(0)
  expect([phaseOf('U-Boot tools'), phaseOf('Last login: Mon'), phaseOf('the kernel: Starting kernel'), phaseOf('login:')]).toEqual([undefined, undefined, undefined, 'login'])
})
test('a clock that was set back makes no phase negative', () => {
  expect(story([9000, 'U-Boot 2020.01 (x)'], [100, 'Starting kernel ...'])[0]?.begins).toEqual({ uboot: 0, kernel: 0 })
})
test('noise never breaks it, and its times stay in order of the phases that follow each other', () => {
  const line = fc.oneof(fc.string({ maxLength: 60 }), fc.constantFrom(...boot(0).map(([, text]) => text)))
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(100_000), line), { maxLength: 80 }), (lines) => {
    for (const { begins, startOffset, endOffset } of story(...lines)) {
      expect(Object.values(begins).every((ms) => ms >= 0)).toBe(true)
      expect(endOffset).toBeGreaterThanOrEqual(startOffset)
    }
  }))
  // Long runs cost nothing.
  expect(phaseOf('['.repeat(1_000_000))).toBeUndefined()
})
