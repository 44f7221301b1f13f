import { describe, expect, test } from 'vitest'
import { listFaults } from '../../src/main/sim/faults.ts'
import { createSimRack } from '../../src/main/sim/simRack.ts'
import { denseBytes } from '../../src/main/sim/timing.ts'
import { createSimBench, noSignal, type SimBench, smallBlob } from '../support/simBench.ts'
import type { Typist } from '../support/typist.ts'
import { createVirtualClock } from '../support/virtualClock.ts'

const image = denseBytes(0x20000, 11)
const writeLine = 'sf erase 0x50000 0x20000; sf write 0x42000000 0x50000 0x20000'

async function withFault(fault: string, work: (bench: SimBench) => Promise<void>): Promise<void> {
  const bench = createSimBench({ faults: [fault] })
  await bench.run(async () => work(bench))
}
const fetchImage = async (bench: SimBench, person: Typist): Promise<string> => {
  await bench.handle.pod.stage('mtd2', image, noSignal)
  return person.command('tftpboot 0x42000000 mtd2', 600_000)
}
const wrongBytes = (bench: SimBench): number[] =>
  [...image.keys()].filter((index) => bench.handle.camera.cells[0x50000 + index] !== image[index])

describe('faults of the flash', () => {
  test('flash-page-wrong: one bit, and OK all the same', async () => withFault('flash-page-wrong:0x60000', async (bench) => {
    const person = await bench.toPrompt()
    await fetchImage(bench, person)
    expect(await person.command(writeLine)).toContain('Written: OK')
    expect(wrongBytes(bench)).toEqual([0x10007])
  }))
  test('flash-page-wrong#1: the second write is right', async () => withFault('flash-page-wrong:0x60000#1', async (bench) => {
    const person = await bench.toPrompt()
    await fetchImage(bench, person)
    await person.command(writeLine)
    await person.command(writeLine)
    expect(wrongBytes(bench)).toEqual([])
  }))
  test('power-cut-mid-write: half is written, and the camera starts again', async () => withFault('power-cut-mid-write', async (bench) => {
    const person = await bench.toPrompt()
    await fetchImage(bench, person)
    await person.type(`${writeLine}\r`)
    const seen = await person.see(/System startup/)
    expect(seen).not.toContain('Written: OK')
    expect(wrongBytes(bench)[0]).toBe(0x10000)
    await person.see(/autoboot/)
    await person.type('\x03')
    await person.see(/OpenIPC # /)
    await person.command('sf probe 0; setenv ipaddr 192.168.1.20; setenv serverip 192.168.1.1')
    await fetchImage(bench, person)
    expect(await person.command(writeLine)).toContain('Written: OK')
    expect(wrongBytes(bench)).toEqual([])
  }))
  test('read-back-stale: OK, and the RAM is as it was', async () => withFault('read-back-stale', async (bench) => {
    const person = await bench.toPrompt()
    const before = /==> (\w+)/.exec(await person.command('crc32 0x42000000 0x1000'))?.[1]
    expect(await person.command('sf read 0x42000000 0x0 0x1000')).toContain('Read: OK')
    expect(await person.command('crc32 0x42000000 0x1000')).toContain(`==> ${before}`)
  }))
  test('wrong-flash-size: the chip is smaller than the rack says', async () => withFault('wrong-flash-size:8', async (bench) => {
    const person = await bench.toPrompt()
    expect(await person.command('sf probe 0')).toContain('total 8 MiB')
    expect(bench.handle.camera.flashMb).toBe(16)
    expect(await person.command('sf erase 0x800000 0x10000')).toContain('past flash size (0x800000)')
  }))
})

describe('faults of the network', () => {
  test('tftp-loss: slower, but whole', async () => withFault('tftp-loss:10', async (bench) => {
    const person = await bench.toPrompt()
    const startMs = bench.clock.nowMs()
    expect(await fetchImage(bench, person)).toContain('Bytes transferred = 131072')
    expect(bench.clock.nowMs() - startMs).toBeGreaterThan(12_000)
  }))
  test('tftp-stall: timeouts, retry count exceeded, and again until Ctrl-C', async () => withFault('tftp-stall', async (bench) => {
    const person = await bench.toPrompt()
    await bench.handle.pod.stage('mtd2', image, noSignal)
    await person.type('tftpboot 0x42000000 mtd2\r')
    await person.see(/(?:T ){10}\r\nRetry count exceeded; starting again/, 120_000)
    await person.type('\x03')
    await person.see(/Abort\r\nOpenIPC # /)
  }))
})

describe('faults of the console', () => {
  test('bridge-drop: closed once in the middle, and open again', async () => withFault('bridge-drop:800', async (bench) => {
    const console = await bench.handle.openConsole(noSignal)
    let heard = 0
    for (let chunk = await console.read(noSignal); chunk; chunk = await console.read(noSignal)) heard += chunk.length
    expect(heard).toBeLessThan(900)
    await expect(console.write(Uint8Array.of(3), noSignal)).rejects.toMatchObject({ code: 'link/closed' })
    await (await bench.openTypist()).see(/login: $/)
  }))
  test('console-garbage: bytes that no camera sent', async () => {
    const boot = async (each: SimBench): Promise<string> => each.run(async () => {
      const person = await each.openTypist()
      await person.see(/x{9}/, 20_000).catch(() => undefined)
      return person.text()
    })
    const clean = await boot(createSimBench())
    const odd = await boot(createSimBench({ faults: ['console-garbage:50'] }))
    expect(clean).toMatch(/login: $/)
    expect(odd.length).toBeGreaterThan(clean.length + 20)
  })
  test('no-prompt: a banner and then nothing', async () => withFault('no-prompt', async (bench) => {
    await bench.handle.pod.fastboot(smallBlob, noSignal)
    const person = await bench.openTypist()
    await person.see(/autoboot/)
    await person.type('\x03')
    await expect(person.see(/OpenIPC # /, 120_000)).rejects.toMatchObject({ code: 'link/timeout' })
  }))
  test('autoboot-missed: the first Ctrl-C is not heard, the next one is', async () => withFault('autoboot-missed', async (bench) => {
    await bench.handle.pod.fastboot(smallBlob, noSignal)
    const person = await bench.openTypist()
    await person.see(/autoboot/)
    await person.type('\x03')
    await person.see(/login: $/)
    await bench.handle.pod.power('cycle', noSignal)
    await person.see(/autoboot/)
    await person.type('\x03')
    await person.see(/OpenIPC # /)
  }))
  test('bridge-idle: closed early', async () => withFault('bridge-idle:5', async (bench) => {
    const console = await bench.handle.openConsole(noSignal)
    const openedMs = bench.clock.nowMs()
    while (await console.read(noSignal)) continue
    expect(bench.clock.nowMs() - openedMs).toBeLessThan(6000)
  }))
})

describe('faults of the pod', () => {
  test('pod-oom: no room, although there is', async () => withFault('pod-oom', async (bench) => {
    await expect(bench.handle.pod.stage('a', image, noSignal)).rejects.toMatchObject({ code: 'pod/no-room' })
    expect((await bench.handle.pod.store(noSignal)).largestFreeBytes).toBeGreaterThan(8_000_000)
  }))
  test('pod-slots: says so and keeps to it', async () => withFault('pod-slots:1', async (bench) => {
    expect((await bench.handle.pod.store(noSignal)).maxFiles).toBe(1)
    await bench.handle.pod.stage('a', image, noSignal)
    await expect(bench.handle.pod.stage('b', image, noSignal)).rejects.toMatchObject({ code: 'pod/refused' })
  }))
  test('stale-staged-files: 256 KiB are left until somebody clears', async () => withFault('stale-staged-files', async (bench) => {
    expect(await bench.handle.pod.store(noSignal)).toMatchObject({ largestFreeBytes: 256 * 1024, files: [{ name: 'leftover-rootfs' }, {}] })
    await bench.handle.pod.clear(noSignal)
    expect((await bench.handle.pod.store(noSignal)).largestFreeBytes).toBe(8160 * 1024)
  }))
  test('fastboot-fails: in the phase that was named', async () => withFault('fastboot-fails:spl', async (bench) => {
    expect(await bench.handle.pod.fastboot(smallBlob, noSignal)).toMatchObject({ success: false, lastPhase: 'spl', failedPhase: 'spl', error: 'SPL HEAD' })
  }))
  test('pod-busy-while-uart: files wait for the boot upload', async () => withFault('pod-busy-while-uart', async (bench) => {
    const uploading = bench.handle.pod.fastboot(smallBlob, noSignal)
    await bench.clock.sleep(1000, noSignal)
    await expect(bench.handle.pod.store(noSignal)).rejects.toMatchObject({ code: 'pod/refused', context: { status: 503 } })
    await uploading
    await bench.handle.pod.stage('a', image, noSignal)
  }))
  test('http-slow: every answer takes longer', async () => withFault('http-slow:9', async (bench) => {
    await bench.handle.pod.store(noSignal)
    expect(bench.clock.nowMs()).toBeGreaterThan(9000)
  }))
})

describe('faults of U-Boot and of the system', () => {
  test('no-crc32: unknown command', async () => withFault('no-crc32', async (bench) => {
    expect(await (await bench.toPrompt()).command('crc32 0x42000000 0x10')).toContain("Unknown command 'crc32' - try 'help'")
  }))
  test('command-error: a real error text and nothing done', async () => withFault('command-error', async (bench) => {
    expect(await (await bench.toPrompt()).command('sf erase 0x50000 0x10000')).toContain('SF: 65536 bytes @ 0x50000 Erased: ERROR -5')
    expect(bench.handle.camera.flashTouched).toBe(false)
  }))
  test('command-error:saveenv names its command', async () => withFault('command-error:saveenv', async (bench) => {
    const person = await bench.toPrompt()
    expect(await person.command('saveenv; echo code $?')).toMatch(/erase failed\r\ncode 1/)
    expect(await person.command('sf erase 0x50000 0x10000')).toContain('Erased: OK')
  }))
  test('boot-loop: banners and no login', async () => withFault('boot-loop', async (bench) => {
    const person = await bench.openTypist()
    for (let round = 0; round < 3; round += 1) await person.see(/System startup[^]*Kernel panic/)
    expect(bench.handle.camera.bootCount).toBe(0)
  }))
  test('silent-after-reset: nothing more until the power goes', async () => withFault('silent-after-reset', async (bench) => {
    const person = await bench.toPrompt()
    await person.type('reset\r')
    await person.see(/resetting/)
    await expect(person.see(/U-Boot/, 60_000)).rejects.toMatchObject({ code: 'link/timeout' })
  }))
  test('unknown-chip-answers: another name everywhere', async () => withFault('unknown-chip-answers:gk7205v300', async (bench) => {
    expect(await (await bench.toPrompt()).command('version')).toContain('gk7205v300')
  }))
})

describe('the list', () => {
  test('has a sentence for each, and each can be made without an argument', () => {
    const clock = createVirtualClock()
    expect(new Set(listFaults().map(({ name }) => name)).size).toBe(listFaults().length)
    for (const { name, sentence } of listFaults()) {
      expect(sentence.length).toBeGreaterThan(20)
      void createSimRack({ clock, pods: 1, speed: 'fast', powered: false, faults: [name] }).close()
    }
  })
  test('a fault can be meant for one pod', async () => {
    const clock = createVirtualClock()
    const rack = createSimRack({ clock, pods: 2, speed: 'fast', powered: false, faults: ['pod-slots:1@pod-2'] })
    const slots = clock.run(Promise.all(rack.pods.map(async ({ pod }) => (await pod.store(noSignal)).maxFiles)))
    expect(await slots).toEqual([4, 1])
    await rack.close()
  })
  test('unknown names and arguments are refused', () => {
    const make = (fault: string) => () => createSimRack({ clock: createVirtualClock(), pods: 1, speed: 'fast', powered: false, faults: [fault] })
    for (const fault of ['nothing', 'fastboot-fails:never', 'tftp-loss:much', 'tftp-loss:1;', '']) expect(make(fault), fault).toThrow()
  })
})
