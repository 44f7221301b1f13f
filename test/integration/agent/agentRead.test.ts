import { describe, expect, test } from 'vitest'
import { crc32 } from '../../../src/shared/bytes/crc32.ts'
import { waitForAgent } from '../../../src/main/core/agent/agentClient.ts'
import { createAgentBench, denseImage } from '../../support/agentBench.ts'

const { signal } = new AbortController()
const window = 0x14000000

describe('finding the agent', () => {
  test('READY, then INFO', async () => {
    const bench = createAgentBench()
    const info = await bench.run(async () => waitForAgent(bench.client, signal))
    expect(info).toMatchObject({ jedecId: 'ef4018', flashKind: 'nor', flashBytes: 1024 * 1024, sectorBytes: 0x10000, version: 4, flashWindow: window })
    expect(info.capabilities.size).toBe(8)
  })
  test('a silent agent fails after 10 s, with a word about the memory of another board', async () => {
    const bench = createAgentBench({ oddities: { mute: true } })
    await bench.run(async () => {
      await expect(waitForAgent(bench.client, signal)).rejects.toMatchObject({ code: 'device/no-answer', hint: expect.stringContaining('another variant') as string })
      expect(bench.clock.nowMs()).toBeLessThan(11_000)
    })
  })
  test('noise instead of packets is told apart from silence', async () => {
    const bench = createAgentBench({ oddities: { mute: true } })
    await bench.run(async () => {
      await bench.line.port.send(new TextEncoder().encode('U-Boot 2016.11\r\nOpenIPC # '), signal)
      await expect(waitForAgent(bench.client, signal)).rejects.toMatchObject({ code: 'device/no-answer', hint: expect.stringContaining('something else is running') as string })
    })
  })
  test('what was typed before does not swallow the first question', async () => {
    const bench = createAgentBench()
    await bench.run(async () => {
      await bench.line.host.write(new TextEncoder().encode('half a line'), signal)
      await bench.client.info(signal)
      expect(bench.clock.nowMs()).toBeLessThan(1_000)
    })
  })
  test('an agent that is gone is said to be gone, in bounded time', async () => {
    const bench = createAgentBench({ oddities: { mute: true } })
    await bench.run(async () => {
      await expect(bench.client.info(signal)).rejects.toMatchObject({ code: 'device/no-answer', hint: expect.stringContaining('silent') as string })
      expect(bench.clock.nowMs()).toBeLessThan(60_000)
    })
  })
})

describe('reading', () => {
  test('a whole flash with one packet in twenty lost equals the cells', async () => {
    const bench = createAgentBench({ flashBytes: 2 * 1024 * 1024, oddities: { readLoss: 0.05 }, fastBaudRate: 921_600 })
    bench.flash.cells.set(denseImage(bench.flash.cells.length))
    const { bytes, crc32: sum } = await bench.run(async () => bench.client.readFlash(0, bench.flash.cells.length, signal))
    expect(bytes).toEqual(bench.flash.cells)
    expect(sum).toBe(crc32(bench.flash.cells))
    expect(bench.notes.some((note) => note.includes('lost on the line'))).toBe(true)
  })
  test('only what is missing is read again', async () => {
    const bench = createAgentBench({ oddities: { readLoss: 0.02 } })
    bench.flash.cells.set(denseImage(bench.flash.cells.length))
    await bench.run(async () => bench.client.readFlash(0, 512 * 1024, signal))
    expect(bench.line.counts.toHost).toBeLessThan(512 * 1024 * 1.4)
  })
  test('an odd range, also in RAM', async () => {
    const bench = createAgentBench()
    bench.flash.cells.set(denseImage(bench.flash.cells.length))
    bench.ram.write(0x40000123, Uint8Array.of(1, 0, 2, 0, 0))
    await bench.run(async () => {
      expect((await bench.client.readFlash(70_001, 3_333, signal)).bytes).toEqual(bench.flash.cells.slice(70_001, 73_334))
      expect(await bench.client.read(0x40000123, 5, signal)).toEqual(Uint8Array.of(1, 0, 2, 0, 0))
    })
  })
  test('damaged packets on the way are the same as lost ones', async () => {
    const bench = createAgentBench({ oddities: { damagesEvery: 23 } })
    bench.flash.cells.set(denseImage(bench.flash.cells.length))
    expect((await bench.run(async () => bench.client.readFlash(0, 256 * 1024, signal))).bytes).toEqual(bench.flash.cells.slice(0, 256 * 1024))
    expect(bench.client.link.counts.droppedFrames).toBeGreaterThan(5)
  })
  test('READY between all packets changes nothing', async () => {
    const bench = createAgentBench({ oddities: { readyEverywhere: true } })
    bench.flash.cells.set(denseImage(bench.flash.cells.length))
    expect((await bench.run(async () => bench.client.readFlash(0, 100_000, signal))).bytes).toEqual(bench.flash.cells.slice(0, 100_000))
    expect(bench.client.link.counts.readyPackets).toBeGreaterThan(100)
  })
  test('a refused address is an error, and never no bytes', async () => {
    const bench = createAgentBench()
    await bench.run(async () => {
      await expect(bench.client.read(0x1000_0000, 64, signal)).rejects.toMatchObject({ code: 'device/refused', context: { status: 2 } })
      await expect(bench.client.crc32(0x1000_0000, 64, signal)).rejects.toMatchObject({ code: 'device/refused' })
      await expect(bench.client.readFlash(bench.flash.cells.length, 1, signal)).rejects.toMatchObject({ code: 'input/too-large' })
      await expect(bench.client.crc32(window, 0, signal)).rejects.toMatchObject({ code: 'input/too-large' })
    })
  })
  test('everything lost ends in an error that names the place', async () => {
    const bench = createAgentBench({ oddities: { readLoss: 1 } })
    await expect(bench.run(async () => bench.client.read(window + 0x2000, 4096, signal))).rejects.toMatchObject({
      code: 'link/gap', context: { address: window + 0x2000, missingBytes: 4096 },
    })
  })
  test('a flash that reads differently each time is not a good copy', async () => {
    const bench = createAgentBench({ oddities: { unstableSectors: [1] } })
    await expect(bench.run(async () => bench.client.readFlash(0, 3 * 0x10000, signal))).rejects.toMatchObject({
      code: 'device/wrong-content', hint: expect.stringContaining('unstable') as string,
    })
  })
  test('a cancelled read leaves no answers for the next question', async () => {
    const bench = createAgentBench()
    bench.flash.cells.set(denseImage(bench.flash.cells.length))
    await bench.run(async () => {
      const stop = new AbortController()
      const reading = bench.client.read(window, 512 * 1024, stop.signal)
      reading.catch(() => undefined)
      await bench.clock.sleep(3_000, signal)
      stop.abort(new Error('enough'))
      await expect(reading).rejects.toThrow('enough')
      expect(await bench.client.crc32(window, 0x10000, signal)).toBe(crc32(bench.flash.cells.slice(0, 0x10000)))
      expect(await bench.client.read(window + 5, 3, signal)).toEqual(bench.flash.cells.slice(5, 8))
    })
  })
  test('a closed line ends the read at once', async () => {
    const bench = createAgentBench()
    await bench.run(async () => {
      const reading = bench.client.read(window, 512 * 1024, signal)
      reading.catch(() => undefined)
      await bench.clock.sleep(3_000, signal)
      await bench.line.host.close()
      await expect(reading).rejects.toMatchObject({ code: 'link/closed' })
    })
  })
})

describe('sums', () => {
  test('a slow chip gets the time it needs', async () => {
    const bench = createAgentBench({ flashBytes: 4 * 1024 * 1024, oddities: { crcBytesPerMs: 150 } })
    await bench.run(async () => {
      expect(await bench.client.crc32(window, bench.flash.cells.length, signal)).toBe(crc32(bench.flash.cells))
      expect(bench.clock.nowMs()).toBeGreaterThan(25_000)
    })
  })
  test.each([[20, 'link/timeout'], [1, 'device/no-answer']] as const)('at %i KB/s it is an error after some tries', async (crcBytesPerMs, code) => {
    const bench = createAgentBench({ oddities: { crcBytesPerMs } })
    await expect(bench.run(async () => bench.client.crc32(window, 512 * 1024, signal))).rejects.toMatchObject({ code })
  })
})

describe('the baud rate', () => {
  test('is raised for much, not for little, and given back', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600 })
    bench.flash.cells.set(denseImage(bench.flash.cells.length))
    await bench.run(async () => {
      await bench.client.read(window, 4096, signal)
      expect(bench.client.link.baudRate).toBe(115_200)
      const startedMs = bench.clock.nowMs()
      await bench.client.readFlash(0, 512 * 1024, signal)
      expect(bench.client.link.baudRate).toBe(921_600)
      expect(bench.clock.nowMs() - startedMs).toBeLessThan(7_000)
      await bench.client.release(signal)
      expect([bench.client.link.baudRate, bench.line.port.baudRate]).toEqual([115_200, 115_200])
    })
  })
  test('no SET_BAUD goes to an agent that the line could not follow', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600, canSetBaudRate: false })
    await bench.run(async () => {
      await bench.client.readFlash(0, 0x10000, signal)
      expect(bench.line.port.baudRate).toBe(115_200)
      expect(await bench.client.useBaudRate(921_600, signal)).toEqual({ switched: false, baudRate: 115_200, why: 'transport-cannot-follow' })
    })
  })
  test.each([['deaf', 10_000], ['gone', 60_000], ['refused', 5_000]] as const)('a switch that fails (%s) leaves a slow line that works', async (baudSwitch, limitMs) => {
    const bench = createAgentBench({ fastBaudRate: 921_600, oddities: { baudSwitch } })
    await bench.run(async () => {
      await bench.client.info(signal)
      expect(await bench.client.useBaudRate(921_600, signal)).toMatchObject({ switched: false, baudRate: 115_200 })
      expect(bench.clock.nowMs()).toBeLessThan(limitMs)
      expect(await bench.client.crc32(window, 0x10000, signal)).toBe(0xdeab7e4e)
      await bench.client.readFlash(0, 0x10000, signal)
      expect(bench.client.link.baudRate).toBe(115_200)
    })
  })
  test('a lost answer to SET_BAUD is cleared up at the new rate', async () => {
    const bench = createAgentBench({ oddities: { baudSwitch: 'silent-ack' } })
    await bench.run(async () => {
      expect(await bench.client.useBaudRate(921_600, signal)).toEqual({ switched: true, baudRate: 921_600 })
    })
  })
  test('an agent that fell back while nobody asked is found again', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600 })
    await bench.run(async () => {
      await bench.client.useBaudRate(921_600, signal)
      await bench.clock.sleep(60_000, signal)
      expect(bench.line.port.baudRate).toBe(115_200)
      expect(await bench.client.crc32(window, 0x10000, signal)).toBe(0xdeab7e4e)
      expect(bench.client.link.baudRate).toBe(115_200)
    })
  })
  test('an old agent is not asked for what it does not claim', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600, oddities: { version: 1 } })
    await bench.run(async () => {
      await bench.client.readFlash(0, 0x10000, signal)
      expect(bench.client.link.baudRate).toBe(115_200)
      await expect(bench.client.useBaudRate(921_600, signal)).rejects.toMatchObject({ code: 'input/not-supported' })
      await expect(bench.client.useBaudRate(300, signal)).rejects.toMatchObject({ code: 'input/malformed' })
    })
  })
})
