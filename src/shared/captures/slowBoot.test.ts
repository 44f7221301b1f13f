import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Boot, bootSchema } from './boots.schema.ts'
import { changeOf, groupBoots } from './bootStats.ts'
import { slowBootOf, slowBootWords } from './slowBoot.ts'

/** Newest first; `undefined` never came to its prompt. */
const boots = (...logins: readonly (number | undefined)[]): Boot[] => logins.map((login, index) => bootSchema.parse({
  camera: 'cam-1', session: '20261120-080000-00000b', startOffset: (logins.length - index) * 1_000, endOffset: (logins.length - index) * 1_000 + 900,
  startMs: (logins.length - index) * 100_000, endMs: (logins.length - index) * 100_000 + 9_000, firmware: 'Linux A', begins: { uboot: 0, ...(login === undefined ? {} : { login }) }, isLast: index === 0,
}))
const withFirmware = (some: readonly Boot[], firmware: string): Boot[] => some.map((boot) => ({ ...boot, firmware }))

test('a boot that takes a third longer than the ones before it is slow, and the words say both times', () => {
  const slow = slowBootOf(boots(13_100, 10_100, 10_000, 9_900, 10_000, 10_050), 30)
  expect(slow).toEqual({ ms: 13_100, usualMs: 10_000, of: 5, firmware: undefined })
  expect(slowBootWords(slow!)).toBe('13.10 s to the login prompt, usually 10.00 s (5 boots before)')
  expect(slowBootOf(boots(12_900, 10_100, 10_000, 9_900, 10_000, 10_050), 30)).toBeUndefined()
  expect(slowBootOf(boots(12_900, 10_100, 10_000, 9_900, 10_000, 10_050), 20)).toBeDefined()
})
test('nobody knows what is usual of four boots, and those that never came to the prompt say nothing', () => {
  expect(slowBootOf(boots(30_000, 10_000, 10_000, 10_000, 10_000), 30)).toBeUndefined()
  expect(slowBootOf(boots(30_000, undefined, 10_000, 10_000, undefined, 10_000, 10_000, 10_000), 30)).toMatchObject({ of: 5 })
  expect(slowBootOf(boots(undefined, 30_000, 10_000, 10_000, 10_000, 10_000, 10_000), 30)).toBeUndefined()
  expect(slowBootOf([], 30)).toBeUndefined()
})
test('boots that are never alike have to be further off than they usually are', () => {
  expect(slowBootOf(boots(14_000, 8_000, 12_000, 10_000, 7_000, 13_000, 10_000), 30)).toBeUndefined()
  expect(slowBootOf(boots(20_000, 8_000, 12_000, 10_000, 7_000, 13_000, 10_000), 30)).toBeDefined()
})
test('a firmware that is slower is told at its first boot, by its name, and not at each of them', () => {
  const before = boots(10_000, 10_000, 10_000, 10_000, 10_000, 10_000)
  const now = withFirmware(boots(14_000, 14_100, 14_000), 'Linux B').map((boot) => ({ ...boot, startMs: boot.startMs + 1e6 }))
  expect(slowBootOf([...now.slice(2), ...before], 30)).toMatchObject({ firmware: 'Linux B' })
  expect(slowBootWords(slowBootOf([...now.slice(2), ...before], 30)!)).toContain('another firmware now: Linux B')
  expect(slowBootOf([...now.slice(1), ...before], 30)).toBeUndefined()
  expect(slowBootOf([...now, ...before], 30)).toBeUndefined()
  const [both] = [groupBoots([...now, ...before])]
  expect(changeOf(both, both[0]!)).toEqual({ firmware: 'Linux A', medianMs: 10_000, percent: 40 })
  expect(changeOf(both, both[1]!)).toBeUndefined()
  // Two boots say nothing yet.
  const few = groupBoots([...now.slice(1), ...before])
  expect(changeOf(few, few[0]!)).toBeUndefined()
})
test('how long nearly all of them take is said of twenty and more', () => {
  const twenty = Array.from({ length: 20 }, (_, index) => 10_000 + index * 10)
  expect(groupBoots(boots(...twenty))[0]).toMatchObject({ finished: 20, mostMs: 10_180 })
  expect(groupBoots(boots(...twenty.slice(1)))[0]?.mostMs).toBeUndefined()
})
test('a quicker boot is never slow, whatever came before it', () => {
  fc.assert(fc.property(fc.array(fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }), { maxLength: 40 }), fc.integer({ min: 5, max: 1_000 }), (history, percent) => {
    const least = Math.min(...history.flatMap((login) => login ?? []), 100_000)
    expect(slowBootOf(boots(least, ...history), percent)).toBeUndefined()
    const found = slowBootOf(boots(200_000, ...history), percent)
    if (found) expect(found.ms).toBeGreaterThan(found.usualMs * (1 + percent / 100))
  }))
})
