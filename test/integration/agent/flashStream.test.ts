import { describe, expect, test } from 'vitest'
import { crc32 } from '../../../src/shared/bytes/crc32.ts'
import { Cancelled } from '../../../src/shared/errors/workbenchError.ts'
import type { FlashStreamState } from '../../../src/main/core/agent/flashStreamState.ts'
import { describeFlash, stateWhileWriting } from '../../../src/main/core/agent/flashStreamState.ts'
import { type AgentBench, createAgentBench, denseImage, patternImage } from '../../support/agentBench.ts'

const { signal } = new AbortController()
const sector = 0x10000
const stream = async (bench: AgentBench, image: Uint8Array, states: FlashStreamState[] = [], offsetBytes = 0, stop: AbortSignal = signal) =>
  bench.client.flashStream(offsetBytes, image, { onState: (state) => { states.push(state) } }, stop)

describe('streaming an image', () => {
  test('erases, writes and proves; blank sectors are not sent', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600 })
    bench.flash.cells.fill(0)
    const image = patternImage('##..#0..')
    const states: FlashStreamState[] = []
    const written = await bench.run(async () => stream(bench, image, states, 4 * sector))
    expect(written).toEqual({ writtenBytes: image.length, sectorCount: 8, sentSectors: 4, erasedTailBytes: 0, crc32: crc32(image) })
    expect(bench.flash.cells.slice(4 * sector, 12 * sector)).toEqual(image)
    expect([bench.flash.cells[4 * sector - 1], bench.flash.cells[12 * sector]]).toEqual([0, 0])
    expect(states.at(-1)).toMatchObject({ stage: 'proved' })
    expect(bench.line.counts.toAgent).toBeLessThan(4 * sector * 1.05)
  })
  test('READY everywhere and a slow sum change nothing', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600, oddities: { readyEverywhere: true, crcBytesPerMs: 150 } })
    const image = denseImage(3 * sector)
    await bench.run(async () => stream(bench, image))
    expect(bench.flash.cells.slice(0, image.length)).toEqual(image)
  })
  test('an image that ends inside a sector takes the rest of the sector with it, and says so', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600 })
    bench.flash.cells.fill(0)
    const written = await bench.run(async () => stream(bench, denseImage(sector + 5)))
    expect(written).toMatchObject({ writtenBytes: sector + 5, sectorCount: 2, erasedTailBytes: sector - 5 })
    expect(bench.flash.cells.subarray(sector + 5, 2 * sector).every((byte) => byte === 0xff)).toBe(true)
    expect(bench.flash.cells[2 * sector]).toBe(0)
  })
  test('a blank image of 512 sectors sends no content', async () => {
    const bench = createAgentBench({ flashBytes: 32 * 1024 * 1024 })
    bench.flash.cells.fill(0)
    const written = await bench.run(async () => stream(bench, new Uint8Array(32 * 1024 * 1024).fill(0xff)))
    expect(written).toMatchObject({ sectorCount: 512, sentSectors: 0 })
    expect(bench.flash.cells.every((byte) => byte === 0xff)).toBe(true)
    expect(bench.line.counts.toAgent).toBeLessThan(2_000)
  })
  test('behind 32 MiB the packet numbers begin again', async () => {
    const bench = createAgentBench({ flashBytes: 34 * 1024 * 1024, fastBaudRate: 921_600 })
    const image = new Uint8Array(34 * 1024 * 1024).fill(0xff)
    image.set(denseImage(2 * sector), 33 * 1024 * 1024)
    await bench.run(async () => stream(bench, image))
    expect(bench.flash.cells.subarray(33 * 1024 * 1024, 33 * 1024 * 1024 + 2 * sector)).toEqual(image.subarray(33 * 1024 * 1024, 33 * 1024 * 1024 + 2 * sector))
  })
  test('what does not fit, is empty or begins inside a sector is refused before anything happens', async () => {
    const bench = createAgentBench()
    await bench.run(async () => {
      await expect(stream(bench, new Uint8Array(17 * sector))).rejects.toMatchObject({ code: 'input/too-large' })
      await expect(stream(bench, new Uint8Array())).rejects.toMatchObject({ code: 'input/malformed' })
      await expect(stream(bench, new Uint8Array(5), [], 100)).rejects.toMatchObject({ code: 'input/malformed' })
      await expect(stream(bench, new Uint8Array(sector), [], 16 * sector)).rejects.toMatchObject({ code: 'input/too-large' })
    })
    expect(bench.flash.counters.erasedBytes).toBe(0)
  })
})

describe('a stream that goes wrong', () => {
  test('an error in the middle of a sector stops the sending and says what is in the flash', async () => {
    const bench = createAgentBench({ oddities: { streamErrorAtSector: 3 } })
    bench.flash.cells.fill(0)
    const image = denseImage(8 * sector)
    await bench.run(async () => {
      await expect(stream(bench, image)).rejects.toMatchObject({
        code: 'device/refused', message: expect.stringContaining('2 of 8 sectors are written but not proved') as string,
        context: { status: 2, doneSectors: 3, flashStage: 'writing', reportedSectors: 2, untouchedFrom: 4 },
      })
      // Seen within the sector, and the line is in step again.
      expect(bench.line.counts.toAgent).toBeLessThan(3.5 * sector * 1.03)
      expect(await bench.client.crc32(0x14000000, 2 * sector, signal)).toBe(crc32(image.subarray(0, 2 * sector)))
    })
    expect(bench.flash.cells.subarray(4 * sector, 8 * sector).every((byte) => byte === 0)).toBe(true)
  })
  test('an early ok is not a success', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600, oddities: { streamEndsAfter: 2 } })
    await expect(bench.run(async () => stream(bench, denseImage(4 * sector)))).rejects.toMatchObject({ code: 'link/gap', context: { doneSectors: 2, sectorCount: 4 } })
  })
  test('a lost packet ends in an error, not in a shifted image', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600, oddities: { losesDataPacket: 200 } })
    await expect(bench.run(async () => stream(bench, denseImage(4 * sector)))).rejects.toMatchObject({ code: 'device/refused', context: { doneSectors: 1 } })
  })
  test('a lost packet is made good by a second beginning where the doubt begins, and the whole is proved', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600, oddities: { losesDataPacket: 300 } })
    const image = denseImage(4 * sector)
    const [states, again]: [FlashStreamState[], string[]] = [[], []]
    const done = await bench.run(async () => bench.client.flashStream(0, image, { onState: (state) => { states.push(state) }, attempts: 3, onAgain: ({ message }) => { again.push(message) } }, signal))
    expect(done).toMatchObject({ writtenBytes: image.length, sectorCount: 4 })
    expect(bench.flash.cells.subarray(0, image.length)).toEqual(image)
    expect(again).toHaveLength(1)
    // Nothing that was in doubt is ever called untouched again.
    const doubt = states.map(({ untouchedFrom }) => untouchedFrom)
    expect(doubt).toEqual(doubt.toSorted((a, b) => a - b))
    expect(states.at(-1)).toMatchObject({ stage: 'proved', sectorCount: 4 })
  })
  test('a sector that always fails is given up after its attempts, with both reasons and the state of all sectors', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600, oddities: { streamErrorAtSector: 0 } })
    await expect(bench.run(async () => bench.client.flashStream(0, denseImage(4 * sector), { attempts: 3 }, signal))).rejects.toMatchObject({
      code: 'device/refused', message: expect.stringMatching(/it was tried 3 times; in the flash/) as string, hint: expect.stringContaining('the line loses bytes') as string, context: { sectorCount: 4 },
    })
  })
  test('a flash that ignores erasing says ok to everything and fails the proof', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600, oddities: { ignoresErase: true } })
    bench.flash.cells.fill(0x55)
    const states: FlashStreamState[] = []
    await expect(bench.run(async () => stream(bench, denseImage(4 * sector), states))).rejects.toMatchObject({
      code: 'device/wrong-content', message: expect.stringContaining('written, but not proved') as string, hint: expect.stringContaining('write protection') as string,
    })
    expect(states.map(({ stage }) => stage)).not.toContain('proved')
  })
  test('one wrong cell in the last sector fails the proof and is located', async () => {
    const bench = createAgentBench({
      flashBytes: 2 * 1024 * 1024, fastBaudRate: 921_600, landing: (offsetBytes, page) => (offsetBytes === 0x1f_ff00 ? page.map((byte) => byte & 0xfe) : undefined),
    })
    await expect(bench.run(async () => stream(bench, denseImage(2 * 1024 * 1024)))).rejects.toMatchObject({
      code: 'device/wrong-content', context: { address: 0x14100000, flashStage: 'written' },
    })
  })
  test('a sum that never comes is no success', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600, oddities: { crcBytesPerMs: 1 } })
    await expect(bench.run(async () => stream(bench, denseImage(2 * sector)))).rejects.toMatchObject({ context: { flashStage: 'written' } })
  })
  test('a line that is closed in the middle', async () => {
    const bench = createAgentBench()
    await bench.run(async () => {
      const writing = stream(bench, denseImage(4 * sector))
      writing.catch(() => undefined)
      await bench.clock.sleep(9_000, signal)
      await bench.line.host.close()
      await expect(writing).rejects.toMatchObject({ code: 'link/closed', context: { flashStage: 'writing', untouchedFrom: 2 } })
    })
  })
})

describe('a stream that is cancelled', () => {
  test('in the middle: the message says what the flash holds, and it does', async () => {
    const bench = createAgentBench()
    bench.flash.cells.fill(0)
    const image = denseImage(8 * sector)
    const states: FlashStreamState[] = []
    await bench.run(async () => {
      const stop = new AbortController()
      const writing = stream(bench, image, states, 0, stop.signal)
      writing.catch(() => undefined)
      // 5.8 s for a sector at 115200 baud.
      await bench.clock.sleep(20_000, signal)
      stop.abort(new Cancelled('Stopped by hand'))
      const error: unknown = await writing.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(Cancelled)
      expect((error as Error).message).toBe(
        'Stopped by hand; in the flash, 2 of 8 sectors are written but not proved, the sectors from 2 to 3 may be erased or half written, those from 4 on are as before',
      )
      // The agent gives up by itself; then it is asked what it holds.
      expect(await bench.client.crc32(0x14000000, 2 * sector, signal)).toBe(crc32(image.subarray(0, 2 * sector)))
      expect(await bench.client.crc32(0x14000000 + 4 * sector, 4 * sector, signal)).toBe(crc32(new Uint8Array(4 * sector)))
      // And the image can be written after all.
      await stream(bench, image)
      expect(bench.flash.cells.slice(0, image.length)).toEqual(image)
    })
  })
  test('before it began: nothing is touched', async () => {
    const bench = createAgentBench()
    await bench.run(async () => {
      await bench.client.info(signal)
      await expect(stream(bench, denseImage(sector), [], 0, AbortSignal.abort(new Cancelled('no')))).rejects.toThrow('no')
    })
    expect(bench.flash.counters.erasedBytes).toBe(0)
  })
})

describe('what is known about the flash', () => {
  const rows: readonly [string, number, number, number, number][] = [
    // pattern, progress, sent, reported, untouched from
    ['####', 0, 0, 0, 0], ['####', 0, 1, 0, 1], ['####', 1, 1, 0, 1], ['####', 2, 3, 1, 3], ['####', 4, 4, 3, 4],
    // The agent erases blank sectors without being asked again.
    ['..##', 0, 0, 0, 2], ['#..#', 0, 0, 0, 0], ['#..#', 0, 1, 0, 3], ['#..#', 1, 1, 0, 3], ['#...', 1, 1, 0, 4], ['....', 0, 0, 0, 4],
  ]
  test.each(rows)('%s: %i counted, %i sent', (pattern, progress, sent, reportedSectors, untouchedFrom) => {
    const filled = [...pattern].map((letter) => letter === '#')
    expect(stateWhileWriting(filled, progress, sent)).toEqual({ stage: 'writing', sectorCount: filled.length, reportedSectors, untouchedFrom })
  })
  test('in words', () => {
    const base = { sectorCount: 4, reportedSectors: 0, untouchedFrom: 0 }
    expect(describeFlash({ stage: 'untouched', ...base })).toBe('the flash was not touched')
    expect(describeFlash({ stage: 'writing', ...base })).toBe('the flash was not touched')
    expect(describeFlash({ stage: 'proved', ...base })).toContain('proved')
  })
})
