import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createConsole } from '../../../src/main/core/consoles/consoleHub.ts'
import type { CameraConsole } from '../../../src/main/core/consoles/cameraConsole.ts'
import { serveByteLane } from '../../../src/main/core/consoles/laneServer.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'
import { type ByteLaneEnd, type LaneFrame, mostLaneRequests, unbundleLaneFrames } from '../../../src/shared/rpc/byteLane.ts'
import { createMemoryBridge } from '../../support/memoryBridge.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

function bench(historyBytes = 256 * 1024) {
  const clock = createVirtualClock()
  const bridge = createMemoryBridge()
  const cameraId = 'cam-1' as CameraId
  const hub = createConsole({ cameraId, open: bridge.open, clock, log: () => undefined, historyBytes })
  const consoles = new Map<string, CameraConsole>([[cameraId, hub]])
  const frames: LaneFrame[] = []
  let buffered = 0
  let messages = 0
  let ask: (message: string | Uint8Array) => void = () => undefined
  let hangUp = (): void => undefined
  const end: ByteLaneEnd = {
    send: (message) => { messages += 1; frames.push(...unbundleLaneFrames(message as Uint8Array)) },
    get bufferedBytes() { return buffered },
    onMessage: (listener) => { ask = listener },
    onClose: (listener) => { hangUp = listener },
  }
  const server = serveByteLane({ end, consoleOf: (id) => consoles.get(id), clock })
  const more = (id: string) => {
    const line = createMemoryBridge()
    const console = createConsole({ cameraId: id as CameraId, open: line.open, clock, log: () => undefined, historyBytes })
    consoles.set(id, console)
    return { ...line, console, watch: () => { ask(JSON.stringify({ do: 'watch', camera: id, after: 0 })) } }
  }
  return {
    clock, bridge, hub, frames, server, more, messages: () => messages,
    watch: (after = 0) => { ask(JSON.stringify({ do: 'watch', camera: 'cam-1', after })) },
    unwatch: () => { ask(JSON.stringify({ do: 'unwatch', camera: 'cam-1' })) },
    ask: (message: string | Uint8Array) => { ask(message) },
    hangUp: () => { hangUp() },
    stall: (bytes: number) => { buffered = bytes },
    payload: () => frames.filter(({ kind }) => kind === 'data').map(({ bytes }) => new TextDecoder().decode(bytes)).join(''),
  }
}

test('replay, then live in batches of 16 ms', async () => {
  const { clock, bridge, hub, frames, watch, unwatch, payload, hangUp } = bench()
  await clock.advance(0)
  bridge.say('history ')
  await clock.advance(0)
  watch()
  expect(payload()).toBe('history ')
  for (const letter of 'live') { bridge.say(letter); await clock.advance(2) }
  expect(payload()).toBe('history ')
  await clock.advance(16)
  expect(payload()).toBe('history live')
  expect(frames).toHaveLength(2)
  expect(frames[1]).toMatchObject({ position: 8 })
  unwatch()
  bridge.say('unseen')
  await clock.advance(100)
  expect(frames).toHaveLength(2)
  watch(8)
  expect(payload()).toBe('history liveliveunseen')
  hangUp()
  await hub.close()
  expect(clock.sleepers()).toBe(0)
})

test('the first news after a silence go at once, together with what came in the same moment', async () => {
  const { clock, bridge, hub, frames, messages, more, watch, hangUp } = bench()
  const other = more('cam-2')
  await clock.advance(0)
  watch()
  other.watch()
  await clock.advance(100)
  bridge.say('echo')
  other.say('and another')
  await clock.advance(0)
  expect(frames.map(({ camera }) => camera)).toEqual(['cam-1', 'cam-2'])
  bridge.say('more')
  await clock.advance(15)
  expect(messages()).toBe(1)
  await clock.advance(1)
  expect(messages()).toBe(2)
  hangUp()
  await other.console.close()
  await hub.close()
})

test('no frame is longer than 64 KiB', async () => {
  const { clock, bridge, hub, frames, watch, hangUp } = bench()
  await clock.advance(0)
  bridge.say('x'.repeat(200_000))
  await clock.advance(0)
  watch()
  expect(frames.map(({ bytes }) => bytes.length)).toEqual([65_536, 65_536, 65_536, 3_392])
  hangUp()
  await hub.close()
})

test('a viewer that does not keep up is skipped ahead and told how much it missed; the reader is not slowed', async () => {
  const { clock, bridge, hub, frames, watch, stall, hangUp } = bench(1_000)
  await clock.advance(0)
  watch()
  stall(1024 * 1024 + 1)
  for (let at = 0; at < 50; at += 1) { bridge.say('y'.repeat(100)); await clock.advance(20) }
  expect(frames).toHaveLength(0)
  expect(hub.stats().bytesReceived).toBe(5_000)
  stall(0)
  await clock.advance(20)
  expect(frames.map(({ kind, skippedBytes, position }) => [kind, skippedBytes, position])).toEqual([['skipped', 4_000, 0], ['data', 0, 4_000]])
  hangUp()
  await hub.close()
})

test('news of many consoles go as one message, the quiet ones first, and a burst of one gives a frame at a time', async () => {
  const { clock, bridge, hub, frames, messages, more, watch, hangUp } = bench()
  const others = Array.from({ length: 5 }, (_, index) => more(`cam-${index + 2}`))
  await clock.advance(0)
  watch()
  for (const other of others) other.watch()
  bridge.say('z'.repeat(200_000))
  for (const other of others) other.say('hello')
  await clock.advance(16)
  expect(messages()).toBe(1)
  expect(frames.map(({ camera, bytes }) => [camera, bytes.length])).toEqual([...[2, 3, 4, 5, 6].map((index) => [`cam-${index}`, 5]), ['cam-1', 65_536]])
  for (const other of others) other.say('again')
  await clock.advance(16)
  expect(frames.slice(6).map(({ camera }) => camera)).toEqual(['cam-2', 'cam-3', 'cam-4', 'cam-5', 'cam-6', 'cam-1'])
  await clock.advance(100)
  expect(frames.filter(({ camera }) => camera === 'cam-1').reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(200_000)
  hangUp()
  for (const other of others) await other.console.close()
  await hub.close()
  expect(clock.sleepers()).toBe(0)
})

test('a viewer of the end alone is sent a screenful of a burst and told what it was spared', async () => {
  const { clock, bridge, hub, frames, ask, hangUp } = bench()
  await clock.advance(0)
  ask(JSON.stringify({ do: 'watch', camera: 'cam-1', after: 0, onlyEnd: true }))
  bridge.say('quiet')
  await clock.advance(16)
  for (let at = 0; at < 4; at += 1) { bridge.say('z'.repeat(50_000)); await clock.advance(4) }
  bridge.say('the end')
  await clock.advance(16)
  expect(frames.map(({ kind, position, bytes, skippedBytes }) => [kind, position, bytes.length, skippedBytes])).toEqual([
    ['data', 0, 5, 0], ['skipped', 5, 4, 200_005 - 4_096 - 5], ['data', 200_005 - 4_096, 4_096, 0], ['data', 200_005, 7, 0],
  ])
  hangUp()
  await hub.close()
})

test('the requests of one message are each heard, and too many of them count as one of nonsense', async () => {
  const { clock, bridge, hub, frames, server, ask, hangUp, more } = bench()
  const other = more('cam-2')
  await clock.advance(0)
  ask(['cam-1', 'cam-9', 'cam-2'].map((camera) => JSON.stringify({ do: 'watch', camera, after: 0 })).join('\n'))
  expect(server.ignored()).toBe(1)
  bridge.say('one')
  other.say('two')
  await clock.advance(16)
  expect(frames.map(({ camera }) => camera).sort()).toEqual(['cam-1', 'cam-2'])
  const unwatch = JSON.stringify({ do: 'unwatch', camera: 'cam-1' })
  ask(Array.from({ length: mostLaneRequests + 1 }, () => unwatch).join('\n'))
  expect(server.ignored()).toBe(2)
  bridge.say('still here')
  await clock.advance(16)
  expect(frames.at(-1)?.camera).toBe('cam-1')
  ask(Array.from({ length: mostLaneRequests }, () => unwatch).join('\n'))
  expect(server.ignored()).toBe(2 + mostLaneRequests - 1)
  hangUp()
  await other.console.close()
  await hub.close()
})

test('nonsense is counted and answered with nothing', async () => {
  const { clock, hub, frames, server, ask, hangUp } = bench()
  await clock.advance(0)
  for (const message of ['', '{', '[]', 'null', '{"do":"watch"}', '{"do":"watch","camera":"cam-9","after":0}', '{"do":"watch","camera":"../x","after":0}',
    '{"do":"watch","camera":"cam-1","after":-1}', `{"do":"watch","camera":"cam-1","after":0,"x":"${'y'.repeat(5_000)}"}`, new Uint8Array([1, 2])]) ask(message)
  expect(server.ignored()).toBe(10)
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.uint8Array()), (noise) => { ask(noise) }))
  expect(frames).toHaveLength(0)
  hangUp()
  await hub.close()
})
