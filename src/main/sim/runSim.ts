import type { Clock } from '../../shared/lifecycle/clock.ts'
import { whenAborted } from '../../shared/lifecycle/signals.ts'
import { serveSimRack } from './serveSimRack.ts'
import { evFamilyRom } from './bootrom/romOptions.ts'
import { createSimRack } from './simRack.ts'
import type { SimSpeed } from './timing.ts'
import { createUdpNetwork } from './udpNetwork.ts'

export interface RunSimOptions {
  readonly pods: number
  readonly portBase: number
  readonly rfc2217Base?: number | undefined
  /** The boot ROM takes a U-Boot over the UART, as that of a camera on a desk does; without it only the pod's own upload starts one. */
  readonly bootRom?: boolean | undefined
  readonly speed: SimSpeed
  readonly flashMb: 8 | 16 | 32
  readonly faults: readonly string[]
  readonly host: string
  /** Where the boot stand-ins are written. */
  readonly folder: string
}

/** Prints the announcement as one line and serves until the signal aborts. Resolves when every port is closed. */
export async function runSim(options: RunSimOptions, clock: Clock, out: (line: string) => void, log: (line: string) => void, signal: AbortSignal): Promise<void> {
  const { pods, speed, flashMb, faults, host, portBase, rfc2217Base, bootRom = false, folder } = options
  const rack = createSimRack({ clock, pods, speed, flashMb, faults, network: createUdpNetwork(), cameraAddress: host, lively: true, log, ...(bootRom ? { bootRomOnUart: evFamilyRom } : {}) })
  try {
    const served = await serveSimRack({ rack, host, portBase, rfc2217Base, clock, log, folder })
    try {
      out(JSON.stringify(served.announcement))
      const stopped = whenAborted(signal)
      await stopped.promise.catch(() => undefined) // the only way to stop it
    } finally {
      await served.close()
    }
  } finally {
    await rack.close()
  }
}
