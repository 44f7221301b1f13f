import { createHash } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { createConsole } from '../../../src/main/core/consoles/consoleHub.ts'
import type { CaptureStore } from '../../../src/main/drivers/storage/captures/captureStore.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'
import { createDeferred } from '../../../src/shared/lifecycle/signals.ts'
import { bytes, captureBench, gate, never, piecesOf, story } from '../../support/captureBench.ts'
import { createMemoryBridge } from '../../support/memoryBridge.ts'

const mebibyte = 1024 * 1024
const hashOf = (parts: readonly Uint8Array[]): string => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')
/** No two alike, so that a piece that is missing or comes twice shows. */
const pieces = Array.from({ length: 160 }, (_, index) => bytes(`${index} `.padEnd(256 * 1024, String.fromCharCode(97 + index % 26))))

/** A real store on a disk that thinks until `write`, and consoles whose captures go there. */
async function bench() {
  const captures = captureBench()
  const { clock, disk } = captures
  const store = captures.open()
  // Its first round is over: on a slow machine it came upon a disk that already thought, and `flush` waited behind it.
  await store.parts()
  await store.flush()
  const ready = createDeferred<void>()
  disk.ready = ready.promise
  onTestFinished(() => { ready.resolve() })
  const consoleOf = (id: string) => {
    const line = createMemoryBridge()
    const hub = createConsole({ cameraId: id as CameraId, open: line.open, clock, log: () => undefined, capture: store.open({ ...gate, id: id as CameraId }) })
    const received = (): number => hub.stats().bytesReceived
    let said = 0
    // As a socket does: a piece comes when the one before it was read.
    const tell = async (): Promise<void> => {
      for (; said < pieces.length && received() === said * 256 * 1024; said += 1) { line.say(pieces[said] ?? ''); await clock.advance(0) }
    }
    return { hub, line, tell, received }
  }
  return { captures, clock, disk, store, consoleOf, write: () => { ready.resolve() } }
}
async function allOf(store: CaptureStore, id: string): Promise<Uint8Array[]> {
  const session = (await store.sessions()).find(({ camera }) => camera === id)?.session
  return (await piecesOf(store, session)).map((piece) => piece.bytes)
}

test('a console that says more than the disk takes is left unread until there is room, and every byte is kept; another one goes on', async () => {
  const { clock, store, consoleOf, write } = await bench()
  const [loud, other] = [consoleOf('cam-1'), consoleOf('cam-2')]
  await clock.advance(0)
  await loud.tell()
  const held = loud.received()
  expect(held).toBeGreaterThan(8 * mebibyte)
  expect(held).toBeLessThan(16 * mebibyte)
  for (const letter of 'other') { other.line.say(letter); await clock.advance(20) }
  expect(other.received()).toBe(5)
  expect(loud.received()).toBe(held)
  write()
  await expect.poll(async () => { await clock.advance(20); await loud.tell(); return loud.received() }, { timeout: 20_000, interval: 5 }).toBe(40 * mebibyte)
  await loud.hub.close()
  await other.hub.close()
  expect(store.state()).toMatchObject({ droppedBytes: 0, paused: undefined })
  expect(hashOf(await allOf(store, 'cam-1'))).toBe(hashOf(pieces))
  expect(hashOf(await allOf(store, 'cam-2'))).toBe(hashOf([bytes('other')]))
})

test('a job reads its console whatever becomes of the capture, also when it takes one that is held back', async () => {
  const { clock, store, consoleOf, write } = await bench()
  const { hub, line, tell, received } = consoleOf('cam-1')
  await clock.advance(0)
  await tell()
  const held = received()
  expect(held).toBeLessThan(16 * mebibyte)
  const mine = await hub.exclusive('job', never)
  await clock.advance(20)
  await tell()
  expect(received()).toBe(40 * mebibyte)
  line.say('answer')
  await clock.advance(0)
  expect(new TextDecoder().decode(await mine.read(never))).toMatch(/answer$/)
  write()
  await mine.release()
  await hub.close()
  // What did not fit has its mark.
  expect(story(await piecesOf(store, undefined)).filter((each) => each.startsWith('dropped'))).toEqual([`dropped:${store.state().droppedBytes}`])
})

test('after five seconds the console goes on without its capture, and is held back again once that has caught up', async () => {
  const { clock, disk, store, consoleOf, write } = await bench()
  const { hub, line, tell, received } = consoleOf('cam-1')
  await clock.advance(0)
  await tell()
  const held = received()
  await clock.advance(4_900)
  expect(received()).toBe(held)
  await clock.advance(200)
  await tell()
  expect(received()).toBe(40 * mebibyte)
  const dropped = store.state().droppedBytes
  expect(dropped).toBeGreaterThan(0)
  write()
  await expect.poll(async () => { await clock.advance(500); await store.flush(); return store.state().usedBytes }, { timeout: 20_000, interval: 5 }).toBeGreaterThan(40 * mebibyte - dropped)
  const again = createDeferred<void>()
  disk.ready = again.promise
  for (const piece of pieces.slice(0, 52)) { line.say(piece); await clock.advance(0) }
  expect(received()).toBeLessThan(53 * mebibyte)
  expect(store.state().droppedBytes).toBe(dropped)
  again.resolve()
  await hub.close()
})

test('a paused capture holds nobody back: the console goes on while the disk is full', async () => {
  const { clock, disk, store, consoleOf, write } = await bench()
  const { hub, tell, received } = consoleOf('cam-1')
  await clock.advance(0)
  await tell()
  expect(received()).toBeLessThan(16 * mebibyte)
  disk.freeSaid = -1
  await store.flush()
  expect(store.state().paused).toContain('are free')
  await clock.advance(20)
  await tell()
  expect(received()).toBe(40 * mebibyte)
  disk.freeSaid = 1e12
  write()
  await hub.close()
})

test('a console that is held back closes at once', async () => {
  const { clock, store, consoleOf, write } = await bench()
  const { hub, line, tell } = consoleOf('cam-1')
  await clock.advance(0)
  await tell()
  const closing = hub.close()
  await clock.advance(0)
  expect(line.clients()).toBe(0)
  write()
  await closing
  expect(store.state().droppedBytes).toBe(0)
})
