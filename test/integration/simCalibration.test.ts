import { expect, test } from 'vitest'
import { referenceLayoutImages } from '../../src/main/sim/referenceLayout.ts'
import { createSimRack } from '../../src/main/sim/simRack.ts'
import { encodeTestBlob } from '../support/bootBlob.ts'
import { createTypist } from '../support/typist.ts'
import { createVirtualClock } from '../support/virtualClock.ts'

const signal = new AbortController().signal

/** Within 5 %. */
const near = (seconds: number, measured: number): void => { expect(Math.abs(seconds / measured - 1), `${seconds} s against ${measured} s`).toBeLessThan(0.05) }

test('at real speed the serial schedule takes the times of the published run', async () => {
  const clock = createVirtualClock()
  const rack = createSimRack({ clock, pods: 1, speed: 'real' })
  const handle = rack.pods[0]!
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const startMs = clock.nowMs()
    await work()
    return (clock.nowMs() - startMs) / 1000
  }
  await clock.run((async () => {
    near(await timed(async () => handle.pod.fastboot(encodeTestBlob(17_408, 236_195), signal)), 26)
    const console = await handle.openConsole(signal)
    const person = createTypist(console, clock)
    await person.see(/autoboot/)
    await person.type('\x03')
    await person.see(/OpenIPC # /)
    await person.command('sf probe 0')
    await person.command('setenv ipaddr 192.168.1.20')
    await person.command('setenv serverip 192.168.1.1')

    const images = referenceLayoutImages()
    near(await timed(async () => { for (const { name, bytes } of images) await handle.pod.stage(name, bytes, signal) }), 50)

    const offsets: Record<string, number> = { mtd1: 0x40000, mtd2: 0x50000, mtd3: 0x350000, mtd0: 0 }
    const published: Record<string, number> = { mtd1: 7.5, mtd2: 11.7, mtd3: 15.7, mtd0: 8.3 }
    for (const [name, offset] of Object.entries(offsets)) {
      const { bytes } = images.find((image) => image.name === name)!
      const length = `0x${bytes.length.toString(16)}`
      const seconds = await timed(async () => {
        expect(await person.command(`tftpboot 0x42000000 ${name}`)).toContain(`Bytes transferred = ${bytes.length} (`)
        expect(await person.command(`sf erase 0x${offset.toString(16)} 0x${(Math.ceil(bytes.length / 0x10000) * 0x10000).toString(16)}`)).toContain('Erased: OK')
        expect(await person.command(`sf write 0x42000000 0x${offset.toString(16)} ${length}`)).toContain('Written: OK')
      })
      near(seconds, published[name]!)
      expect(Buffer.compare(handle.camera.cells.subarray(offset, offset + bytes.length), bytes)).toBe(0)
    }
    await person.type('reset\r')
    await person.see(/openipc-hi3516ev300 login: /)
  })())
  expect(handle.camera.where).toBe('linux')
  await rack.close()
})
