import { expect, test } from 'vitest'
import { createAuditLog } from '../../src/main/core/audit/auditLog.ts'
import { createLeases } from '../../src/main/core/rack/leases.ts'
import { createRackBook } from '../../src/main/core/rack/rackBook.ts'
import { createManualPower } from '../../src/main/drivers/power/manualPower.ts'
import { hashHex } from '../../src/main/drivers/host/randomness.ts'
import type { CameraId, PodId } from '../../src/shared/devices/ids.ts'
import { createMemoryBridge } from '../support/memoryBridge.ts'
import { createVirtualClock } from '../support/virtualClock.ts'

/** A rack of one camera on a memory line, and what a window is told of it: at what time, and with which state. */
async function watchedRack() {
  const clock = createVirtualClock()
  const bridge = createMemoryBridge()
  const log = (): void => undefined
  const told: { atMs: number; life: string; bytes: number }[] = []
  const rack = createRackBook({
    clock, log, breakOff: log, jobOf: () => undefined, watchJobs: log,
    leases: createLeases({ store: { tryTake: () => ({ kind: 'taken', token: 'x', takenOverFrom: undefined }), free: log, holderOf: () => undefined }, clock, log }),
    audit: createAuditLog({ store: { append: (make) => { make(undefined) }, lines: () => [], newest: () => [], close: log }, clock, who: { host: 'cli', user: 'test' }, hashText: (text) => hashHex('sha256', new TextEncoder().encode(text)), log }),
  })
  rack.add({ id: 'pod-1' as PodId, name: 'bench', url: 'memory', cameraId: 'cam-1' as CameraId, cameraName: 'front', chip: 'hi3516ev300' }, {
    pod: undefined, power: createManualPower({ ask: async () => undefined, label: 'by hand' }), openConsole: bridge.open, resource: 'memory', simulated: false, flashBytes: 0,
  })
  const ending = new AbortController()
  const watching = (async () => {
    for await (const view of rack.watch(ending.signal)) {
      const camera = view.pods[0]?.cameras[0]
      if (camera) told.push({ atMs: clock.nowMs(), life: camera.life, bytes: camera.bytesReceived })
    }
  })().catch(log)
  /** Talks on every 50 ms. */
  const talk = async (durationMs: number, words = 'x'): Promise<void> => {
    for (let passed = 0; passed < durationMs; passed += 50) { bridge.say(words); await clock.advance(50) }
  }
  const close = async (): Promise<void> => {
    ending.abort()
    await clock.run(Promise.all([watching, rack.close()]))
  }
  return { clock, bridge, told, talk, close }
}

test('a console that talks on is told of once a second, and its first words after a silence at once', async () => {
  const { clock, bridge, told, talk, close } = await watchedRack()
  await clock.advance(10_000)
  told.length = 0
  const fromMs = clock.nowMs()
  await talk(5_000)
  const times = told.map(({ atMs }) => atMs - fromMs)
  expect(times[0]).toBeLessThanOrEqual(300)
  expect(times.length).toBeGreaterThanOrEqual(4)
  expect(times.length).toBeLessThanOrEqual(6)
  // Its last bytes are not left for the tick of a quiet rack.
  await clock.advance(1_000)
  expect(told.at(-1)?.bytes).toBe(100)
  await clock.advance(10_000)
  told.length = 0
  bridge.say('again')
  await clock.advance(300)
  expect(told.map(({ bytes }) => bytes)).toEqual([105])
  await close()
})

test('what changes the state of a camera is told within a quarter of a second, however much it talks', async () => {
  const { clock, bridge, told, talk, close } = await watchedRack()
  await talk(3_100, 'words\r\n')
  for (const [words, life] of [['U-Boot 2020.01\r\n', 'u-boot'], ['Starting kernel ...\r\n', 'booting'], ['openipc login: ', 'booted']] as const) {
    const saidMs = clock.nowMs()
    bridge.say(words)
    await talk(900, 'x')
    const first = told.find(({ atMs, life: now }) => atMs >= saidMs && now === life)
    expect([life, (first?.atMs ?? Infinity) - saidMs <= 300]).toEqual([life, true])
    bridge.say('\r\n')
  }
  await close()
})
