import { createSimRack, type SimPodHandle, type SimRackOptions } from '../../src/main/sim/simRack.ts'
import { encodeTestBlob } from './bootBlob.ts'
import { createTypist, type Typist } from './typist.ts'
import { createVirtualClock, type VirtualClock } from './virtualClock.ts'

export const noSignal = new AbortController().signal
export const smallBlob = encodeTestBlob(1024, 4096)

export interface SimBench {
  readonly clock: VirtualClock
  readonly handle: SimPodHandle
  /** Runs the work on virtual time and closes the rack after it. */
  run<T>(work: () => Promise<T>): Promise<T>
  openTypist(): Promise<Typist>
  /** Boots U-Boot through the boot ROM, stops autoboot, probes the flash and sets the addresses. */
  toPrompt(): Promise<Typist>
}

/** One simulated pod on a virtual clock. */
export function createSimBench(more: Partial<SimRackOptions> = {}): SimBench {
  const clock = createVirtualClock()
  const rack = createSimRack({ clock, pods: 1, speed: 'real', ...more })
  const handle = rack.pods[0]!
  const openTypist = async (): Promise<Typist> => createTypist(await handle.openConsole(noSignal), clock)
  return {
    clock,
    handle,
    openTypist,
    run: async (work) => {
      try {
        return await clock.run(work())
      } finally {
        await rack.close()
      }
    },
    toPrompt: async () => {
      const result = await handle.pod.fastboot(smallBlob, noSignal)
      if (!result.success) throw new Error(`boot upload failed: ${result.error ?? ''}`)
      const person = await openTypist()
      await person.see(/autoboot/)
      await person.type('\x03')
      await person.see(/OpenIPC # /)
      await person.command('sf probe 0')
      await person.command('setenv ipaddr 192.168.1.20')
      await person.command('setenv serverip 192.168.1.1')
      return person
    },
  }
}
