import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { devicesOf } from '../../../src/main/composition/podDevices.ts'
import { createConsole } from '../../../src/main/core/consoles/consoleHub.ts'
import { createSystemClock } from '../../../src/main/drivers/host/systemClock.ts'
import { serveSimRack } from '../../../src/main/sim/serveSimRack.ts'
import { createSimRack } from '../../../src/main/sim/simRack.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'
import { createMemoryBridge } from '../../support/memoryBridge.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

const never = new AbortController().signal
const cameraId = 'cam-1' as CameraId

async function bench(hasControl = true) {
  const clock = createVirtualClock()
  const bridge = createMemoryBridge({ hasControl })
  const hub = createConsole({ cameraId, open: bridge.open, clock, log: () => undefined })
  await clock.advance(0)
  return { clock, bridge, hub }
}

test('a line that has no rate, no modem lines and no break promises none', async () => {
  const { hub } = await bench(false)
  const mine = await hub.exclusive('test', never)
  expect([mine.setBaudRate, mine.setLines, mine.sendBreak]).toEqual([undefined, undefined, undefined])
  await mine.release()
  await hub.close()
})

test('rate, modem lines and break go through, and the rate is back at rest after the release', async () => {
  const { bridge, hub } = await bench()
  const mine = await hub.exclusive('test', never)
  await mine.setLines?.({ dtr: true }, never)
  await mine.sendBreak?.(250, never)
  expect(bridge.acts()).toEqual(['{"dtr":true}', 'break 250'])
  await mine.setBaudRate?.(921_600, never)
  expect(bridge.baudRate()).toBe(921_600)
  await Promise.all([mine.release(), mine.release()])
  expect(bridge.baudRate()).toBe(115_200)
  expect(hub.stats().state).toBe('open')
  await expect(async () => mine.setBaudRate?.(9_600, never)).rejects.toMatchObject({ code: 'link/closed' })
  await hub.close()
})

test('a line that is lost at another rate is at rest when it is open again', async () => {
  const { clock, bridge, hub } = await bench()
  const mine = await hub.exclusive('test', never)
  await mine.setBaudRate?.(921_600, never)
  bridge.drop('broken')
  await clock.advance(0)
  expect(mine.setBaudRate).toBeUndefined()
  expect(bridge.baudRate()).toBe(921_600)
  await clock.run(mine.attach(never))
  expect(bridge.baudRate()).toBe(115_200)
  await mine.release()
  await hub.close()
})

test('a line that is lost at another rate is opened by the release, to put that back', async () => {
  const { clock, bridge, hub } = await bench()
  const mine = await hub.exclusive('test', never)
  await mine.setBaudRate?.(921_600, never)
  bridge.drop('broken')
  await clock.advance(0)
  await clock.run(mine.release())
  expect(bridge.baudRate()).toBe(115_200)
  expect(hub.stats().state).toBe('open')
  await hub.close()
})

test('a line that cannot be opened again is told, and tried on', async () => {
  const { clock, bridge, hub } = await bench()
  const mine = await hub.exclusive('test', never)
  await mine.setBaudRate?.(921_600, never)
  bridge.behave('hangs')
  bridge.drop('broken')
  await clock.advance(0)
  await expect(clock.run(mine.release())).rejects.toMatchObject({ code: 'link/timeout' })
  bridge.behave('answers')
  await clock.advance(60_000)
  expect(bridge.baudRate()).toBe(115_200)
  await hub.close()
})

test('a change of rate that was broken off counts as made', async () => {
  const { bridge, hub } = await bench()
  const mine = await hub.exclusive('test', never)
  bridge.refuseRates('after the change')
  await expect(mine.setBaudRate?.(921_600, never)).rejects.toMatchObject({ code: 'pod/refused' })
  bridge.refuseRates(false)
  expect(bridge.baudRate()).toBe(921_600)
  await mine.release()
  expect(bridge.baudRate()).toBe(115_200)
  await hub.close()
})

test('letting the line go leaves it at rest: a pod speaks to the boot ROM next', async () => {
  const { clock, bridge, hub } = await bench()
  const mine = await hub.exclusive('test', never)
  await mine.setBaudRate?.(921_600, never)
  await clock.run(mine.detach(never))
  expect(bridge.baudRate()).toBe(115_200)
  await mine.release()
  await hub.close()
})

test('a rate that cannot be put back is an error, and the line opens only with it', async () => {
  const { clock, bridge, hub } = await bench()
  const mine = await hub.exclusive('test', never)
  await mine.setBaudRate?.(921_600, never)
  bridge.refuseRates(true)
  await expect(mine.release()).rejects.toMatchObject({ code: 'pod/refused' })
  expect(bridge.clients()).toBe(0)
  await clock.advance(3_000)
  expect(hub.stats().state).not.toBe('open')
  bridge.refuseRates(false)
  await clock.advance(30_000)
  expect(hub.stats().state).toBe('open')
  expect(bridge.baudRate()).toBe(115_200)
  await hub.close()
})

test('the bridge of a pod changes its rate over HTTP, and is at rest afterwards', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-rate-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const clock = createSystemClock()
  const rack = createSimRack({ clock, pods: 1, speed: 'fast' })
  onTestFinished(async () => rack.close())
  const served = await serveSimRack({ rack, host: '127.0.0.1', portBase: 0, clock, log: () => undefined, folder })
  onTestFinished(async () => served.close())
  const [announced] = served.announcement.pods
  const url = `rack://127.0.0.1:${new URL(announced?.uart ?? '').port}?api=${new URL(announced?.http ?? '').port}`
  const devices = devicesOf(url, undefined, { clock, ask: async () => undefined, secretOf: async () => undefined, environment: {} })
  const hub = createConsole({ cameraId, open: devices.openConsole, clock, log: () => undefined })
  onTestFinished(async () => hub.close())
  const mine = await hub.exclusive('test', never)
  await mine.attach(never)
  const bridge = rack.pods[0]?.bridge
  await mine.setBaudRate?.(921_600, never)
  expect(bridge?.baudRate()).toBe(921_600)
  await mine.release()
  expect(bridge?.baudRate()).toBe(115_200)
})

test('break, modem lines and rate by hand: they reach the line, are told in the history, and a job finds the line at rest', async () => {
  const { bridge, hub } = await bench()
  expect(hub.abilities()).toEqual({ baudRate: true, modemLines: true, break: true })
  await hub.setLine({ breakMs: 250, dtr: true, rts: false }, never)
  expect(bridge.acts()).toEqual(['{"dtr":true,"rts":false}', 'break 250'])
  await hub.setLine({ baudRate: 921_600 }, never)
  expect(bridge.baudRate()).toBe(921_600)
  for (const words of ['DTR on, RTS off by hand', 'break of 250 ms sent by hand', 'line set to 921600 baud by hand']) expect(hub.tail(4_096)).toContain(words)
  const job = await hub.exclusive('job-1', never)
  expect(bridge.baudRate()).toBe(115_200)
  await expect(hub.setLine({ breakMs: 1 }, never)).rejects.toMatchObject({ code: 'pod/busy' })
  expect(hub.abilities()).toEqual({ baudRate: false, modemLines: false, break: false })
  await job.release()
  await hub.close()
})

test('what a line has not is refused in words, before anything else of the wish is done', async () => {
  const { bridge, hub } = await bench(false)
  expect(hub.abilities()).toEqual({ baudRate: false, modemLines: false, break: false })
  await expect(hub.setLine({ breakMs: 250 }, never)).rejects.toMatchObject({ code: 'input/not-supported', message: 'This console line carries no break' })
  await expect(hub.setLine({ dtr: true }, never)).rejects.toThrow('no modem lines')
  await expect(hub.setLine({ baudRate: 9_600 }, never)).rejects.toThrow('no rate')
  expect(bridge.acts()).toEqual([])
  await hub.close()
})
