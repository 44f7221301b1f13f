import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBootRomStarter, withReceived } from '../../src/main/core/bootrom/bootRomStarter.ts'
import { loadThroughBootRom } from '../../src/main/core/bootrom/loadThroughBootRom.ts'
import { enterUboot } from '../../src/main/core/uboot/enterUboot.ts'
import type { UbootSession } from '../../src/main/core/uboot/ubootSession.ts'
import type { WorkConsole } from '../../src/main/core/uboot/workConsole.ts'
import { createRackPodPower } from '../../src/main/drivers/power/rackPodPower.ts'
import { evFamilyRom, type RomQuirks } from '../../src/main/sim/bootrom/romOptions.ts'
import { createSimRack, type SimRackOptions } from '../../src/main/sim/simRack.ts'
import type { Transport } from '../../src/shared/devices/transport.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import { createByteQueue } from '../../src/shared/lifecycle/byteQueue.ts'
import { cv6xxImage, cv6xxSoc, evSoc, profileOf, ubootImage, v500Image, v500Soc } from '../support/bootRig.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts'

const never = new AbortController().signal
const asConsole = (transport: Transport): WorkConsole => ({ ...transport, attach: async () => undefined, detach: async () => undefined, tail: () => '' })

interface Bench {
  readonly clock: VirtualClock
  readonly rack: ReturnType<typeof createSimRack>
  /** Uploads over the pod's bridge and stops autoboot. */
  start(): Promise<UbootSession>
}

function createBench(quirks: RomQuirks = {}, more: Partial<SimRackOptions> = {}): Bench {
  const clock = createVirtualClock()
  const rack = createSimRack({ clock, pods: 1, speed: 'real', bootRomOnUart: { ...evFamilyRom, quirks }, ...more })
  const [handle] = rack.pods
  return {
    clock, rack,
    start: async () => {
      const console = asConsole(await handle!.openConsole(never))
      try {
        const starter = createBootRomStarter({
          clock, soc: evSoc, profile: profileOf(), image: ubootImage(), power: createRackPodPower({ pod: handle!.pod, clock }), mode: 'flooding',
        })
        const started = await starter.load(console, () => undefined, never)
        let token = 0
        return await enterUboot({ console: started.console, clock, newToken: () => `t${(token += 1)}`, limitMs: 20_000 }, never)
      } catch (error) {
        await console.close()
        throw error
      }
    },
  }
}

describe('a camera of the simulated rack', () => {
  test('is loaded over its bridge, and its U-Boot answers', async () => {
    const { clock, rack, start } = createBench()
    const session = await clock.run(start())
    expect(await clock.run(session.run('printenv baseaddr', { limitMs: 5000 }, never))).toContain('baseaddr=0x42000000')
    expect(rack.pods[0]!.camera).toMatchObject({ where: 'u-boot', flashTouched: false })
    await rack.close()
  })
  test('with an erased flash as well', async () => {
    const { clock, rack, start } = createBench({}, { powered: false })
    rack.pods[0]!.camera.cells.fill(0xff)
    await clock.run(start())
    expect(rack.pods[0]!.camera.where).toBe('u-boot')
    await rack.close()
  })
  test('boots its flash when nobody answers the markers', async () => {
    const { clock, rack } = createBench()
    await clock.advance(30_000)
    expect(rack.pods[0]!.camera).toMatchObject({ where: 'linux', bootCount: 1 })
    await rack.close()
  })
  test('whose boot ROM is missed once is loaded at the second power cycle', async () => {
    // The start of the rack itself is the first.
    const { clock, rack, start } = createBench({ missedStarts: 2 })
    await clock.run(start())
    expect(rack.pods[0]!.camera.where).toBe('u-boot')
    await rack.close()
  })
})

test('what was read during the upload comes first on the console, once', async () => {
  const queue = createByteQueue()
  const inner = asConsole({ label: 'inner', read: async (signal) => queue.read(signal), write: async () => undefined, discardInput: async () => queue.discard(), close: async () => { queue.end() } })
  queue.push(Uint8Array.of(3))
  const console = withReceived(inner, Uint8Array.of(1, 2))
  expect(await console.read(never)).toEqual(Uint8Array.of(1, 2))
  expect(await console.read(never)).toEqual(Uint8Array.of(3))
  const other = withReceived(inner, Uint8Array.of(1, 2))
  expect(await other.discardInput(never)).toBe(2)
  queue.push(Uint8Array.of(4))
  expect(await other.read(never)).toEqual(Uint8Array.of(4))
})

test('a far end that says anything at all is survived: the load ends in time, with a result or an error with a code', async () => {
  const chip = fc.constantFrom(
    { soc: evSoc, profile: profileOf(), image: ubootImage(2000, 1500) }, { soc: v500Soc, profile: undefined, image: v500Image(9000, 500) }, { soc: cv6xxSoc, profile: undefined, image: cv6xxImage(500) },
  )
  const likely = fc.constantFrom(0xaa, 0x55, 0x20, 0x00, 0xbd, 0xce, 0x41)
  const answers = fc.array(fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.array(likely, { maxLength: 12 }).map((list) => Uint8Array.from(list)), fc.constant(new TextEncoder().encode('uart ddr'))), { minLength: 1, maxLength: 8 })
  await fc.assert(fc.asyncProperty(chip, answers, async (files, said) => {
    const clock = createVirtualClock()
    const queue = createByteQueue()
    let writes = 0
    const transport: Transport = {
      label: 'hostile', read: async (signal) => queue.read(signal), discardInput: async () => queue.discard(), close: async () => { queue.end() },
      write: async () => { queue.push(said[writes % said.length]!); writes += 1; if (writes > 3000) queue.end() },
    }
    const loading = loadThroughBootRom({ transport, clock, ...files, mode: 'flooding', limits: { handshakeMs: 3000 }, tell: () => undefined }, never)
    const outcome = await clock.run(loading, 600_000).catch((error: unknown) => error)
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(WorkbenchError)
    expect(clock.sleepers()).toBe(0)
  }))
})
