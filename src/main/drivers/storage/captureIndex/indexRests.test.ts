import { expect, test } from 'vitest'
import { createHurryFlag, createIndexRests, hearHurry } from './indexRests.ts'

function bench() {
  let nowMs = 1_000
  let hurried = false
  const waits: number[] = []
  const rests = createIndexRests({ nowMs: () => nowMs, wait: (durationMs) => { waits.push(durationMs); nowMs += durationMs }, isHurried: () => hurried })
  return { rests, waits, hurry: (is: boolean) => { hurried = is }, work: (ms: number) => { nowMs += ms; rests.rest() }, start: nowMs, nowMs: () => nowMs }
}

test('a little work is followed by three times its rest, and much of it by a bounded one', () => {
  const { rests, waits, work } = bench()
  rests.begin()
  for (let step = 0; step < 3; step += 1) work(2)
  work(5)
  work(500)
  expect(waits).toEqual([18, 30])
})
test('a round is later by two seconds at most, however much there is to do, and the next one rests again', () => {
  const { rests, waits, work } = bench()
  rests.begin()
  for (let step = 0; step < 1_000; step += 1) work(10)
  expect(waits.reduce((sum, each) => sum + each, 0)).toBe(2_000)
  rests.begin()
  work(10)
  expect(waits.at(-1)).toBe(30)
})
test('nobody rests while somebody waits', () => {
  const { rests, waits, hurry, work } = bench()
  rests.begin()
  hurry(true)
  for (let step = 0; step < 100; step += 1) work(10)
  expect(waits).toEqual([])
  hurry(false)
  work(10)
  expect(waits).toEqual([30])
})
test('both sides see the hurry', () => {
  const flag = createHurryFlag()
  const { isHurried, wait } = hearHurry(flag.shared)
  expect(isHurried()).toBe(false)
  flag.set(true)
  expect(isHurried()).toBe(true)
  // Returns at once: the number is not the one it would wait at.
  wait(60_000)
  flag.set(false)
  expect(isHurried()).toBe(false)
})
