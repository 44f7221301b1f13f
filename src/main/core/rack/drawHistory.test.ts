import { expect, test } from 'vitest'
import { createDrawHistory } from './drawHistory.ts'

function told() {
  const kept: (number | undefined)[] = []
  const clock = { atMs: 1_000 }
  return { kept, clock, history: createDrawHistory(() => clock.atMs, (watts) => { kept.push(watts) }) }
}

test('the last six hours are kept, oldest first, and a gap is one point', () => {
  const { clock, history } = told()
  history.tell(undefined)
  expect(history.points()).toEqual([])
  history.tell(2.2)
  clock.atMs += 15_000
  history.tell(undefined)
  history.tell(undefined)
  clock.atMs += 15_000
  history.tell(0)
  expect(history.points()).toEqual([{ atMs: 1_000, watts: 2.2 }, { atMs: 16_000 }, { atMs: 31_000, watts: 0 }])
  for (let index = 0; index < 2_000; index += 1) { clock.atMs += 15_000; history.tell(index) }
  const points = history.points()
  expect([points.length, points[0]?.watts, points.at(-1)?.watts]).toEqual([1_440, 560, 1_999])
})

test('beside the capture stands what changed, and once a minute that it is still so', () => {
  const { kept, clock, history } = told()
  for (let index = 0; index < 8; index += 1) { history.tell(2 + (index % 2) * 0.05); clock.atMs += 15_000 }
  expect(kept).toEqual([2, 2])
  history.tell(3.4)
  history.tell(undefined)
  history.tell(undefined)
  history.tell(3.4)
  expect(kept.slice(2)).toEqual([3.4, undefined, 3.4])
})
