import { loadRack, type RackFile, rackFileStamp, saveRack } from '../drivers/storage/rackFile.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { createLane } from '../../shared/lifecycle/lane.ts'
import type { Lease, Leases } from '../core/rack/leases.ts'

/** The rack file, which a window and commands change side by side: each change is made to what the file holds then. */
export interface RackStore {
  read(): Promise<RackFile>
  /** Calls when the file has changed, whoever did it, until the signal aborts; and again while it answers that something waits. */
  follow(changed: () => Promise<boolean>, signal: AbortSignal): Promise<void>
  /** Resolves to what is in the file afterwards. A change that throws leaves the file as it is. */
  change(how: (rack: RackFile) => RackFile | Promise<RackFile>, signal: AbortSignal): Promise<RackFile>
}

const lookEveryMs = 2_000
const waitMs = 50
/** A change takes milliseconds; who holds the file for longer hangs. */
const waits = 100

export function createRackStore({ path, leases, clock }: { readonly path: string; readonly leases: Pick<Leases, 'take'>; readonly clock: Pick<Clock, 'sleep'> }): RackStore {
  const lane = createLane()
  const take = async (signal: AbortSignal): Promise<Lease> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await leases.take(`rack file ${path}`, 'a change of the rack', signal)
      } catch (error) {
        if (!(error instanceof WorkbenchError) || error.code !== 'pod/busy' || tries >= waits) throw error
        await clock.sleep(waitMs, signal)
      }
    }
  }
  return {
    read: async () => loadRack(path),
    follow: async (changed, signal) => {
      let seen = await rackFileStamp(path)
      let isWaiting = false
      for (;;) {
        await clock.sleep(lookEveryMs, signal)
        const now = await rackFileStamp(path)
        // A file that is away is no empty rack: no camera goes because of it.
        if (now !== '' && (now !== seen || isWaiting)) isWaiting = await changed()
        seen = now
      }
    },
    change: async (how, signal) => lane(signal, async () => {
      const lease = await take(signal)
      try {
        const next = await how(await loadRack(path))
        await saveRack(path, next)
        return next
      } finally {
        await lease.release()
      }
    }),
  }
}
