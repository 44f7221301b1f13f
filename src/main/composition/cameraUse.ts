import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { releasedError } from '../core/consoles/releasedLine.ts'
import type { CameraEntry } from '../core/rack/rackBook.ts'
import type { Leases } from '../core/rack/leases.ts'
import type { RestoreBench } from '../core/workflows/restore/bench.ts'

const tailBytes = 4096

/** A camera for one job: its lease and its console, under the name of who holds them. */
export function useOf({ devices, console }: CameraEntry, leases: Leases, holder: string): Pick<RestoreBench, 'takeLease' | 'openConsole'> {
  return {
    takeLease: async (signal) => leases.take(devices.resource, holder, signal),
    openConsole: async (signal) => {
      const line = await console.exclusive(holder, signal)
      // Not a copy: what the line can do is asked when it is open.
      return Object.assign(line, { tail: () => console.tail(tailBytes) })
    },
  }
}

/** Asked before a job starts, too, so that a busy camera is an answer at once and not a failed job. */
export function refuseBusy({ devices, spec, console }: CameraEntry, leases: Leases): void {
  const busy = leases.holderOf(devices.resource)
  if (busy) throw new WorkbenchError('pod/busy', `${spec.cameraName} is in use by ${busy.holder}`, { context: { holder: busy.holder, sinceMs: busy.sinceMs }, hint: 'Wait for it to end, or cancel it' })
  const held = console.holder()
  if (held?.kind === 'released') throw releasedError(`The console of ${spec.cameraName}`, { by: held.name, sinceMs: held.sinceMs })
}
