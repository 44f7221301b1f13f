import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPacedWriter } from './pacedWriter.ts'

function bench(isSlow = false) {
  const frames: (() => void)[] = []
  const unfinished: (() => void)[] = []
  const drawn: number[] = []
  let skipped = 0
  const writer = createPacedWriter({
    write: (slice, done) => { drawn.push(...slice); if (isSlow) unfinished.push(done); else done() },
    nextFrame: (work) => { frames.push(work) },
    onSkipped: (count) => { skipped += count },
  })
  return {
    writer, drawn, skipped: () => skipped,
    frame: () => { for (const work of frames.splice(0)) work() },
    finish: () => { for (const done of unfinished.splice(0)) done() },
  }
}

test('a frame draws at most 64 KiB, and the rest comes with the next ones', () => {
  const { writer, drawn, frame, skipped } = bench()
  writer.push(new Uint8Array(200_000))
  frame()
  expect(drawn).toHaveLength(65_536)
  for (let more = 0; more < 3; more += 1) frame()
  expect(drawn).toHaveLength(200_000)
  expect(skipped()).toBe(0)
})
test('a burst of 10 MB keeps the newest part, tells what it skipped, and holds bounded memory', () => {
  const { writer, drawn, frame, skipped } = bench()
  for (let piece = 0; piece < 160; piece += 1) {
    writer.push(new Uint8Array(65_536).fill(piece))
    expect(writer.waitingBytes).toBeLessThanOrEqual(1024 * 1024)
  }
  for (let more = 0; more < 20; more += 1) frame()
  expect(skipped() + drawn.length).toBe(160 * 65_536)
  expect(skipped()).toBeGreaterThan(8 * 1024 * 1024)
  expect(drawn.at(-1)).toBe(159)
})
test('a terminal that is not done gets nothing more', () => {
  const { writer, drawn, frame, finish } = bench(true)
  writer.push(new Uint8Array(100_000))
  frame()
  writer.push(new Uint8Array(1))
  frame()
  expect(drawn).toHaveLength(65_536)
  finish()
  frame()
  expect(drawn).toHaveLength(100_001)
})
test('in order, nothing twice, whatever the pieces', () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 9_000 }), { maxLength: 10 }), (pieces) => {
    const { writer, drawn, frame } = bench()
    for (const piece of pieces) { writer.push(piece); frame() }
    frame()
    expect(drawn).toEqual(pieces.flatMap((piece) => [...piece]))
  }))
})
test('after the end nothing is drawn', () => {
  const { writer, drawn, frame } = bench()
  writer.push(new Uint8Array(10))
  writer.close()
  frame()
  writer.push(new Uint8Array(10))
  frame()
  expect(drawn).toHaveLength(0)
})
