import { loadThroughBootRom } from '../../src/main/core/bootrom/loadThroughBootRom.ts'
import { createBootCamera } from '../../src/main/sim/bootrom/bootCamera.ts'
import { evFamilyRom } from '../../src/main/sim/bootrom/romOptions.ts'
import { evSoc, profileOf, ubootImage } from '../support/bootRig.ts'
import { createVirtualClock } from '../support/virtualClock.ts'
import type { BenchRow } from './row.ts'

/** 115200 baud, ten bits a byte. */
const lineBytesPerSecond = 11_520

interface Upload {
  /** From the acknowledged HEAD of U-Boot to its last acknowledged DATA frame. */
  readonly dataSeconds: number
  readonly wholeSeconds: number
}

async function upload(image: Uint8Array, offMs: number): Promise<Upload> {
  const clock = createVirtualClock()
  const camera = createBootCamera({ ...evFamilyRom, clock })
  let firstMs = 0
  let lastMs = 0
  const load = await clock.run(loadThroughBootRom({
    transport: camera.transport, clock, soc: evSoc, profile: profileOf(), image, power: camera.onOff, mode: 'flooding', limits: { offMs },
    tell: ({ stage, sentBytes, totalBytes }) => {
      if (stage !== 'uboot' || totalBytes !== image.length) return
      if (sentBytes === 0) firstMs = clock.nowMs()
      lastMs = clock.nowMs()
    },
  }, new AbortController().signal))
  camera.powerOff()
  return { dataSeconds: (lastMs - firstMs) / 1000, wholeSeconds: load.elapsedMs / 1000 }
}

/** The simulated boot ROM answers 1 ms after the last bit of a frame, and the protocol allows one frame at a time. */
export async function bootromRows(): Promise<BenchRow[]> {
  const lengthBytes = 256 * 1024
  const { dataSeconds } = await upload(ubootImage(lengthBytes), 3_000)
  const share = (lengthBytes / dataSeconds / lineBytesPerSecond) * 100
  const published = await upload(ubootImage(236_195, 17_408), 2_000)
  return [
    { name: 'boot ROM, U-Boot of 256 KiB: payload bytes per second of its data stage against the 11520 B/s of the line (virtual clock)', value: share, unit: '%', goal: '>= 95', ok: share >= 95 },
    { name: 'boot ROM, 17408 + 236195 bytes with 2 s power off, published at 25.7 s (virtual clock)', value: published.wholeSeconds, unit: 's', goal: '<= 25.7', ok: published.wholeSeconds <= 25.7 },
  ]
}
