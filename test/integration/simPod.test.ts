import { describe, expect, test } from 'vitest'
import { denseBytes } from '../../src/main/sim/timing.ts'
import { encodeTestBlob } from '../support/bootBlob.ts'
import { createSimBench, noSignal, smallBlob } from '../support/simBench.ts'

const MiB = 1024 * 1024

describe('the memory of the pod', () => {
  test('takes four files, counts reads, and forgets them one by one or all', async () => {
    const bench = createSimBench({ speed: 'fast' })
    const { pod } = bench.handle
    await bench.run(async () => {
      for (const name of ['a', 'b', 'c', 'd']) await pod.stage(name, denseBytes(1000, 1), noSignal)
      await expect(pod.stage('e', denseBytes(1000, 1), noSignal)).rejects.toMatchObject({ code: 'pod/refused' })
      await pod.stage('d', denseBytes(2000, 1), noSignal)
      expect(await pod.store(noSignal)).toMatchObject({ maxFiles: 4, maxFileBytes: 8 * MiB, files: [{}, {}, {}, { name: 'd', lengthBytes: 2000, reads: 0 }] })
      await pod.unstage('a', noSignal)
      await expect(pod.unstage('a', noSignal)).rejects.toMatchObject({ code: 'pod/refused' })
      await pod.clear(noSignal)
      expect((await pod.store(noSignal)).files).toEqual([])
    })
  })
  test('says how much was asked for and how much there is', async () => {
    const bench = createSimBench({ speed: 'fast' })
    const { pod } = bench.handle
    await bench.run(async () => {
      await pod.stage('a', denseBytes(6 * MiB, 1), noSignal)
      await expect(pod.stage('b', denseBytes(3 * MiB, 1), noSignal)).rejects.toMatchObject({
        code: 'pod/no-room', context: { requestedBytes: 3 * MiB, largestFreeBytes: 2016 * 1024 },
      })
    })
  })
  test('refuses names and sizes that it could not serve', async () => {
    const bench = createSimBench({ speed: 'fast' })
    await bench.run(async () => {
      for (const name of ['', 'a/b', '../x', 'a b', 'ä', 'x'.repeat(65)]) {
        await expect(bench.handle.pod.stage(name, denseBytes(10, 1), noSignal), name).rejects.toMatchObject({ code: 'pod/refused' })
      }
      await expect(bench.handle.pod.stage('empty', new Uint8Array(), noSignal)).rejects.toMatchObject({ code: 'pod/refused' })
      await expect(bench.handle.pod.stage('long', new Uint8Array(8 * MiB + 1), noSignal)).rejects.toMatchObject({ code: 'pod/refused' })
    })
  })
  test('an upload that is broken off leaves nothing behind', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      const gone = new AbortController()
      const staging = bench.handle.pod.stage('a', denseBytes(4 * MiB, 1), gone.signal, (sent) => { if (sent > MiB) gone.abort(new Error('enough')) })
      await expect(staging).rejects.toThrow('enough')
      const { freeBytes, files } = await bench.handle.pod.store(noSignal)
      expect({ freeBytes, files }).toEqual({ freeBytes: 8160 * 1024, files: [] })
    })
  })
  test('two uploads at once share the radio', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      const oneMiB = denseBytes(MiB, 1)
      await Promise.all([bench.handle.pod.stage('a', oneMiB, noSignal), bench.handle.pod.stage('b', oneMiB, noSignal)])
    })
    expect(bench.clock.nowMs()).toBeGreaterThan((2 * MiB) / 160)
  })
})

describe('the boot upload', () => {
  test('reports phases, markers and time, and starts the payload', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      const result = await bench.handle.pod.fastboot(smallBlob, noSignal)
      expect(result).toMatchObject({ success: true, lastPhase: 'done' })
      expect(result.handshakeMarkers).toBeGreaterThanOrEqual(5)
      expect(result.elapsedMs).toBeGreaterThan(2000)
      expect(bench.handle.camera.where).toBe('u-boot')
    })
  })
  test('is refused while somebody is on the bridge, and closes the door meanwhile', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      const console = await bench.handle.openConsole(noSignal)
      expect(await bench.handle.pod.fastboot(smallBlob, noSignal)).toMatchObject({ success: false, error: 'uart in use by a bridge client' })
      await console.close()
      const uploading = bench.handle.pod.fastboot(smallBlob, noSignal)
      await bench.clock.sleep(1500, noSignal)
      const early = await bench.handle.openConsole(noSignal)
      expect(await early.read(noSignal)).toBeUndefined()
      expect(await bench.handle.pod.fastboot(smallBlob, noSignal)).toMatchObject({ success: false, error: 'another upload is running' })
      expect((await uploading).success).toBe(true)
    })
  })
  test('goes on when the host has left, and fails when the power goes', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      const gone = new AbortController()
      const left = bench.handle.pod.fastboot(smallBlob, gone.signal)
      await bench.clock.sleep(1000, noSignal)
      gone.abort(new Error('left'))
      await expect(left).rejects.toThrow('left')
      await bench.clock.sleep(3000, noSignal)
      expect(bench.handle.camera.where).toBe('u-boot')

      const uploading = bench.handle.pod.fastboot(encodeTestBlob(17_408, 200_000), noSignal)
      await bench.clock.sleep(10_000, noSignal)
      await bench.handle.pod.power('off', noSignal)
      expect(await uploading).toMatchObject({ success: false, failedPhase: 'agent' })
      expect(bench.handle.camera.power).toBe('off')
    })
  })
  test('refuses a blob that does not parse', async () => {
    const bench = createSimBench({ speed: 'fast' })
    await bench.run(async () => {
      expect(await bench.handle.pod.fastboot(Uint8Array.from([...smallBlob, 0]), noSignal)).toMatchObject({ success: false, error: 'bad blob: 1 trailing bytes' })
      expect(bench.handle.camera.power).toBe('on')
    })
  })
})

describe('the UART bridge', () => {
  test('keeps 4 KiB for the next client and takes one at a time', async () => {
    const bench = createSimBench({ lively: true })
    await bench.run(async () => {
      await bench.clock.sleep(600_000, noSignal)
      const first = await bench.handle.openConsole(noSignal)
      const stale = await first.read(noSignal)
      expect(stale?.length).toBe(4096)
      expect(new TextDecoder().decode(stale)).toMatch(/majestic\[412\]/)
      const second = await bench.handle.openConsole(noSignal)
      expect(await second.read(noSignal)).toBeUndefined()
      await first.close()
      const third = await bench.handle.openConsole(noSignal)
      await third.write(Uint8Array.of(0x0d), noSignal)
      expect(new TextDecoder().decode(await third.read(noSignal))).toContain('\r\n')
    })
  })
  test('discardInput drops what was kept', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      await bench.clock.sleep(20_000, noSignal)
      const console = await bench.handle.openConsole(noSignal)
      // The old bytes are still on their way when the connection is there.
      expect(await console.discardInput(noSignal)).toBe(0)
      expect(await console.discardInput(noSignal)).toBeGreaterThan(2000)
    })
  })
  test('closes after 600 s in which the host said nothing, however much the camera says', async () => {
    const bench = createSimBench({ lively: true })
    await bench.run(async () => {
      await bench.clock.sleep(20_000, noSignal)
      const console = await bench.handle.openConsole(noSignal)
      const openedMs = bench.clock.nowMs()
      let heard = 0
      for (let chunk = await console.read(noSignal); chunk; chunk = await console.read(noSignal)) heard += chunk.length
      expect(heard).toBeGreaterThan(4096)
      expect(bench.clock.nowMs() - openedMs).toBeCloseTo(600_000, -2)
    })
  })
  test('stays open as long as the host says something', async () => {
    const bench = createSimBench()
    await bench.run(async () => {
      const console = await bench.handle.openConsole(noSignal)
      for (let minute = 0; minute < 15; minute += 1) {
        await bench.clock.sleep(60_000, noSignal)
        await console.write(Uint8Array.of(0x20), noSignal)
      }
      expect(bench.handle.bridge.connected()).toBe(true)
      await bench.clock.sleep(601_000, noSignal)
      expect(bench.handle.bridge.connected()).toBe(false)
    })
  })
  test('at another rate than the camera there is no text', async () => {
    const bench = createSimBench({ powered: false })
    await bench.run(async () => {
      await bench.handle.pod.setBaudRate(921_600, noSignal)
      await bench.handle.pod.power('on', noSignal)
      const console = await bench.handle.openConsole(noSignal)
      const heard = await console.read(noSignal)
      expect([...new Set(heard)].every((byte) => byte === 0 || byte === 0x80)).toBe(true)
      await expect(bench.handle.pod.setBaudRate(1.5, noSignal)).rejects.toMatchObject({ code: 'pod/refused' })
    })
  })
})
