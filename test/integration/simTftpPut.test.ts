import { expect, test } from 'vitest'
import { crc32, hexCrc } from '../../src/shared/bytes/crc32.ts'
import { openTftpServer, type TftpServer } from '../../src/main/drivers/tftp/tftpServer.ts'
import { createMemoryNetwork } from '../../src/main/sim/memoryNetwork.ts'
import { createSimRack } from '../../src/main/sim/simRack.ts'
import { createRandom } from '../../src/main/sim/timing.ts'
import { noSignal, smallBlob } from '../support/simBench.ts'
import { createTypist, type Typist } from '../support/typist.ts'
import { createVirtualClock } from '../support/virtualClock.ts'

async function inTheLab(lossPercent: number, work: (server: TftpServer, person: Typist) => Promise<void>): Promise<void> {
  const clock = createVirtualClock()
  const network = createMemoryNetwork({ clock, random: createRandom(1), latencyMs: 0.2, lossPercent })
  const rack = createSimRack({ clock, pods: 1, speed: 'fast', network, cameraAddress: '10.0.0.20' })
  const { pod, openConsole } = rack.pods[0]!
  await clock.run((async () => {
    const server = await openTftpServer({ network, address: '10.0.0.1', port: 6969, clock })
    await pod.fastboot(smallBlob, noSignal)
    const person = createTypist(await openConsole(noSignal), clock)
    await person.see(/autoboot/)
    await person.type('\x03')
    await person.see(/OpenIPC # /)
    await person.command('sf probe 0; sf read 0x42000000 0x350000 0x100000; setenv ipaddr 10.0.0.20; setenv serverip 10.0.0.1; setenv tftpdstp 6969')
    await work(server, person)
    await server.close()
  })())
  await rack.close()
}
const sumOf = async (person: Typist, length: number): Promise<string | undefined> => /==> (\w+)/.exec(await person.command(`crc32 0x42000000 0x${length.toString(16)}`))?.[1]

// One byte, one block less a byte, exactly whole blocks (an empty one ends it), and many.
for (const [length, lossPercent] of [[1, 0], [1467, 0], [1468, 0], [1468 * 20, 0], [300_000, 0], [100_000, 3]] as const) {
  test(`tftpput of ${length} bytes with ${lossPercent} % of the packets lost`, async () => inTheLab(lossPercent, async (server, person) => {
    const slot = server.openUpload('up', 1024 * 1024)
    const output = await person.command(`tftpput 0x42000000 0x${length.toString(16)} up`, 600_000)
    expect(output).toMatch(/TFTP to server 10\.0\.0\.1; our IP address is 10\.0\.0\.20[^]*Saving: [^]*done/)
    expect(output).toContain(`Bytes transferred = ${length} (${length.toString(16)} hex)`)
    const bytes = await slot.bytes
    expect([bytes.length, hexCrc(crc32(bytes))]).toEqual([length, await sumOf(person, length)])
  }))
}
test('a name that nobody awaits is final, and so is the pod, which takes no files', async () => inTheLab(0, async (_server, person) => {
  expect(await person.command('tftpput 0x42000000 0x100 nothing')).toContain("TFTP error: 'Writing is not allowed: no upload of this name is awaited' (2)\r\nNot retrying...")
  expect(await person.command('setenv ipaddr 192.168.1.20; tftpput 0x42000000 0x100 192.168.1.1:up')).toContain("TFTP error: 'Access violation' (2)")
  expect(await person.command('tftpput 0x42000000')).toContain('Usage:')
}))
