import type { WorkConsole } from '../uboot/workConsole.ts'
import { type BootLoad, type BootLoadOptions, loadThroughBootRom } from './loadThroughBootRom.ts'
import type { BootProgress } from './bootStages.ts'

/** A way to U-Boot for cameras without a pod that uploads: over the console itself. */
export interface BootRomStarter {
  readonly method: 'boot-rom'
  /**
   * Resolves with the console on which U-Boot is starting: its first bytes are those that came during the upload, so that whoever stops
   * autoboot next also sees a download-mode banner that came early. Stop it within a second.
   */
  load(console: WorkConsole, tell: (progress: BootProgress) => void, signal: AbortSignal): Promise<{ readonly console: WorkConsole; readonly load: BootLoad }>
}

export function createBootRomStarter(options: Omit<BootLoadOptions, 'transport' | 'tell'>): BootRomStarter {
  return {
    method: 'boot-rom',
    load: async (console, tell, signal) => {
      await console.attach(signal)
      const load = await loadThroughBootRom({ ...options, transport: console, tell }, signal)
      return { console: withReceived(console, load.received), load }
    },
  }
}

/** The same console, with bytes in front that somebody has read already. */
export function withReceived(console: WorkConsole, received: Uint8Array): WorkConsole {
  let front: Uint8Array | undefined = received.length > 0 ? received : undefined
  return {
    ...console,
    read: async (signal) => {
      signal.throwIfAborted()
      if (!front) return console.read(signal)
      const bytes = front
      front = undefined
      return bytes
    },
    discardInput: async (signal) => {
      const droppedBytes = front?.length ?? 0
      front = undefined
      return droppedBytes + await console.discardInput(signal)
    },
  }
}
