import type { CameraId } from '../../shared/devices/ids.ts'
import { toWire, type WireError, WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import { releasedError } from '../core/consoles/releasedLine.ts'
import type { JobBook } from '../core/jobs/jobBook.ts'
import { type IdentityCheck, identityFacts, identityOf, knownBefore, knownFlashBytes, wrongIdentity } from '../core/rack/identity.ts'
import { maintenanceRefusal } from '../core/rack/inventory.ts'
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

/** Where it hangs, for plans and reports. A camera on a line of its own has no pod, and the name it got as the first of the rack tells nobody which line that is. */
export function placeNameOf({ devices, spec: { name, url } }: CameraEntry): string {
  if (devices.pod) return name
  return /^pod-\w+$/.test(name) ? url : `${name} (${url})`
}

/** Asked before a job starts, too, so that a busy camera is an answer at once and not a failed job. */
export function refuseBusy({ devices, spec, console }: CameraEntry, leases: Leases): void {
  const busy = leases.holderOf(devices.resource)
  if (busy) throw new WorkbenchError('pod/busy', `${spec.cameraName} is in use by ${busy.holder}`, { context: { holder: busy.holder, sinceMs: busy.sinceMs }, hint: 'Wait for it to end, or cancel it' })
  const held = console.holder()
  if (held?.kind === 'released') throw releasedError(`The console of ${spec.cameraName}`, { by: held.name, sinceMs: held.sinceMs }, console.stats().note)
}

/** What a job compares who it meets with. */
export function identityCheckOf({ spec, devices }: CameraEntry, jobs: Pick<JobBook, 'list'>, accept: boolean | undefined): IdentityCheck {
  return { cameraName: spec.cameraName, known: identityOf(jobs.list(), spec.cameraId).known, accept: accept === true, adapter: devices.resource }
}

export interface KnownFlash {
  readonly flashBytes: number
  /** Who has read the size, for those who decide by it. */
  readonly flashReadBy?: { readonly job: string; readonly atMs: number }
}

/** The size of its NOR, as far as it is known. Whoever accepts another camera knows nothing of its flash yet. */
export function knownFlashOf({ spec, devices }: CameraEntry, jobs: Pick<JobBook, 'list'>, accept: boolean | undefined): KnownFlash {
  if (devices.flashBytes > 0 || accept === true) return { flashBytes: devices.flashBytes }
  const identity = identityOf(jobs.list(), spec.cameraId)
  const { flashSize } = identity.known
  return { flashBytes: knownFlashBytes(identity), ...(flashSize ? { flashReadBy: { job: flashSize.job, atMs: flashSize.atMs } } : {}) }
}

/** For the view, which is made often: the journal is asked again only after a job has read something. */
export function trackFlashSizes(jobs: JobBook): (camera: CameraId) => number {
  const sizes = new Map<CameraId, number>()
  const seen = new Map<CameraId, unknown>()
  jobs.listen(({ camera, identity, agent }) => {
    const last = identity ?? agent
    if (last === undefined || seen.get(camera) === last) return
    seen.set(camera, last)
    sizes.delete(camera)
  })
  return (camera) => {
    const known = sizes.get(camera) ?? knownFlashBytes(identityOf(jobs.list(), camera))
    sizes.set(camera, known)
    return known
  }
}

/** Before work that destroys: another camera than the known one, as far as anybody has looked. */
export function refuseStranger<P extends { readonly refusals: WireError[]; readonly warnings: string[] }>(plan: P, { spec, devices }: CameraEntry, jobs: Pick<JobBook, 'list'>, accept: boolean | undefined): P {
  const differences = knownBefore(identityOf(jobs.list(), spec.cameraId), identityFacts({ adapter: devices.resource, soc: spec.chip.split(':')[0] }))
  if (differences.length === 0) return plan
  const error = wrongIdentity(spec.cameraName, differences)
  return accept === true ? { ...plan, warnings: [`${error.message}. It is accepted as the camera that is meant`, ...plan.warnings] } : { ...plan, refusals: [toWire(error), ...plan.refusals] }
}

/** Whoever says that another camera than the known one is meant is written down before its job starts; without that there is no job. */
export async function auditAcceptance<T>({ spec, devices }: CameraEntry, { jobs, audit }: { readonly jobs: Pick<JobBook, 'list'>; readonly audit: Pick<AuditLog, 'around'> }, accept: boolean | undefined, start: () => Promise<T>): Promise<T> {
  if (accept !== true) return start()
  const differences = knownBefore(identityOf(jobs.list(), spec.cameraId), identityFacts({ adapter: devices.resource, soc: spec.chip.split(':')[0] }))
  const [known, found] = [differences.map(({ field, known: before }) => `${field} ${before.value}`), differences.map(({ field, found: value }) => `${field} ${value}`)]
  // Nothing differs as far as anybody has looked: it is said of whoever answers.
  return audit.around({ what: 'accept identity', subject: spec.cameraName, details: { camera: spec.cameraId, ...(differences.length === 0 ? { found: 'whoever answers' } : { known: known.join(', '), found: found.join(', ') }) } }, start)
}

/** First of all that is in the way: a camera that somebody has set aside. */
export function refuseAside<P extends { readonly refusals: WireError[] }>(plan: P, { spec }: CameraEntry): P {
  const refusal = maintenanceRefusal(spec.cameraName, spec.inventory)
  return refusal ? { ...plan, refusals: [toWire(refusal), ...plan.refusals] } : plan
}
