import { expect, test } from 'vitest'
import { createVirtualClock } from '../../../../../test/support/virtualClock.ts'
import type { StoredBytes } from '../../../../shared/bytes/storedBytes.ts'
import type { TftpBackend } from '../../../../shared/devices/tftpBackend.ts'
import { bytesOfLoad, type Load } from './layout.ts'
import { createStager } from './stager.ts'

const { signal } = new AbortController()
const lengthBytes = 65_536

test('of what comes from the disk two files are in memory at a time, however much room the server has; all of it arrives in order', async () => {
  let held = 0
  let mostHeld = 0
  const read: number[] = []
  const stored = (index: number): StoredBytes => ({
    isStored: true, length: lengthBytes, sha256: '', head: new Uint8Array(), crc32: () => 0, subarray: () => stored(index),
    read: async () => { read.push(index); return new Uint8Array(lengthBytes).fill(index) },
  })
  const loads = Array.from({ length: 9 }, (_, index): Load => ({
    name: `rb-${index}`, lengthBytes, parts: [{ name: `mtd1.${index}`, source: 'mtd1', offsetBytes: index * lengthBytes, bytes: stored(index), eraseBytes: lengthBytes, isBoot: false }],
  }))
  const backend: TftpBackend = {
    kind: 'host', serverAddress: '', cameraAddress: '', port: 69, clear: async () => undefined,
    capacity: async () => ({ maxFiles: 256, maxFileBytes: 2 ** 30, largestFreeBytes: 2 ** 30, freeBytes: 2 ** 30 }),
    stage: async (name, bytes) => {
      expect([bytes.length, bytes[0]]).toEqual([lengthBytes, Number(name.slice(3))])
      held += 1
      mostHeld = Math.max(mostHeld, held)
      return { name, lengthBytes: bytes.length, remove: async () => { held -= 1 } }
    },
  }
  const clock = createVirtualClock()
  const stager = createStager({ backend, loads, imageOf: bytesOfLoad, clock, tell: () => undefined })
  stager.unblock()
  for (const index of loads.keys()) {
    expect((await clock.run(stager.ready(index, signal))).name).toBe(`rb-${index}`)
    await stager.drop(index, signal)
  }
  await stager.close(signal)
  expect(read).toEqual([...loads.keys()])
  expect(mostHeld).toBe(2)
  expect(held).toBe(0)
})
