import { describe, expect, test } from 'vitest'
import { examineFlash, mapOf } from '../../../src/main/core/agent/flashDoctor.ts'
import { findingsOf } from '../../../src/shared/agent/flashMap.ts'
import { mapRows } from '../../../src/shared/agent/mapText.ts'
import { createAgentBench, denseImage, patternImage } from '../../support/agentBench.ts'

const { signal } = new AbortController()
const sector = 0x10000

describe('erasing', () => {
  test('blanks the sectors, proves it, and leaves the neighbours', async () => {
    const bench = createAgentBench({ oddities: { readyEverywhere: true } })
    bench.flash.cells.fill(0)
    const seen: number[] = []
    await bench.run(async () => bench.client.erase(2 * sector, 3 * sector, signal, (done) => { seen.push(done) }))
    expect(bench.flash.cells.subarray(2 * sector, 5 * sector).every((byte) => byte === 0xff)).toBe(true)
    expect([bench.flash.cells[2 * sector - 1], bench.flash.cells[5 * sector]]).toEqual([0, 0])
    expect(seen).toEqual([sector, 2 * sector, 3 * sector])
  })
  test('an error in the middle is seen at once, though READY goes on', async () => {
    const bench = createAgentBench({ oddities: { eraseErrorAtSector: 2, readyEverywhere: true } })
    await bench.run(async () => {
      await expect(bench.client.erase(0, 8 * sector, signal)).rejects.toMatchObject({ code: 'device/refused', context: { status: 2, erasedSectors: 2, sectorCount: 8 } })
      expect(bench.clock.nowMs()).toBeLessThan(2_000)
    })
  })
  test('an early ok is not a success', async () => {
    const bench = createAgentBench({ oddities: { eraseEndsAtSector: 2 } })
    await expect(bench.run(async () => bench.client.erase(0, 8 * sector, signal))).rejects.toMatchObject({ code: 'link/gap', context: { erasedSectors: 2 } })
  })
  test('a flash that ignores it is found out by its content', async () => {
    const bench = createAgentBench({ oddities: { ignoresErase: true } })
    bench.flash.cells.fill(0)
    await expect(bench.run(async () => bench.client.erase(0, sector, signal))).rejects.toMatchObject({
      code: 'device/wrong-content', hint: expect.stringContaining('write protection') as string,
    })
  })
  test('half sectors and places behind the end are refused before anything happens', async () => {
    const bench = createAgentBench()
    await bench.run(async () => {
      await expect(bench.client.erase(1, sector, signal)).rejects.toMatchObject({ code: 'input/malformed' })
      await expect(bench.client.erase(0, sector - 1, signal)).rejects.toMatchObject({ code: 'input/malformed' })
      await expect(bench.client.erase(0, 17 * sector, signal)).rejects.toMatchObject({ code: 'input/too-large' })
      await expect(bench.client.erase(0, 0, signal)).rejects.toMatchObject({ code: 'input/malformed' })
    })
    expect(bench.flash.counters.erasedBytes).toBe(0)
  })
})

describe('writing', () => {
  test('RAM, more than one window, with a window that loses a packet', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600, oddities: { losesDataPacket: 100 } })
    const content = denseImage(300_001)
    const seen: number[] = []
    await bench.run(async () => bench.client.write(0x41000000, content, signal, (done) => { seen.push(done) }))
    expect(bench.ram.read(0x41000000, content.length)).toEqual(content)
    expect(seen).toEqual([256 * 1024, 300_001])
  })
  test('without a fault it keeps the line busy', async () => {
    const bench = createAgentBench({ fastBaudRate: 921_600 })
    await bench.run(async () => {
      await bench.client.useBaudRate(921_600, signal)
      const startedMs = bench.clock.nowMs()
      await bench.client.write(0x41000000, denseImage(1024 * 1024), signal)
      expect(1024 * 1024 / (bench.clock.nowMs() - startedMs)).toBeGreaterThan(86)
    })
  })
  test('flash only where it is erased', async () => {
    const bench = createAgentBench()
    bench.flash.cells.fill(0, 0, sector)
    const content = denseImage(5_000)
    await bench.run(async () => {
      await expect(bench.client.write(0, content, signal)).rejects.toMatchObject({ code: 'device/wrong-content', hint: expect.stringContaining('Erase the range first') as string })
      expect(bench.flash.counters.programmedBytes).toBe(0)
      await bench.client.write(sector, content, signal)
    })
    expect(bench.flash.cells.slice(sector, sector + 5_000)).toEqual(content)
  })
  test('an address that is neither RAM nor flash is refused here, the flash window too', async () => {
    const bench = createAgentBench()
    await bench.run(async () => {
      await expect(bench.client.write(0x14000000, Uint8Array.of(1), signal)).rejects.toMatchObject({ code: 'input/malformed', hint: expect.stringContaining('offsets from 0') as string })
      await expect(bench.client.write(0x41000000, new Uint8Array(), signal)).rejects.toMatchObject({ code: 'input/malformed' })
    })
  })
  test('cells that take other bytes than they were given are found out', async () => {
    const bench = createAgentBench({ landing: (offsetBytes, page) => (offsetBytes === 0x400 ? page.map((byte, index) => (index === 9 ? byte & 0x7e : byte)) : undefined) })
    await expect(bench.run(async () => bench.client.write(0, new Uint8Array(5_000).fill(0xab), signal))).rejects.toMatchObject({ code: 'device/wrong-content' })
  })
})

describe('the rest', () => {
  test('reboot is confirmed, and the host goes back to the first rate', async () => {
    const bench = createAgentBench()
    await bench.run(async () => {
      await bench.client.useBaudRate(921_600, signal)
      await bench.client.reboot(signal)
      expect(bench.client.link.baudRate).toBe(115_200)
      expect(await bench.ended).toBe('reboot')
    })
  })
  test('memory is measured', async () => {
    const bench = createAgentBench()
    await bench.run(async () => {
      expect(await bench.client.memoryBandwidth({ lengthBytes: 0, iterations: 0, address: 0 }, signal)).toMatchObject({ lengthBytes: 4 * 1024 * 1024, iterations: 8, timerHz: 24_000_000 })
      await expect(bench.client.memoryBandwidth({ lengthBytes: 100, iterations: 1, address: 0 }, signal)).rejects.toMatchObject({ code: 'input/malformed' })
    })
  })
  test('a new agent is sent, checked and asked', async () => {
    const bench = createAgentBench()
    const code = denseImage(20_000)
    await bench.run(async () => {
      expect(await bench.client.selfUpdate(0x42000000, code, signal)).toMatchObject({ version: 4 })
      await expect(bench.client.selfUpdate(0x42000000, new Uint8Array(256 * 1024 + 1), signal)).rejects.toMatchObject({ code: 'input/too-large' })
    })
    expect(bench.ram.read(0x42000000, code.length)).toEqual(code)
  })
  test('NOR has no bad-block marks', async () => {
    const bench = createAgentBench()
    await expect(bench.run(async () => bench.client.markBad(3, signal))).rejects.toMatchObject({ code: 'input/not-supported' })
  })
  test('an old agent is told what it cannot do', async () => {
    const bench = createAgentBench({ oddities: { version: 1 } })
    await bench.run(async () => {
      for (const asked of [
        bench.client.scan(signal), bench.client.reboot(signal), bench.client.selfUpdate(0, Uint8Array.of(1), signal),
        bench.client.memoryBandwidth({ lengthBytes: 0, iterations: 0, address: 0 }, signal), bench.client.flashStream(0, Uint8Array.of(1), {}, signal),
      ]) await expect(asked).rejects.toMatchObject({ code: 'input/not-supported', hint: expect.stringContaining('newer agent') as string })
    })
    expect(bench.flash.counters.erasedBytes).toBe(0)
  })
})

describe('the flash doctor', () => {
  const sick = { unstableSectors: [3], deadSectors: [5, 6] }
  const contents = patternImage('##.##.##0.......')

  test('by scan', async () => {
    const bench = createAgentBench({ oddities: sick })
    bench.flash.cells.set(contents)
    const health = await bench.run(async () => examineFlash(bench.client, signal))
    expect(health.method).toBe('scan')
    expect(mapOf(health)).toMatchObject({ flashBytes: 16 * sector, sectorBytes: sector, marks: '==.?=!!=0.......' })
    expect(findingsOf(mapOf(health))).toEqual({
      verdict: 'damaged', counts: { good: 4, empty: 8, unstable: 1, bad: 3 },
      troubles: [
        { offsetBytes: 3 * sector, lengthBytes: sector, mark: '?' }, { offsetBytes: 5 * sector, lengthBytes: 2 * sector, mark: '!' },
        { offsetBytes: 8 * sector, lengthBytes: sector, mark: '0' },
      ],
    })
  })
  test.each([[{ version: 1 }], [{ scanStatus: 1 }]])('an agent without a scan sees the same by sums (%j)', async (old) => {
    const bench = createAgentBench({ oddities: { ...sick, ...old } })
    bench.flash.cells.set(contents)
    const health = await bench.run(async () => examineFlash(bench.client, signal))
    expect(health.method).toBe('crc')
    expect(mapRows(mapOf(health), 8)).toEqual(['0x00000000  ==.?=!!=', '0x00080000  0.......'])
    expect(health.sectors[2]).toEqual({ index: 2, offsetBytes: 2 * sector, status: 'empty', finding: 'empty', crc32: 0xdeab7e4e })
  })
  test('a flash that does not answer is an error, and no reason for a slow scan', async () => {
    const bench = createAgentBench({ oddities: { scanStatus: 2 } })
    await expect(bench.run(async () => examineFlash(bench.client, signal))).rejects.toMatchObject({ code: 'device/refused' })
  })
  test('a scan that ends early is no map', async () => {
    const bench = createAgentBench({ oddities: { scanStopsAt: 8 } })
    await expect(bench.run(async () => examineFlash(bench.client, signal))).rejects.toMatchObject({ code: 'link/gap', context: { records: 8, sectorCount: 16 } })
  })
  test('a lost line is an error and not a bad sector', async () => {
    const bench = createAgentBench({ oddities: { version: 1 } })
    bench.flash.cells.set(contents)
    await bench.run(async () => {
      await bench.client.info(signal)
      const examining = examineFlash(bench.client, signal, (done) => { if (done >= 4 * sector) void bench.line.host.close() })
      await expect(examining).rejects.toMatchObject({ code: 'link/closed' })
    })
  })
  test('verdicts', () => {
    expect(['=', '?', 'B', 'X', ''].map((marks) => findingsOf({ marks, sectorBytes: 1 }).verdict)).toEqual(['healthy', 'doubtful', 'healthy', 'damaged', 'healthy'])
  })
})

describe('other kinds of flash', () => {
  test('eMMC is read in blocks of 512 bytes, also what was lost, and is never changed', async () => {
    const bench = createAgentBench({ oddities: { flashKind: 'emmc', readLoss: 0.05 } })
    bench.flash.cells.set(denseImage(bench.flash.cells.length))
    await bench.run(async () => {
      expect((await bench.client.readFlash(512, 300 * 512, signal)).bytes).toEqual(bench.flash.cells.slice(512, 301 * 512))
      for (const asked of [bench.client.erase(0, sector, signal), bench.client.write(0, Uint8Array.of(1), signal), bench.client.flashStream(0, Uint8Array.of(1), {}, signal)]) {
        await expect(asked).rejects.toMatchObject({ code: 'input/not-supported' })
      }
    })
  })
  test('a NAND block is marked, and the map shows it', async () => {
    const bench = createAgentBench({ oddities: { flashKind: 'nand' } })
    bench.flash.cells.fill(0x12, 0, 4 * sector)
    bench.flash.cells[0] = 0
    await bench.run(async () => {
      await bench.client.markBad(2, signal)
      await expect(bench.client.markBad(16, signal)).rejects.toMatchObject({ code: 'input/malformed' })
      expect(mapOf(await examineFlash(bench.client, signal)).marks).toBe('=XBX............')
    })
  })
})
