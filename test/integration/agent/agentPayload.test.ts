import { expect, test } from 'vitest'
import { waitForAgent, createAgentClient } from '../../../src/main/core/agent/agentClient.ts'
import { createBootRomStarter } from '../../../src/main/core/bootrom/bootRomStarter.ts'
import type { WorkConsole } from '../../../src/main/core/uboot/workConsole.ts'
import { buildStandardParts } from '../../../src/main/core/bootrom/standardParts.ts'
import { createRackPodPower } from '../../../src/main/drivers/power/rackPodPower.ts'
import { encodeFastbootBlob } from '../../../src/main/protocols/fastboot/writer.ts'
import { simAgentBinary } from '../../../src/main/sim/agent/agentPayload.ts'
import { evFamilyRom } from '../../../src/main/sim/bootrom/romOptions.ts'
import { createSimRack, type SimRackOptions } from '../../../src/main/sim/simRack.ts'
import type { Transport } from '../../../src/shared/devices/transport.ts'
import { evSoc, profileOf, ubootImage } from '../../support/bootRig.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

const never = new AbortController().signal
const asConsole = (transport: Transport): WorkConsole => ({ ...transport, attach: async () => undefined, detach: async () => undefined, tail: () => '' })

function bench(more: Partial<SimRackOptions> = {}) {
  const clock = createVirtualClock()
  const rack = createSimRack({ clock, pods: 1, speed: 'real', ...more })
  const [pod] = rack.pods
  if (!pod) throw new Error('no pod')
  const fastboot = async (payload: Uint8Array) => pod.pod.fastboot(encodeFastbootBlob(buildStandardParts({ soc: evSoc, profile: profileOf(), image: ubootImage(), payload })), never)
  return { clock, rack, pod, fastboot }
}

test('an agent that the pod uploads runs over the real cells, at a faster rate too, and power ends it', async () => {
  const { clock, rack, pod, fastboot } = bench()
  expect((await clock.run(fastboot(simAgentBinary()))).success).toBe(true)
  expect(pod.camera.where).toBe('agent')
  const line = await clock.run(pod.openConsole(never))
  const client = createAgentClient({ transport: { ...line, setBaudRate: async (rate, signal) => pod.pod.setBaudRate(rate, signal) }, clock, fastBaudRate: 921_600 })
  const info = await clock.run(waitForAgent(client, never))
  expect(info).toMatchObject({ flashKind: 'nor', flashBytes: pod.camera.cells.length })
  const { bytes } = await clock.run(client.readFlash(0, 0x20000, never), 600_000)
  expect(Buffer.compare(bytes, pod.camera.cells.subarray(0, 0x20000))).toBe(0)
  expect(client.link.baudRate).toBe(921_600)
  expect(pod.camera.flashTouched).toBe(false)
  await clock.run(client.erase(0x10000, 0x10000, never), 600_000)
  expect(pod.camera.cells.subarray(0x10000, 0x20000).every((byte) => byte === 0xff)).toBe(true)
  expect(pod.camera.flashTouched).toBe(true)
  await clock.run(client.release(never))
  expect(pod.bridge.baudRate()).toBe(115_200)
  await clock.run(pod.pod.power('off', never))
  await clock.advance(60_000)
  expect(pod.camera.where).toBe('off')
  await clock.run(line.close())
  await rack.close()
})

test('REBOOT starts what is in flash', async () => {
  const { clock, rack, pod, fastboot } = bench()
  await clock.run(fastboot(simAgentBinary()))
  const line = await clock.run(pod.openConsole(never))
  const client = createAgentClient({ transport: line, clock })
  await clock.run(waitForAgent(client, never))
  await clock.run(client.reboot(never))
  await clock.advance(30_000)
  expect(pod.camera.where).toBe('linux')
  await clock.run(line.close())
  await rack.close()
})

test('an agent that a host uploads through the boot ROM runs as well', async () => {
  const { clock, rack, pod } = bench({ bootRomOnUart: evFamilyRom })
  const line = asConsole(await clock.run(pod.openConsole(never)))
  const starter = createBootRomStarter({ clock, soc: evSoc, profile: profileOf(), image: ubootImage(), payload: simAgentBinary(), power: createRackPodPower({ pod: pod.pod, clock }), mode: 'flooding' })
  const { console } = await clock.run(starter.load(line, () => undefined, never))
  const client = createAgentClient({ transport: console, clock })
  expect((await clock.run(waitForAgent(client, never))).flashBytes).toBe(pod.camera.cells.length)
  expect(pod.camera.where).toBe('agent')
  await clock.run(line.close())
  await rack.close()
})

test('anything else is no agent: a U-Boot starts, and the host is told that nobody answers', async () => {
  const { clock, rack, pod, fastboot } = bench()
  const wrong = simAgentBinary()
  wrong[3] = 0
  await clock.run(fastboot(wrong))
  expect(pod.camera.where).toBe('u-boot')
  const line = await clock.run(pod.openConsole(never))
  const client = createAgentClient({ transport: line, clock })
  await expect(clock.run(waitForAgent(client, never))).rejects.toMatchObject({ code: 'device/no-answer', message: expect.stringContaining('within 10 s') as string })
  await clock.run(line.close())
  await rack.close()
})
