import { expect, test } from 'vitest'
import { createConsole } from '../../../src/main/core/consoles/consoleHub.ts'
import { createReadPace } from '../../../src/main/core/consoles/readPace.ts'
import { createLineEnd, type LineEnd } from '../../../src/main/drivers/transports/lineTransport.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'
import { bytes, captureBench, gate, never, piecesOf, text } from '../../support/captureBench.ts'
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts'

/** Consoles of one rack on the driver's own end of a line. */
function bench(clock: VirtualClock = createVirtualClock()) {
  const pace = createReadPace(clock)
  const consoleOf = (id: string, capture?: Parameters<typeof createConsole>[0]['capture']) => {
    const lines: LineEnd[] = []
    const written: string[] = []
    const seen: string[] = []
    const hub = createConsole({
      cameraId: id as CameraId, clock, pace, capture, log: () => undefined, onBytes: (piece) => { seen.push(text(piece)) },
      open: async () => {
        const line = createLineEnd({ write: (piece, done) => { written.push(text(piece)); done() }, pause: () => undefined, resume: () => undefined, close: async () => undefined }, 'a line', clock)
        lines.push(line)
        return { label: 'a line', read: line.read, take: line.take, write: line.write, discardInput: line.discardInput, close: line.close }
      },
    })
    return { hub, seen, written, line: () => lines.at(-1), say: (words: string | Uint8Array) => { lines.at(-1)?.onBytes(typeof words === 'string' ? bytes(words) : words) } }
  }
  return { clock, consoleOf }
}

test('the first bytes after a silence are taken in at once, those behind them together, each with the time it came', async () => {
  const { clock, consoleOf } = bench()
  const { hub, seen, say } = consoleOf('cam-1')
  await clock.advance(0)
  say('first ')
  await clock.advance(0)
  expect(seen).toEqual(['first '])
  await clock.advance(5)
  say('second ')
  await clock.advance(10)
  say('third ')
  await clock.advance(4)
  expect(seen).toEqual(['first '])
  await clock.advance(1)
  expect(seen).toEqual(['first ', 'second third '])
  const marks = await hub.marks(0, never)
  expect(marks.map(({ position, atMs }) => [position, atMs - (marks[0]?.atMs ?? 0)])).toEqual([[0, 0], [6, 5], [13, 15]])
  await clock.advance(64)
  say('after a silence')
  await clock.advance(0)
  expect(seen.at(-1)).toBe('after a silence')
  await hub.close()
  expect(clock.sleepers()).toBe(0)
})

test('consoles that talk at the same time are woken by one timer', async () => {
  const { clock, consoleOf } = bench()
  const rack = Array.from({ length: 20 }, (_, index) => consoleOf(`cam-${index}`))
  await clock.advance(0)
  const idle = clock.sleepers()
  for (const { say } of rack) say('a')
  await clock.advance(0)
  expect(clock.sleepers()).toBe(idle + 1)
  for (const { say } of rack) say('b')
  await clock.advance(32)
  expect(rack.map(({ seen }) => seen.join(''))).toEqual(rack.map(() => 'ab'))
  for (const { hub } of rack) await hub.close()
  expect(clock.sleepers()).toBe(0)
})

test('a job reads each byte at once, and nothing that was said before it came', async () => {
  const { clock, consoleOf } = bench()
  const { hub, seen, say } = consoleOf('cam-1')
  await clock.advance(0)
  say('old ')
  await clock.advance(0)
  say('prompt # ')
  const mine = await hub.exclusive('job', never)
  expect(seen.join('')).toBe('old prompt # ')
  for (const letter of 'answer') {
    say(letter)
    await clock.advance(0)
    expect(text(await mine.read(never) ?? new Uint8Array())).toBe(letter)
  }
  await mine.release()
  await hub.close()
})

test('what is typed stands behind what was said before, and its echo waits for nothing', async () => {
  const captures = captureBench()
  const { clock, consoleOf } = bench(captures.clock)
  const store = captures.open()
  const { hub, seen, say, written } = consoleOf(gate.id, store.open(gate))
  await clock.advance(0)
  say('log')
  await clock.advance(0)
  await clock.advance(8)
  say('in: ')
  await clock.advance(8)
  await hub.type(bytes('root\r'), never)
  expect(written).toEqual(['root\r'])
  expect(seen).toEqual(['log', 'in: '])
  say('root')
  await clock.advance(0)
  expect(seen.at(-1)).toBe('root')
  await hub.close()
  const pieces = await piecesOf(store, (await store.sessions())[0]?.session)
  expect(pieces.map(({ kind, bytes: piece, atMs }) => [kind, text(piece), atMs - (pieces[0]?.atMs ?? 0)])).toEqual([['rx', 'log', 0], ['rx', 'in: ', 8], ['tx', 'root\r', 16], ['rx', 'root', 16]])
  await captures.close(store)
})

test('no byte is lost when the line is let go, lost or closed in between', async () => {
  const { clock, consoleOf } = bench()
  const { hub, seen, say, line } = consoleOf('cam-1')
  await clock.advance(0)
  say('a')
  await clock.advance(0)
  say('b')
  await hub.releaseLine('somebody', never)
  expect(seen.join('')).toBe('ab')
  expect(text(hub.read(0, 1_000).bytes)).toMatch(/^ab\r\n--- .*released/)
  hub.takeBack()
  await clock.advance(0)
  say('c')
  await clock.advance(0)
  say('d')
  line()?.onLost('the plug was pulled')
  await clock.advance(64)
  expect(text(hub.read(0, 1_000).bytes)).toMatch(/cd\r\n--- .*lost/)
  await clock.advance(2_000)
  say('e')
  await clock.advance(0)
  say('f')
  await hub.close()
  expect(seen.join('')).toBe('abcdef')
  expect(clock.sleepers()).toBe(0)
})

test('a burst that comes in its turn is taken in by pieces, in order', async () => {
  const { clock, consoleOf } = bench()
  const { hub, seen, say } = consoleOf('cam-1')
  await clock.advance(0)
  say('x')
  await clock.advance(0)
  const burst = Uint8Array.from({ length: 200_000 }, (_, index) => 65 + index % 26)
  for (let at = 0; at < burst.length; at += 50_000) say(burst.slice(at, at + 50_000))
  await clock.advance(32)
  expect(seen.map(({ length }) => length)).toEqual([1, 65_536, 65_536, 65_536, 3_392])
  expect(seen.join('')).toBe(`x${text(burst)}`)
  await hub.close()
})
