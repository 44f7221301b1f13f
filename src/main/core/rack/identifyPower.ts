import type { CameraId } from '../../../shared/devices/ids.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { IdentifyMatch, IdentifyNews, IdentifyPlan } from '../../../shared/rack/identify.schema.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import type { Lease, Leases } from './leases.ts'
import { maintenanceWords } from './inventory.ts'
import type { CameraEntry } from './rackBook.ts'
import { cutAndWatch, cutAndWatchMs } from './watchStart.ts'

export interface IdentifyDeps {
  readonly clock: Clock
  readonly leases: Pick<Leases, 'take' | 'holderOf'>
  readonly audit: Pick<AuditLog, 'around'>
  /** Of the whole rack: a wire that is crossed may lead to any of them. */
  readonly all: () => readonly CameraEntry[]
}

/** Without asking anybody: locked cameras, those in maintenance, and what nobody but a person can switch are left out. */
export function planIdentify(ids: readonly CameraId[], { leases, all }: Pick<IdentifyDeps, 'leases' | 'all'>): IdentifyPlan {
  const chosen = [...new Set(ids)].map((id) => {
    const entry = all().find(({ spec }) => spec.cameraId === id)
    if (!entry) throw new WorkbenchError('input/not-found', `There is no camera ${id}`, { context: { camera: id } })
    return entry
  })
  const ports = new Set<string>()
  const cuts: IdentifyPlan['cuts'] = []
  const watched: IdentifyPlan['watched'] = []
  const skipped: IdentifyPlan['skipped'] = []
  for (const entry of chosen) {
    const named = { cameraId: entry.spec.cameraId, camera: entry.spec.cameraName }
    const untouchable = whyUntouchable(entry, leases)
    if (untouchable !== undefined) { skipped.push({ ...named, why: untouchable }); continue }
    if (entry.console.stats().state !== 'open') { skipped.push({ ...named, why: 'its console is not connected' }); continue }
    watched.push(named)
    const why = whyNotCut(entry, ports, { leases, all })
    if (why === undefined) cuts.push({ ...named, power: entry.devices.power.label })
    else skipped.push({ ...named, why: `its console is watched, and no power is cut for it: ${why}` })
    ports.add(portOf(entry))
  }
  return { cuts, watched, skipped, forecastMs: cuts.length * cutAndWatchMs }
}

/** A camera that a job has, or that somebody has set aside. */
export function whyUntouchable({ spec, devices }: CameraEntry, leases: Pick<Leases, 'holderOf'>): string | undefined {
  const holder = leases.holderOf(devices.resource)?.holder
  if (holder !== undefined && holder !== ownHolder) return `it is in use by ${holder}`
  return spec.inventory?.maintenance ? maintenanceWords(spec.cameraName, spec.inventory.maintenance) : undefined
}

function whyNotCut(entry: CameraEntry, ports: ReadonlySet<string>, { leases, all }: Pick<IdentifyDeps, 'leases' | 'all'>): string | undefined {
  if (entry.devices.power.ability === 'manual') return 'nobody but a person can switch it'
  if (ports.has(portOf(entry))) return 'another camera of the list has the same port'
  const shared = switchOf(entry)
  // Nobody knows yet which wire leads where, and this port may be the one of a camera that is being written.
  const locked = shared === undefined ? undefined : all().find((other) => switchOf(other) === shared && whyUntouchable(other, leases) !== undefined)
  return locked && `on the same switch ${whyUntouchable(locked, leases)?.replace(/^it is/, `${locked.spec.cameraName} is`) ?? ''}, and this port may be its own`
}

/** One text for one port, whoever it was written down for. */
const portOf = ({ spec, devices }: CameraEntry): string => {
  const { power } = spec
  if (!power || power.kind === 'manual' || power.kind === 'command') return `of ${devices.resource}`
  const { passwordRef: _kept, ...place } = { passwordRef: undefined, ...power }
  return JSON.stringify(Object.entries(place).sort(([a], [b]) => (a < b ? -1 : 1)))
}
const switchOf = ({ spec: { power } }: CameraEntry): string | undefined => (power?.kind === 'routeros' || power?.kind === 'pdudaemon' ? `${power.kind} ${power.host.toLowerCase()}` : undefined)

export const ownHolder = 'finding out whose power is whose'

/** Each once: two cameras that were given one adapter under two names share a lease as soon as it is plugged in. */
export const resourcesOf = (entries: readonly CameraEntry[]): readonly string[] => [...new Set(entries.map(({ devices }) => devices.resource))].sort()

/**
 * Cuts the agreed ports one after the other and watches every chosen console. A port that is locked by now is left out; one that was not agreed
 * is never cut. Cancelled half-way, the port that was cut comes on again first.
 */
export async function* identifyPower(ids: readonly CameraId[], agreed: readonly CameraId[], deps: IdentifyDeps, signal: AbortSignal): AsyncGenerator<IdentifyNews, void, void> {
  const { all, leases } = deps
  const first = planIdentify(ids, deps)
  const extra = agreed.find((id) => !ids.includes(id))
  if (extra !== undefined) throw new WorkbenchError('input/conflict', `${extra} was not in the list of cameras`)
  const held: Lease[] = []
  const matches: IdentifyMatch[] = []
  try {
    const watchedFirst = first.watched.map(({ cameraId, camera }) => {
      const entry = all().find(({ spec }) => spec.cameraId === cameraId)
      if (!entry) throw new WorkbenchError('input/not-found', `${camera} has left the rack`)
      return entry
    })
    for (const resource of resourcesOf(watchedFirst)) held.push(await leases.take(resource, ownHolder, signal))
    for (const cameraId of agreed) {
      signal.throwIfAborted()
      const now = planIdentify(ids, deps)
      const cut = now.cuts.find((each) => each.cameraId === cameraId)
      const entry = all().find(({ spec }) => spec.cameraId === cameraId)
      if (!cut || !entry) {
        yield { type: 'skipped', cameraId, camera: entry?.spec.cameraName ?? cameraId, why: now.skipped.find((each) => each.cameraId === cameraId)?.why ?? 'it is not to be cut any more' }
        continue
      }
      const { camera } = cut
      yield { type: 'cutting', ...cut }
      const watched = all().filter(({ spec }) => first.watched.some((each) => each.cameraId === spec.cameraId))
      const found = await deps.audit.around({ what: 'power cycle', subject: camera, details: { camera: cameraId, power: cut.power, by: ownHolder } }, async () => cutAndWatch(entry.devices.power, watched, deps.clock, signal))
      const answered = found.map(({ spec }) => ({ cameraId: spec.cameraId, camera: spec.cameraName }))
      const [only] = answered
      const match = only !== undefined && answered.length === 1 ? { port: cameraId, console: only.cameraId } : undefined
      if (match) matches.push(match)
      yield { type: 'seen', ...cut, answered, ...(match === undefined ? {} : { match }) }
    }
    yield { type: 'done', matches }
  } finally {
    await Promise.all(held.map(async (lease) => lease.release()))
  }
}

/** The ports as they were found, where each of the cameras concerned has just one of its own. */
export function reassigned<P extends { readonly cameraId: CameraId; readonly url: string; readonly cameraName: string; readonly power?: CameraEntry['spec']['power'] }>(pods: readonly P[], matches: readonly IdentifyMatch[]): P[] {
  const crossed = matches.filter(({ port, console }) => port !== console)
  const [ports, consoles] = [new Set(crossed.map(({ port }) => port)), new Set(crossed.map((match) => match.console))]
  if (ports.size !== crossed.length || consoles.size !== crossed.length || [...ports].some((id) => !consoles.has(id))) {
    throw new WorkbenchError('input/conflict', 'Some of these cameras would share a port, or have none', { hint: 'Watch all cameras on these ports at once, and look at the silent ones' })
  }
  return pods.map((pod) => {
    const match = crossed.find((each) => each.console === pod.cameraId)
    if (!match) return pod
    if (/^rack:/i.test(pod.url)) throw new WorkbenchError('input/not-supported', `${pod.cameraName} is switched by its pod, which cannot be changed here`, { hint: 'Change the wires instead' })
    const { power: _before, ...rest } = pod
    const power = pods.find((each) => each.cameraId === match.port)?.power
    return { ...rest, ...(power === undefined ? {} : { power }) } as P
  })
}
