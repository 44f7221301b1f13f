import type { CameraId } from '../../../shared/devices/ids.ts'
import type { PortUnit, UnitPort } from '../../../shared/devices/portUnit.ts'
import type { OnOffPower } from '../../../shared/devices/power.ts'
import { toWire, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { FindNews, FindPlan, FindPort, FindWish, PortMatch } from '../../../shared/rack/findPorts.schema.ts'
import { manyUnconfirmed } from '../../../shared/rack/powerAct.schema.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import { type IdentifyDeps, ownHolder, resourcesOf, whyUntouchable } from './identifyPower.ts'
import type { Lease } from './leases.ts'
import type { CameraEntry } from './rackBook.ts'
import { cutAndWatch, cutAndWatchMs } from './watchStart.ts'

export interface FindPortsDeps extends Omit<IdentifyDeps, 'audit'> {
  readonly audit: Pick<AuditLog, 'append' | 'outcome'>
}
type Named = FindPlan['watched'][number]
type PlanDeps = Pick<FindPortsDeps, 'leases' | 'all'>

const readLimitMs = 30_000
const named = ({ spec }: CameraEntry): Named => ({ cameraId: spec.cameraId, camera: spec.cameraName })

/** Whether its power may come from this unit: it is written down so, or nobody has written down whence it comes. */
function mayHangOn(unit: PortUnit, { spec: { url, power } }: CameraEntry): boolean {
  if (/^rack:/i.test(url)) return false
  return power === undefined || power.kind === 'manual' || power.kind === 'command' || unit.owns(power)
}

/** Outlets that nobody has written down, each with the reason why it is not to be cut. Switches nothing. */
export function planFind(unit: PortUnit, ports: readonly UnitPort[], deps: PlanDeps): FindPlan {
  const entries = deps.all()
  const busy = entries.flatMap((entry) => { const why = whyUntouchable(entry, deps.leases); return why === undefined ? [] : [{ entry, why }] })
  // Nobody knows yet which wire leads where, and any of these outlets may be the one of a camera that is being written.
  const locked = busy.find(({ entry }) => mayHangOn(unit, entry))
  const why = (port: UnitPort): string | undefined => {
    const owner = entries.find(({ spec }) => spec.power && unit.meant(spec.power, ports).includes(port.port))
    if (owner) return `it is written down for ${owner.spec.cameraName}`
    if (port.why !== undefined) return port.why
    return locked && `${locked.why.replace(/^it is/, `${locked.entry.spec.cameraName} is`)}, and this port may be its own`
  }
  const watched = entries.filter((entry) => !busy.some((each) => each.entry === entry) && entry.console.stats().state === 'open')
  return {
    unit: { id: unit.id, label: unit.label, kind: unit.kind, lists: unit.lists },
    ports: ports.map((port): FindPort => {
      const { why: _own, ...told } = port
      const reason = why(port)
      return { ...told, ...(reason === undefined ? {} : { why: reason }) }
    }),
    watched: watched.map(named),
    skipped: entries.filter((entry) => !watched.includes(entry)).map((entry) => ({ ...named(entry), why: busy.find((each) => each.entry === entry)?.why ?? 'its console is not connected' })),
    perPortMs: cutAndWatchMs,
  }
}

/**
 * Cuts the chosen outlets one after the other and watches every free console: the one that starts is fed by that outlet. Cancelled half-way,
 * the outlet that is off comes on again, and that is read back, before anything else.
 */
export async function* findPorts(unit: PortUnit, wish: FindWish, typed: readonly string[], deps: FindPortsDeps, signal: AbortSignal): AsyncGenerator<FindNews, void, void> {
  if (wish.ports.length > manyUnconfirmed && wish.confirm?.trim() !== String(wish.ports.length)) {
    throw new WorkbenchError('input/conflict', `Cutting ${wish.ports.length} ports was not confirmed`, { context: { ports: wish.ports.length }, hint: `Type their number, ${wish.ports.length}` })
  }
  const look = async (): Promise<FindPlan> => planFind(unit, await unit.look(typed, signal), deps)
  const first = await look()
  const held: Lease[] = []
  const matches: PortMatch[] = []
  try {
    // Also those that are not watched: a job that begins now would lose its power in the middle of a write.
    for (const resource of resourcesOf(mayBeDark(unit, deps))) held.push(await deps.leases.take(resource, ownHolder, signal))
    for (const port of wish.ports) {
      signal.throwIfAborted()
      const now = (await look()).ports.find((each) => each.port === port)
      if (!now || now.why !== undefined) { yield { type: 'skipped', port, why: now?.why ?? `${unit.label} has no such port` }; continue }
      yield { type: 'cutting', port }
      const watched = deps.all().filter((entry) => first.watched.some(({ cameraId }) => cameraId === entry.spec.cameraId))
      const seen = await cutOne({ unit, port, before: now.state, watched }, deps, signal)
      if ('why' in seen) { yield { type: 'skipped', port, why: seen.why }; continue }
      // A job that began meanwhile restarts its camera by itself.
      const answered = seen.answered.filter((entry) => whyUntouchable(entry, deps.leases) === undefined).map(named)
      const [only] = answered
      const match = only && answered.length === 1 ? { port, ...only } : undefined
      if (match) matches.push(match)
      yield { type: 'seen', port, after: seen.after, answered, ...(match ? { match } : {}) }
    }
    yield { type: 'done', matches: onlyOnce(matches) }
  } finally {
    await Promise.all(held.map(async (lease) => lease.release()))
  }
}

const mayBeDark = (unit: PortUnit, { all }: PlanDeps): readonly CameraEntry[] => all().filter((entry) => mayHangOn(unit, entry))

/** A camera that starts again and again answers to every port, which tells nothing. */
const onlyOnce = (matches: readonly PortMatch[]): PortMatch[] => matches.filter(({ cameraId }) => matches.filter((each) => each.cameraId === cameraId).length === 1)

interface Cut { readonly unit: PortUnit; readonly port: string; readonly before: string; readonly watched: readonly CameraEntry[] }
type Seen = { readonly answered: readonly CameraEntry[]; readonly after: 'on' | 'unknown' } | { readonly why: string }

async function cutOne({ unit, port, before, watched }: Cut, deps: FindPortsDeps, signal: AbortSignal): Promise<Seen> {
  const power = unit.power(port)
  const begun = deps.audit.append({ what: 'power cycle', subject: `port ${port} of ${unit.label}`, details: { before, by: ownHolder } })
  const outcome = await cutAndWatch(power, watched, deps.clock, signal).then((answered) => ({ answered }), (error: unknown) => ({ error }))
  const wire = 'error' in outcome ? toWire(outcome.error) : undefined
  try {
    const after = await lightAgain(power, deps)
    deps.audit.outcome(begun, wire ? { outcome: 'failed', after, code: wire.code, why: wire.message } : { outcome: 'done', after })
    if ('answered' in outcome) return { ...outcome, after }
  } catch (error) {
    deps.audit.outcome(begun, { outcome: 'failed', after: 'unknown', why: toWire(error).message })
    // What came first is told by the unit in its own words; a port that stays dark is told before everything.
    if (wire === undefined || wire.code === 'internal/bug') throw error
    if (error instanceof WorkbenchError && error.code === 'pod/wrong-power-state') throw error
  }
  // Refused: nothing was switched, and the other ports are still to be looked at.
  if (wire?.code === 'pod/refused' || wire?.code === 'pod/no-power-control') return { why: wire.message }
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- the very value that was thrown
  throw ('error' in outcome ? outcome.error : new WorkbenchError('internal/bug', 'A port was lost'))
}

/** Its own signal: a person who looks away does not leave a camera dark. */
async function lightAgain(power: OnOffPower, { clock }: Pick<FindPortsDeps, 'clock'>): Promise<'on' | 'unknown'> {
  const { signal } = new AbortController()
  return withDeadline(clock, readLimitMs, `reading ${power.label}`, signal, async (within) => {
    if (await power.read(within) === 'on') return power.proof === 'read-back' ? 'on' : 'unknown'
    // Switching on reads back by itself, and fails where the light does not come.
    await power.set('on', within)
    return power.proof === 'read-back' ? 'on' : 'unknown'
  })
}

/** The matches as they may be written down: each port and each camera once, and no camera that its own pod switches. */
export function assignable(matches: readonly PortMatch[], find: (id: CameraId) => CameraEntry | undefined): readonly { readonly match: PortMatch; readonly entry: CameraEntry }[] {
  const [ports, cameras] = [new Set(matches.map(({ port }) => port)), new Set(matches.map(({ cameraId }) => cameraId))]
  if (ports.size !== matches.length || cameras.size !== matches.length) throw new WorkbenchError('input/conflict', 'Some of these cameras would share a port, or have several')
  return matches.map((match) => {
    const entry = find(match.cameraId)
    if (!entry) throw new WorkbenchError('input/not-found', `${match.camera} has left the rack`)
    if (/^rack:/i.test(entry.spec.url)) throw new WorkbenchError('input/not-supported', `${match.camera} is switched by its pod, which cannot be changed here`, { hint: 'Leave it out; look at the wires' })
    return { match, entry }
  })
}
