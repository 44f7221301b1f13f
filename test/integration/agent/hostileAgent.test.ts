import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createAgentClient } from '../../../src/main/core/agent/agentClient.ts'
import { createPacketReader, packPacket, wordBytes } from '../../../src/main/sim/agent/agentCodec.ts'
import { joinBytes } from '../../../src/shared/lifecycle/byteQueue.ts'
import { createMemoryCable } from '../../support/memoryCable.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

const { signal } = new AbortController()
const codes = { info: 1, read: 2, crc: 5, scan: 9, stream: 11, infoIs: 0x81, data: 0x82, ack: 0x83, crcIs: 0x84, scanIs: 0x86 } as const
const sector = 0x10000
const frame = (code: number, ...bytes: readonly number[]): Uint8Array => packPacket(code, Uint8Array.from(bytes))
const infoOf = (flashBytes: number, sectorBytes: number): Uint8Array =>
  frame(codes.infoIs, 0xef, 0x40, 0x18, 0, ...wordBytes(flashBytes, 0x40000000, sectorBytes, 4, 0xff, 0x14000000))
const soundInfo = infoOf(16 * sector, sector)

type Script = (code: number, data: Uint8Array) => readonly Uint8Array[]

/** A far end that says what the script says, and INFO by itself. */
function scripted(script: Script, info = soundInfo, beforeInfo: () => readonly Uint8Array[] = () => []) {
  const clock = createVirtualClock()
  const { near, far } = createMemoryCable()
  const client = createAgentClient({ transport: near, clock })
  const answer = async (): Promise<void> => {
    const reader = createPacketReader()
    for (let chunk = await far.read(signal); chunk; chunk = await far.read(signal)) {
      for (const { code, data } of reader.feed(chunk)) await far.write(joinBytes(code === codes.info ? [...beforeInfo(), info] : script(code, data)), signal)
    }
  }
  const answering = answer().catch(() => undefined)
  return {
    client, clock,
    run: async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        return await clock.run(work())
      } finally {
        await near.close()
        await answering
        expect(clock.sleepers()).toBe(0)
      }
    },
  }
}

describe('an agent that says strange things', () => {
  test.each([[0, sector], [16 * sector, 0], [16 * sector, 3], [16 * sector, 100], [16 * sector + 1, sector], [0xffff0000, sector], [16 * sector, 0x80000000]])('a flash of %i bytes in sectors of %i is not believed', async (flashBytes, sectorBytes) => {
    const { run, client } = scripted(() => [frame(codes.ack, 0)], infoOf(flashBytes, sectorBytes))
    await run(async () => {
      await expect(client.erase(0, sector, signal)).rejects.toMatchObject({ code: 'device/wrong-identity' })
      await expect(client.flashStream(0, new Uint8Array(10), {}, signal)).rejects.toMatchObject({ code: 'device/wrong-identity' })
    })
  })
  test.each([
    ['another total', [1, 0, 9, 0]], ['another sector', [2, 0, 2, 0]], ['no numbers', [1]],
  ])('a progress with %s ends the stream', async (_, progress) => {
    const { run, client } = scripted((code) => (code === codes.stream ? [frame(codes.ack, 0), frame(codes.data, ...progress)] : []))
    await expect(run(async () => client.flashStream(0, new Uint8Array(2 * sector), {}, signal))).rejects.toMatchObject({ code: progress.length > 1 ? 'link/gap' : 'link/garbled' })
  })
  test('a stream that is refused at once has touched nothing', async () => {
    const { run, client } = scripted(() => [frame(codes.ack, 2)])
    await expect(run(async () => client.flashStream(0, new Uint8Array(2 * sector), {}, signal))).rejects.toMatchObject({ code: 'device/refused', context: { flashStage: 'untouched' } })
  })
  test('a stream that is not answered may have touched the blank sectors at its beginning', async () => {
    const { run, client } = scripted(() => [])
    const image = new Uint8Array(3 * sector).fill(0xff)
    image[2 * sector] = 0
    await expect(run(async () => client.flashStream(0, image, {}, signal))).rejects.toMatchObject({ code: 'link/timeout', context: { flashStage: 'writing', untouchedFrom: 2 } })
  })
  test('more than was asked for is no answer', async () => {
    const { run, client } = scripted(() => [frame(codes.data, 0, 0, ...new Uint8Array(500)), frame(codes.data, 1, 0, ...new Uint8Array(500)), frame(codes.ack, 0)])
    await expect(run(async () => client.read(0x40000000, 600, signal))).rejects.toMatchObject({ code: 'link/gap' })
  })
  test('an ok without data is no data', async () => {
    const { run, client } = scripted(() => [frame(codes.ack, 0)])
    await expect(run(async () => client.read(0x40000000, 600, signal))).rejects.toMatchObject({ code: 'link/gap', context: { missingBytes: 600 } })
  })
  test('packets of another length are taken in a row, but not behind a gap', async () => {
    const memory = Uint8Array.from({ length: 2_000 }, (_, index) => index % 251)
    let asked = 0
    const { run, client } = scripted((_, data) => {
      const at = (data[0] ?? 0) + (data[1] ?? 0) * 256
      asked += 1
      const wanted = memory.subarray(at, at + (data[4] ?? 0) + (data[5] ?? 0) * 256)
      const pieces = Array.from({ length: Math.ceil(wanted.length / 700) }, (__, index) => frame(codes.data, index, 0, ...wanted.subarray(index * 700, index * 700 + 700)))
      return [...pieces.filter((__, index) => asked > 1 || index !== 1), frame(codes.ack, 0)]
    })
    expect(await run(async () => client.read(0x40000000, 2_000, signal))).toEqual(memory)
    expect(asked).toBe(2)
  })
  test('only the short last packet arrived: its place is known by its number', async () => {
    const memory = Uint8Array.from({ length: 2_100 }, (_, index) => index % 251)
    let asked = 0
    const { run, client } = scripted((_, data) => {
      const at = (data[0] ?? 0) + (data[1] ?? 0) * 256
      const wanted = memory.subarray(at, at + (data[4] ?? 0) + (data[5] ?? 0) * 256)
      asked += 1
      const pieces = Array.from({ length: Math.ceil(wanted.length / 1022) }, (__, index) => frame(codes.data, index, 0, ...wanted.subarray(index * 1022, index * 1022 + 1022)))
      return [...(asked === 1 ? pieces.slice(2) : pieces), frame(codes.ack, 0)]
    })
    expect(await run(async () => client.read(0x40000000, 2_100, signal))).toEqual(memory)
  })
  test('a scan that announces other sectors than the flash has', async () => {
    const { run, client } = scripted(() => [frame(codes.scanIs, 0xff, 0xff, 0xff, 0xff)])
    await expect(run(async () => client.scan(signal))).rejects.toMatchObject({ code: 'device/wrong-identity' })
  })
  test('a scan without an end', async () => {
    const { run, client } = scripted(() => [frame(codes.scanIs, 16, 0, 0, 0), ...Array.from({ length: 10 }, () => frame(codes.scanIs, ...new Uint8Array(40)))])
    await expect(run(async () => client.scan(signal))).rejects.toMatchObject({ code: 'link/garbled' })
  })
  test('the answer of another command', async () => {
    const { run, client } = scripted(() => [frame(codes.scanIs, 16, 0, 0, 0)])
    await expect(run(async () => client.crc32(0x40000000, 600, signal))).rejects.toMatchObject({ code: 'link/garbled' })
    const second = scripted(() => [frame(codes.crcIs, 0, 0, 0, 0)])
    await expect(second.run(async () => second.client.erase(0, sector, signal))).rejects.toMatchObject({ code: 'link/garbled' })
  })
  test('a late answer of a question that was given up is not taken for the next one', async () => {
    let late: Uint8Array[] = []
    let isFirst = true
    const takeLate = (): readonly Uint8Array[] => { const all = late; late = []; return all }
    const { run, client, clock } = scripted((_, data) => {
      const sum = frame(codes.crcIs, data[0] ?? 0, 0, 0, 0)
      if (!isFirst) return [...takeLate(), sum]
      isFirst = false
      late = [sum]
      return []
    }, soundInfo, takeLate)
    await run(async () => {
      await client.info(signal)
      const stop = new AbortController()
      const first = client.crc32(0x40000001, 5, stop.signal)
      first.catch(() => undefined)
      await clock.sleep(100, signal)
      stop.abort(new Error('given up'))
      await expect(first).rejects.toThrow('given up')
      expect(await client.crc32(0x40000002, 5, signal)).toBe(2)
    })
  })
  test('noise of any kind ends in an error of ours, in bounded time', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (noise) => {
      const { run, client, clock } = scripted(() => [noise])
      await run(async () => {
        await expect(client.scan(signal)).rejects.toMatchObject({ name: 'WorkbenchError' })
        expect(clock.nowMs()).toBeLessThan(200_000)
      })
    }), { numRuns: 30 })
  })
})
