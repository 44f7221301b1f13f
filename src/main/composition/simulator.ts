import { join } from 'node:path'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { createScaledClock, createSystemClock } from '../drivers/host/systemClock.ts'
import { writeDemoRelease } from '../sim/demoRelease.ts'
import { writeReferenceLayout } from '../sim/referenceLayout.ts'
import { runSim } from '../sim/runSim.ts'
import { serveSimRack } from '../sim/serveSimRack.ts'
import { createSimRack } from '../sim/simRack.ts'
import { createUdpNetwork } from '../sim/udpNetwork.ts'

export interface SimulatorOptions {
  readonly pods: number
  readonly portBase: number
  readonly rfc2217Base?: number | undefined
  readonly bootRom?: boolean | undefined
  readonly speed: 'fast' | 'real'
  readonly flashMb: 8 | 16 | 32
  readonly faults: readonly string[]
  readonly host: string
  /** Where the boot stand-ins are written. */
  readonly folder: string
}

/** Prints its announcement as one line of JSON and serves until the signal aborts. */
export const runSimulator = async (options: SimulatorOptions, out: (line: string) => void, log: (line: string) => void, signal: AbortSignal): Promise<void> =>
  runSim(options, createSystemClock(), out, log, signal)

export interface LoopbackRack {
  /** `rack://127.0.0.1:BRIDGE?api=PORT`, one for each camera. */
  readonly urls: readonly string[]
  readonly chip: string
  readonly profilePath: string
  readonly ubootPath: string
  readonly agentPath: string
  /** mtd0 to mtd3, as the published run had them. */
  readonly imagesFolder: string
  /** A release of OpenIPC's form for these cameras. */
  readonly releasePath: string
  close(): Promise<void>
}

export interface LoopbackRackOptions {
  readonly pods?: number
  readonly speed?: 'fast' | 'real'
  readonly faults?: readonly string[]
  /** Times faster than life; only useful with the real speed. */
  readonly pace?: number
  readonly clock?: Clock
}

/** A simulated rack on free loopback ports, with everything that a restore of its cameras needs. */
export async function startLoopbackRack(folder: string, log: (line: string) => void, options: LoopbackRackOptions = {}): Promise<LoopbackRack> {
  const { pods = 1, speed = 'fast', faults = [], pace = 1 } = options
  const clock = options.clock ?? (pace === 1 ? createSystemClock() : createScaledClock(createSystemClock(), pace))
  const imagesFolder = join(folder, 'images')
  await writeReferenceLayout(imagesFolder)
  const releasePath = join(folder, 'openipc.hi3516ev300-nor-demo.tgz')
  await writeDemoRelease(releasePath)
  const rack = createSimRack({ clock, pods, speed, faults, log, network: createUdpNetwork(), cameraAddress: '127.0.0.1' })
  try {
    const served = await serveSimRack({ rack, host: '127.0.0.1', portBase: 0, clock, log, folder })
    const { announcement } = served
    return {
      urls: announcement.pods.map(({ http, uart }) => `rack://127.0.0.1:${new URL(uart).port}?api=${new URL(http).port}`),
      chip: announcement.pods[0]?.camera.chip ?? '', profilePath: announcement.boot.profile, ubootPath: announcement.boot.uboot, agentPath: announcement.boot.agent, imagesFolder, releasePath,
      close: async () => { await served.close(); await rack.close() },
    }
  } catch (error) {
    await rack.close()
    throw error
  }
}
