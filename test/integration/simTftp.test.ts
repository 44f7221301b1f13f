import { describe, expect, test } from 'vitest'
import { crc32, hexCrc } from '../../src/shared/bytes/crc32.ts'
import { createMemoryNetwork } from '../../src/main/sim/memoryNetwork.ts'
import { createSimRack } from '../../src/main/sim/simRack.ts'
import { createRandom, denseBytes } from '../../src/main/sim/timing.ts'
import { openPlainTftpServer, type PlainTftpServer } from '../support/plainTftpServer.ts'
import { noSignal, smallBlob } from '../support/simBench.ts'
import { createTypist, type Typist } from '../support/typist.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts'

const image = denseBytes(300_000, 3)
const exact = denseBytes(1468 * 20, 4)
const wrapping = denseBytes(65_600 * 8, 5)

interface Lab { readonly clock: VirtualClock; readonly server: PlainTftpServer; readonly person: Typist }

async function inTheLab(options: { readonly lossPercent?: number; readonly faults?: readonly string[] }, work: (lab: Lab) => Promise<void>): Promise<void> {
  const clock = createVirtualClock()
  const network = createMemoryNetwork({ clock, random: createRandom(1), latencyMs: 0.2, lossPercent: options.lossPercent ?? 0 })
  const rack = createSimRack({ clock, pods: 1, speed: 'fast', network, cameraAddress: '10.0.0.20', faults: options.faults ?? [] })
  const { pod, openConsole } = rack.pods[0]!
  await clock.run((async () => {
    const server = await openPlainTftpServer(network, { address: '10.0.0.1', port: 6969 }, { image, exact, wrapping }, clock)
    await pod.fastboot(smallBlob, noSignal)
    const person = createTypist(await openConsole(noSignal), clock)
    await person.see(/autoboot/)
    await person.type('\x03')
    await person.see(/OpenIPC # /)
    await person.command('setenv ipaddr 10.0.0.20; setenv serverip 10.0.0.1; setenv tftpdstp 6969')
    await work({ clock, server, person })
    await server.close()
  })())
  await rack.close()
}
const sum = async (person: Typist, length: number): Promise<string | undefined> =>
  /==> (\w+)/.exec(await person.command(`crc32 0x42000000 0x${length.toString(16)}`))?.[1]

describe('the camera as a TFTP client', () => {
  test('asks as U-Boot does and gets the file', async () => inTheLab({}, async ({ server, person }) => {

    expect(await person.command('tftpboot 0x42000000 image')).toMatch(/TFTP from server 10\.0\.0\.1;[^]*#{20}\r\ndone\r\nBytes transferred = 300000 \(493e0 hex\)/)
    expect(server.requests).toEqual(['image|octet|timeout|5|blksize|1468|'])
    expect(await sum(person, image.length)).toBe(hexCrc(crc32(image)))
    expect(await person.command('tftpboot 0x42000000 exact')).toContain('Bytes transferred = 29360 ')
  }))
  test('block numbers go round', async () => inTheLab({}, async ({ person }) => {
    expect(await person.command('setenv tftpblocksize 8; tftpboot 0x42000000 wrapping', 600_000)).toContain(`Bytes transferred = ${wrapping.length} `)
  }))
  test('a file that is not there is final', async () => inTheLab({}, async ({ person }) => {
    expect(await person.command('tftpboot 0x42000000 nothing')).toContain("TFTP error: 'File not found' (1)\r\nNot retrying...")
  }))
  test('loss on the wire costs time, not bytes', async () => inTheLab({ lossPercent: 2 }, async ({ clock, person }) => {

    const startMs = clock.nowMs()
    expect(await person.command('tftpboot 0x42000000 image', 600_000)).toContain('Bytes transferred = 300000')
    expect(clock.nowMs() - startMs).toBeGreaterThan(1000)
    expect(await sum(person, image.length)).toBe(hexCrc(crc32(image)))
  }))
  test('the fault tftp-loss works here too', async () => inTheLab({ faults: ['tftp-loss:5'] }, async ({ clock, person }) => {
    const startMs = clock.nowMs()
    expect(await person.command('tftpboot 0x42000000 image', 600_000)).toContain('Bytes transferred = 300000')
    expect(clock.nowMs() - startMs).toBeGreaterThan(5000)
  }))
  test('what the camera sends is lost as well', async () => inTheLab({ faults: ['tftp-loss:100'] }, async ({ server, person }) => {
    expect(await person.command('setenv netretry no; tftpboot 0x42000000 image', 120_000)).toMatch(/(?:T ){10}/)
    expect(server.requests).toEqual([])
  }))
  test('the fault tftp-stall gives timeouts until Ctrl-C', async () => inTheLab({ faults: ['tftp-stall'] }, async ({ person }) => {
    await person.type('tftpboot 0x42000000 image\r')
    await person.see(/(?:T ){10}\r\nRetry count exceeded; starting again/, 120_000)
    await person.type('\x03')
    await person.see(/Abort\r\nOpenIPC # /)
  }))
  test('nobody at the address: timeouts, and netretry=no ends it', async () => inTheLab({}, async ({ person }) => {
    expect(await person.command('setenv netretry no; setenv serverip 10.0.0.9; tftpboot 0x42000000 image', 120_000)).toMatch(/(?:T ){10}\r\nRetry count exceeded/)
  }))
})

describe('the memory network', () => {
  test('refuses a port that is taken and frees it again', async () => {
    const network = createMemoryNetwork({ clock: createVirtualClock() })
    const first = await network.bind('10.0.0.1', 69)
    await expect(network.bind('10.0.0.1', 69)).rejects.toMatchObject({ code: 'host/port-in-use' })
    await first.close()
    await (await network.bind('10.0.0.1', 69)).close()
  })
  test('delivers in order, later, and nothing to a closed socket', async () => {
    const clock = createVirtualClock()
    const network = createMemoryNetwork({ clock, latencyMs: 5 })
    const from = await network.bind('10.0.0.1', 0)
    const to = await network.bind('10.0.0.2', 0)
    const seen: string[] = []
    to.onDatagram((bytes, sender) => { seen.push(`${bytes[0]} from ${sender.address}:${sender.port === from.port} at ${clock.nowMs()}`) })
    from.send(Uint8Array.of(1), to)
    from.send(Uint8Array.of(2), to)
    expect(seen).toEqual([])
    await clock.advance(5)
    expect(seen).toEqual(['1 from 10.0.0.1:true at 5', '2 from 10.0.0.1:true at 5'])
    from.send(Uint8Array.of(3), to)
    await to.close()
    await clock.advance(5)
    expect(seen.length).toBe(2)
  })
})
