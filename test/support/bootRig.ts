import { type BootLoad, type BootLoadOptions, loadThroughBootRom } from '../../src/main/core/bootrom/loadThroughBootRom.ts'
import type { BootProgress } from '../../src/main/core/bootrom/bootStages.ts'
import { type BootCamera, type BootCameraOptions, createBootCamera } from '../../src/main/sim/bootrom/bootCamera.ts'
import { cv6xxRom, evFamilyRom, type RomOptions, v500Rom } from '../../src/main/sim/bootrom/romOptions.ts'
import { denseBytes } from '../../src/main/sim/timing.ts'
import type { BootProfile, Soc } from '../../src/shared/devices/deviceProfile.schema.ts'
import { createVirtualClock, type VirtualClock } from './virtualClock.ts'

const step = (lengthBytes: number, seed: number): Uint8Array<ArrayBuffer> => Uint8Array.from(denseBytes(lengthBytes, seed))
const socOf = (name: string, protocol: Soc['protocol'], { layout }: RomOptions): Soc => ({
  name, protocol, stepAddress: layout.stepAddress, splAddress: layout.splAddress, payloadAddress: layout.payloadAddress,
  splWindowBytes: 0x6000, prestep0Bytes: 0, ddrstep0Bytes: 64, prestep1Bytes: 0,
})
export const evSoc = socOf('hi3516ev300', 'standard', evFamilyRom)
export const v500Soc = socOf('gk7205v500', 'v500', v500Rom)
export const cv6xxSoc = socOf('hi3516cv610', 'cv6xx', cv6xxRom)

/** Harmless bytes in the shape of the public recovery tool's profile. */
export function profileOf(more: Partial<BootProfile> = {}): BootProfile {
  const { stepAddress, splAddress, payloadAddress } = evFamilyRom.layout
  return { name: 'test', DDRSTEP0: step(64, 2), ADDRESS: [stepAddress, splAddress, payloadAddress], FILELEN: [0x40, 0x6000], ...more }
}
export const prestep0 = step(64, 1)
export const prestep1 = step(128, 3)

/** A U-Boot whose compressed part begins at `gzipAt`: what lies before it is the SPL. */
export function ubootImage(lengthBytes = 40_000, gzipAt = 0x5000): Uint8Array {
  const image = denseBytes(lengthBytes, 5).map((byte) => (byte === 0x5d || byte === 0x1f || byte === 0xff ? 0 : byte))
  image.set([0x1f, 0x8b, 0x08], gzipAt)
  return image
}

export function v500Image(lengthBytes = 24_000, auxBytes = 3000): Uint8Array {
  const image = denseBytes(lengthBytes, 6)
  new DataView(image.buffer, image.byteOffset).setUint32(1024, auxBytes, true)
  return image
}

/** Two DDR tables; board 2 wants the second. */
export function cv6xxImage(ubootBytes = 9000): Uint8Array {
  const gslBytes = 3000
  const end = gslBytes + 3072
  const tableBytes = 300
  const ubootAt = end + 2048 + 64 + 2 * tableBytes
  const image = denseBytes(ubootAt + 1024 + ubootBytes, 7)
  const view = new DataView(image.buffer, image.byteOffset)
  const put = (at: number, value: number): void => { view.setUint32(at, value, true) }
  put(2048, 0x4bb4d22d); put(2084, gslBytes)
  put(end + 1024, 0x4b87a52d); put(end + 1056, 64); put(end + 1060, tableBytes); put(end + 1064, 2)
  image.set([0, 0, 1, 0, 0, 0, 0, 0], end + 1324)
  image.fill(0xb0, end + 2112, end + 2112 + tableBytes)
  image.fill(0xb1, end + 2112 + tableBytes, end + 2112 + 2 * tableBytes)
  put(ubootAt, 0x4bf01e2d); put(ubootAt + 36, ubootBytes)
  return image
}

export interface BootRig {
  readonly clock: VirtualClock
  readonly camera: BootCamera
  readonly told: BootProgress[]
  readonly loads: BootLoad[]
  load(more?: Partial<BootLoadOptions>, signal?: AbortSignal): Promise<BootLoad>
}

/** A simulated camera on a cable of its own, in virtual time; `load` brings time forward until it ends and switches off. */
export function createBootRig(camera: Partial<BootCameraOptions> = {}, options: Partial<BootLoadOptions> = {}): BootRig {
  const clock = createVirtualClock()
  const made = createBootCamera({ ...evFamilyRom, clock, ...camera })
  const told: BootProgress[] = []
  const loads: BootLoad[] = []
  return {
    clock, camera: made, told, loads,
    load: async (more = {}, signal = new AbortController().signal) => {
      try {
        const load = await clock.run(loadThroughBootRom({
          transport: made.transport, clock, soc: evSoc, profile: profileOf(), image: ubootImage(), power: made.onOff, mode: 'flooding',
          tell: (progress) => { told.push(progress) }, ...options, ...more,
        }, signal))
        loads.push(load)
        // What the payload prints takes its time on the line.
        await clock.advance(200)
        return load
      } finally {
        if (loads.length === 0) made.powerOff()
        await clock.advance(0)
      }
    },
  }
}
