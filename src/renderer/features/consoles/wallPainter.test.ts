import { expect, test } from 'vitest'
import { createWallPainter } from './wallPainter.ts'

/** Frames by hand; each drawing costs what it is told to cost. */
function bench(costMs = 0) {
  let nowMs = 1_000
  let waiting: (() => void)[] = []
  const drawn: string[] = []
  const painter = createWallPainter({ nextFrame: (work) => { waiting.push(work) }, nowMs: () => nowMs })
  return {
    painter, drawn,
    tile: (name: string) => painter.add(() => { drawn.push(name); nowMs += costMs }),
    asked: () => waiting.length,
    frame: (intervalMs = 16) => { nowMs += intervalMs; const works = waiting; waiting = []; for (const work of works) work(); return drawn.splice(0) },
  }
}

test('what changed is drawn once in the next frame, and nothing is asked for while nothing changes', () => {
  const { tile, frame, asked } = bench()
  const one = tile('one')
  tile('two')
  one.changed()
  one.changed()
  expect(asked()).toBe(1)
  expect(frame()).toEqual(['one'])
  expect(asked()).toBe(0)
})
test('a hundred busy tiles all get their turn, and a quiet one does not wait for them', () => {
  const { tile, frame } = bench()
  const busy = Array.from({ length: 100 }, (_, index) => tile(`busy ${index}`))
  const quiet = tile('quiet')
  const seen = new Map<string, number>()
  for (let at = 0; at < 100; at += 1) {
    for (const each of busy) each.changed()
    if (at === 50) quiet.changed()
    const drawn = frame()
    if (at === 50) expect(drawn).toContain('quiet')
    expect(drawn.length).toBeLessThanOrEqual(51)
    for (const name of drawn) seen.set(name, (seen.get(name) ?? 0) + 1)
  }
  const counts = busy.map((_, index) => seen.get(`busy ${index}`) ?? 0)
  // Every second frame, and one of them sooner.
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(49)
})
test('a wall where everything talks is drawn anew in two frames', () => {
  const { tile, frame } = bench()
  const busy = Array.from({ length: 100 }, (_, index) => tile(`${index}`))
  for (const each of busy) each.changed()
  const first = frame()
  for (const each of busy) each.changed()
  expect(new Set([...first, ...frame()]).size).toBe(100)
  // One half and then the other: each has its rows, and the rows of the other stay as they are.
  for (let round = 0; round < 4; round += 1) {
    for (const each of [...busy].reverse()) each.changed()
    expect(frame()).toEqual(first)
    expect(frame()).not.toContain(first[0])
  }
})
test('a frame stops at its budget, and frames that come late make the next ones smaller', () => {
  const costly = bench(3)
  for (const each of Array.from({ length: 50 }, (_, index) => costly.tile(`${index}`))) each.changed()
  expect(costly.frame().length).toBeLessThanOrEqual(3)
  const late = bench(0.15)
  const tiles = Array.from({ length: 100 }, (_, index) => late.tile(`${index}`))
  const sizes = Array.from({ length: 30 }, () => { for (const each of tiles) each.changed(); return late.frame(40).length })
  expect(sizes.at(-1)).toBeLessThanOrEqual(30)
  const again = Array.from({ length: 60 }, () => { for (const each of tiles) each.changed(); return late.frame(16).length })
  expect(again.at(-1)).toBeGreaterThanOrEqual(38)
})
test('frames that are late for other reasons have the whole wall in one, or each tile would wait for two of them', () => {
  const { tile, frame } = bench(0.01)
  const tiles = Array.from({ length: 100 }, (_, index) => tile(`${index}`))
  const sizes = Array.from({ length: 30 }, () => { for (const each of tiles) each.changed(); return frame(40).length })
  expect([sizes[0], sizes.at(-1)]).toEqual([50, 100])
  const again = Array.from({ length: 20 }, () => { for (const each of tiles) each.changed(); return frame(16).length })
  expect(again.at(-1)).toBe(50)
})
test('a tile that is gone is not drawn', () => {
  const { tile, frame } = bench()
  const one = tile('one')
  one.changed()
  one.stop()
  expect(frame()).toEqual([])
})
