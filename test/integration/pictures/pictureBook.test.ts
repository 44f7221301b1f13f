import { expect, onTestFinished, test } from 'vitest'
import { createPictureBook, type FetchPicture, type PictureBook } from '../../../src/main/core/pictures/pictureBook.ts'
import { servePictures } from '../../../src/main/core/pictures/pictureLane.ts'
import { fetchSnapshot } from '../../../src/main/drivers/http/snapshotSource.ts'
import { drawScene } from '../../../src/main/sim/scene.ts'
import { encodeMosaic } from '../../../src/main/sim/mosaicJpeg.ts'
import { createSnapshotHttp } from '../../../src/main/sim/snapshotHttp.ts'
import { type CameraId, cameraIdSchema } from '../../../src/shared/devices/ids.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import type { ByteLaneEnd } from '../../../src/shared/rpc/byteLane.ts'
import { parsePictureFrame, type PictureFrame } from '../../../src/shared/rpc/pictureFrame.ts'
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts'

const cam = (number: number): CameraId => cameraIdSchema.parse(`cam-${number}`)
const one = cam(1)
const jpeg = drawScene(1, 0)
const noise = encodeMosaic(40, 40, (column, row) => [(column * 97 + row * 31) % 256, (column * 7) % 256, (row * 53) % 256])

function bench(fetch: FetchPicture): { clock: VirtualClock; book: PictureBook; logged: string[] } {
  const clock = createVirtualClock()
  const logged: string[] = []
  const book = createPictureBook({ clock, fetch, log: (line) => { logged.push(line) } })
  onTestFinished(() => { book.close(); expect(logged).toEqual([]) })
  return { clock, book, logged }
}
/** A camera that answers as it is told, and counts. */
function answers(): { fetch: FetchPicture; asked: { url: string; atMs: number }[]; now: (say: FetchPicture) => void; on: (clock: VirtualClock) => void } {
  const asked: { url: string; atMs: number }[] = []
  let say: FetchPicture = async () => Promise.resolve(jpeg)
  let clock: VirtualClock | undefined
  return { asked, now: (next) => { say = next }, on: (own) => { clock = own }, fetch: async (url, signal) => { asked.push({ url, atMs: clock?.nowMs() ?? 0 }); return say(url, signal) } }
}
const never: FetchPicture = async (_url, signal) => new Promise((_, reject) => { signal.addEventListener('abort', () => { reject(signal.reason as Error) }, { once: true }) })

test('a camera is asked every two seconds while somebody looks, and never otherwise', async () => {
  const { fetch, asked } = answers()
  const { clock, book } = bench(fetch)
  book.setUrl(one, 'http://cam/image.jpg')
  await clock.advance(60_000)
  expect(asked).toHaveLength(0)
  const [first, second] = [book.look(one), book.look(one)]
  await clock.advance(9_900)
  expect(asked).toHaveLength(5)
  expect(book.newest(one)).toMatchObject({ sequence: 5, bytes: jpeg })
  first()
  first()
  await clock.advance(2_000)
  expect(asked).toHaveLength(6)
  second()
  await clock.advance(60_000)
  expect(asked).toHaveLength(6)
  expect(clock.sleepers()).toBe(0)
})
test('a camera that fails is asked ever more rarely, up to a minute, and the words stay until it answers', async () => {
  const { fetch, asked, now, on } = answers()
  const { clock, book } = bench(fetch)
  on(clock)
  now(async () => Promise.reject(new WorkbenchError('link/unreachable', 'The camera cannot be asked for a picture: connection refused')))
  book.setUrl(one, 'http://cam/image.jpg')
  const release = book.look(one)
  await clock.advance(200_000)
  expect(asked.map(({ atMs }) => atMs)).toEqual([0, 4_000, 12_000, 28_000, 60_000, 120_000, 180_000])
  expect(book.view(one)?.note).toBe('The camera cannot be asked for a picture: connection refused')
  // Looking away and back again is no reason to ask sooner.
  release()
  book.look(one)
  await clock.advance(30_000)
  expect(asked).toHaveLength(7)
  // A camera that has just booted is.
  now(async () => Promise.resolve(jpeg))
  book.wake(one)
  await clock.advance(0)
  expect(asked).toHaveLength(8)
  expect(book.view(one)).toEqual({ url: 'http://cam/image.jpg', note: '' })
})
test('a camera that never answers is left after four seconds', async () => {
  const { fetch, asked, now } = answers()
  const { clock, book } = bench(fetch)
  now(never)
  book.setUrl(one, 'http://cam/image.jpg')
  book.look(one)
  await clock.advance(3_999)
  expect(book.view(one)?.note).toBe('')
  await clock.advance(1)
  expect(book.view(one)?.note).toBe('The camera does not answer within 4 s')
  expect(asked).toHaveLength(1)
})
test('a camera that has booted while it was asked is asked anew at once, and not called silent for what was before', async () => {
  const { fetch, asked, now } = answers()
  const { clock, book } = bench(fetch)
  now(never)
  book.setUrl(one, 'http://cam/image.jpg')
  book.look(one)
  await clock.advance(1_000)
  now(async () => Promise.resolve(jpeg))
  book.wake(one)
  await clock.advance(0)
  expect(asked).toHaveLength(2)
  expect(book.newest(one)?.bytes).toEqual(jpeg)
  expect(book.view(one)?.note).toBe('')
  // And its turn goes on as ever.
  await clock.advance(10_000)
  expect(asked.length).toBeGreaterThan(3)
})
test('what is no picture never reaches a window; the last good one stays, with its age', async () => {
  const { fetch, now } = answers()
  const { clock, book } = bench(fetch)
  book.setUrl(one, 'http://cam/image.jpg')
  book.look(one)
  await clock.advance(0)
  const takenAtMs = book.newest(one)?.takenAtMs
  for (const wrong of [new TextEncoder().encode('<svg/>'), jpeg.subarray(0, 500), new Uint8Array()]) {
    now(async () => Promise.resolve(wrong))
    book.wake(one)
    await clock.advance(0)
    expect(book.view(one)?.note).toMatch(/^What came is no picture: it is (no JPEG|cut off)$/)
  }
  expect(book.newest(one)).toMatchObject({ takenAtMs, bytes: jpeg })
})
test('not more than eight cameras are asked at once, and all get their turn', async () => {
  let [busy, most] = [0, 0]
  const seen = new Set<string>()
  const { clock, book } = bench(async (url, signal) => {
    busy += 1
    most = Math.max(most, busy)
    seen.add(url)
    try { return await never(url, signal) } finally { busy -= 1 }
  })
  for (let number = 1; number <= 30; number += 1) {
    book.setUrl(cam(number), `http://cam-${number}/image.jpg`)
    book.look(cam(number))
  }
  await clock.advance(3_999)
  expect(seen.size).toBe(8)
  await clock.advance(14_000)
  expect([most, seen.size]).toEqual([8, 30])
})
test('another address forgets the picture of the old one and is asked at once', async () => {
  const { fetch, asked } = answers()
  const { clock, book } = bench(fetch)
  book.setUrl(one, 'http://old/image.jpg')
  book.look(one)
  await clock.advance(100)
  book.setUrl(one, 'http://new/image.jpg')
  expect(book.newest(one)).toBeUndefined()
  await clock.advance(0)
  expect(asked.map(({ url }) => url)).toEqual(['http://old/image.jpg', 'http://new/image.jpg'])
  book.setUrl(one, undefined)
  await clock.advance(60_000)
  expect(asked).toHaveLength(2)
  expect(book.view(one)).toBeUndefined()
})

function viewer(): { end: ByteLaneEnd; frames: PictureFrame[]; stall: (bytes: number) => void } {
  const frames: PictureFrame[] = []
  let bufferedBytes = 0
  return {
    frames, stall: (bytes) => { bufferedBytes = bytes },
    end: { send: (message) => { const frame = parsePictureFrame(message as Uint8Array); if (frame) frames.push(frame) }, get bufferedBytes() { return bufferedBytes }, onMessage: () => undefined, onClose: () => undefined },
  }
}
test('a viewer that does not keep up gets the newest picture and no older one', async () => {
  let taken = 0
  const { clock, book } = bench(async () => { taken += 1; return Promise.resolve(drawScene(taken, 0)) })
  const { end, frames, stall } = viewer()
  const link = new AbortController()
  const lane = servePictures({ end, pictures: book, clock, closed: link.signal })
  book.setUrl(one, 'http://cam/image.jpg')
  expect(lane.watch(one)).toBe(true)
  await clock.advance(100)
  expect(frames.map(({ sequence }) => sequence)).toEqual([1])
  stall(1024 * 1024)
  await clock.advance(20_000)
  expect(frames).toHaveLength(1)
  expect(taken).toBe(11)
  stall(0)
  await clock.advance(100)
  expect(frames.map(({ sequence }) => sequence)).toEqual([1, 11])
  expect(lane.unwatch(one)).toBe(true)
  await clock.advance(10_000)
  expect([taken, clock.sleepers()]).toEqual([11, 0])
  link.abort(new Error('gone'))
})
test('a picture travels in pieces, and the end of the link ends the looking', async () => {
  const large = Uint8Array.from([...noise.subarray(0, -2), ...new Uint8Array(150_000).fill(0x11), 0xff, 0xd9])
  const { clock, book } = bench(async () => Promise.resolve(large))
  const { end, frames } = viewer()
  const link = new AbortController()
  servePictures({ end, pictures: book, clock, closed: link.signal }).watch(one)
  book.setUrl(one, 'http://cam/image.jpg')
  await clock.advance(0)
  expect(frames.map(({ offsetBytes }) => offsetBytes)).toEqual([0, 65_536, 131_072])
  expect(Buffer.concat(frames.map(({ piece }) => piece)).equals(large)).toBe(true)
  link.abort(new Error('gone'))
  await clock.advance(60_000)
  expect(clock.sleepers()).toBe(0)
})
test('over real sockets: a picture, one that never comes and 50 MB, side by side', async () => {
  const kinds = [{ jpeg }, 'silent', 'endless', 'text'] as const
  const server = createSnapshotHttp(kinds.map((kind) => ({ snapshot: () => kind })))
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  onTestFinished(async () => { server.closeAllConnections(); await new Promise<void>((resolve) => { server.close(() => { resolve() }) }) })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const { clock, book } = bench(fetchSnapshot)
  kinds.forEach((_, index) => { book.setUrl(cam(index + 1), `http://127.0.0.1:${port}/${index + 1}/image.jpg`); book.look(cam(index + 1)) })
  const settled = (): boolean => book.newest(one) !== undefined && book.view(cam(3))?.note !== '' && book.view(cam(4))?.note !== ''
  for (let turn = 0; turn < 1_000 && !settled(); turn += 1) { await clock.advance(0); await new Promise((resolve) => { setTimeout(resolve, 5) }) }
  expect(Buffer.compare(book.newest(one)?.bytes ?? new Uint8Array(), jpeg)).toBe(0)
  await clock.advance(4_000)
  expect(kinds.map((_, index) => book.view(cam(index + 1))?.note)).toEqual([
    '', 'The camera does not answer within 4 s', 'The camera sends more than 4 MiB for one picture', 'What came is no picture: it is no JPEG',
  ])
})
