import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BootWatch, startBootWatch, viewBoot, watchBoot } from './bootWatch.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const feed = (text: string, atMs = 1_000, watch = startBootWatch(0)): BootWatch => watchBoot(watch, bytes(text), atMs)
const uboot = '\r\nSystem startup\r\n\r\nU-Boot 2016.11-gabc (Jan 01 2026)\r\n\r\nHit any key\r\n'
const kernel = 'Starting kernel ...\r\n[    0.000000] Booting Linux on physical CPU 0x0\r\n[    3.204512] squashfs mounted\r\n'
const login = 'Welcome\r\nopenipc-hi3516ev300 login: '

test('boot ROM, U-Boot, kernel, login: one stage after the other', () => {
  expect(viewBoot(feed(''), 1_000)).toMatchObject({ life: 'unknown', bootStage: 0 })
  expect(viewBoot(feed('System startup\r\n'), 1_000)).toMatchObject({ life: 'boot rom', bootStage: 1 })
  expect(viewBoot(feed(uboot), 1_000)).toMatchObject({ life: 'u-boot', bootStage: 2, banners: 1 })
  expect(viewBoot(feed(`${uboot}OpenIPC # `), 900_000)).toMatchObject({ life: 'u-boot', note: 'at its prompt' })
  expect(viewBoot(feed(uboot + kernel), 1_000)).toMatchObject({ life: 'booting', bootStage: 3, note: 'kernel 3 s' })
  expect(viewBoot(feed(uboot + kernel + login), 900_000)).toMatchObject({ life: 'booted', bootStage: 4, loginSeenAtMs: 1_000 })
})

test('look-alikes prove nothing', () => {
  for (const text of ['Last login: Tue May 12\r\n', 'relogin: x\r\n', 'please login: at the desk\r\n'.replace('please', 'please do'), 'echo "login: "', '# login: ']) {
    expect(viewBoot(feed(kernel + text), 1_000).life).toBe('booting')
  }
  expect(feed('U-Boot SPL 2016.11\r\nU-Boot help\r\nversion: U-Boot 2016.11\r\n').banners).toBe(0)
})

test('the login of the life before does not prove this one', () => {
  const rebooted = feed(uboot, 5_000, feed(uboot + kernel + login))
  expect(rebooted.loginSeenAtMs).toBeUndefined()
  expect(viewBoot(rebooted, 5_000).life).toBe('u-boot')
})

test('three starts without a login within three minutes are a loop, with a login or spread out they are not', () => {
  const times = (at: readonly number[], text: string): BootWatch => at.reduce((watch, each) => feed(text, each, watch), startBootWatch(0))
  expect(viewBoot(times([0, 20_000], uboot), 20_000).life).toBe('u-boot')
  expect(viewBoot(times([0, 20_000, 40_000], uboot + kernel), 41_000)).toMatchObject({ life: 'boot loop', note: '3 resets' })
  expect(viewBoot(times([0, 100_000, 200_000], uboot), 200_000).life).toBe('u-boot')
  expect(viewBoot(times([0, 20_000, 40_000], uboot + login), 41_000).life).toBe('booted')
})

test('a kernel that says nothing for a minute is silent, and a panic is named', () => {
  expect(viewBoot(feed(uboot + kernel), 62_000)).toMatchObject({ life: 'silent', note: 'quiet for 61 s' })
  expect(viewBoot(feed(`${uboot}${kernel}[    4.0] Kernel panic - not syncing: VFS\r\n`), 2_000)).toMatchObject({ life: 'booting', note: 'kernel panic' })
})

test('the cuts do not matter', () => {
  const story = bytes(`\u0000\u00ff${uboot}OpenIPC # sf probe\r\n=> boot\r\n\u001b[0m${kernel}Last login: never\r\n\u001b[1mopenipc login: root\r\n${uboot}`)
  const whole = watchBoot(startBootWatch(0), story, 7)
  fc.assert(fc.property(fc.array(fc.nat(story.length), { maxLength: 20 }), (cuts) => {
    const places = [0, ...cuts.sort((a, b) => a - b), story.length]
    const pieces = places.slice(1).map((end, index) => story.subarray(places[index], end))
    expect(pieces.reduce((watch, piece) => watchBoot(watch, piece, 7), startBootWatch(0))).toEqual(whole)
  }))
})

test('a piece that is looked at as a whole means what its lines mean', () => {
  const snippets = ['login: ', 'Last ', 'gate ', 'U-Boot 2016.11-abc (x)', 'U-Boot SPL', '\r\n', '\n', '\r', '=> ', 'Starting kernel', '[    0.000000] x', '[    4.512345] y', 'Kernel panic - not syncing', 'Welcome to OpenIPC', 'udhcpc: lease of 10.0.0.7 obtained', 'inet addr:10.0.0.8  Bcast:', 'Linux version 5.10.1', '\u001b[0m', '\u0000', 'ü', 'mmc0: new card\r\n', ' '.repeat(300)]
  fc.assert(fc.property(fc.array(fc.array(fc.constantFrom(...snippets), { maxLength: 6 }).map((parts) => bytes(parts.join(''))), { maxLength: 8 }), fc.array(fc.nat(30), { maxLength: 8 }), (texts, cuts) => {
    const pieces = texts.flatMap((text, index) => [text.subarray(0, cuts[index] ?? 0), text.subarray(cuts[index] ?? 0)])
    const byLines = pieces.reduce((watch, piece, at) => watchBoot(watch, piece, at, ''), startBootWatch(0))
    expect(pieces.reduce((watch, piece, at) => watchBoot(watch, piece, at), startBootWatch(0))).toEqual(byLines)
  }), {
    numRuns: 2_000,
    // What only counts after something else, and a word in two pieces: chance alone meets these too seldom.
    examples: [['U-Boot 2016.11-abc (x)\r\n', '=> '], ['Starting kernel\r\n', '[    4.512345] y\r\n'], ['gate log', 'in: '], ['gate lo\u001b[0mg', 'in: ']].map((texts): [Uint8Array[], number[]] => [texts.map(bytes), []]),
  })
})

test('noise never throws and stays small', () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 5 }), (pieces) => {
    const watch = pieces.reduce((sum, piece) => watchBoot(sum, piece, 1), startBootWatch(0))
    expect(watch.line.length).toBeLessThanOrEqual(512)
    viewBoot(watch, 100_000)
  }))
})
