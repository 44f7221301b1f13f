import type { CameraId, JobId, PodId } from '../../../shared/devices/ids.ts'
import type { PowerController } from '../../../shared/devices/power.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { isFinished, type Job, writingPhase } from '../../../shared/jobs/reduceJob.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { PowerAction } from '../../../shared/rack/powerAct.schema.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import type { Lease, Leases } from './leases.ts'

const cyclePowerMs = 2_000
/** The slowest switch tries "on" three times for 20 s; a person has ten minutes. */
const switchLimitMs = 120_000
const byHandLimitMs = 600_000

export interface PowerTarget {
  readonly spec: { readonly id: PodId; readonly cameraId: CameraId; readonly cameraName: string }
  readonly devices: { readonly power: PowerController; readonly resource: string }
}

export interface PowerAct {
  readonly target: PowerTarget
  /** Every camera whose light goes with this one's, itself included. */
  readonly sharing: readonly PowerTarget[]
  readonly action: PowerAction
  /** Typed by a person who wants it although a job has the camera. */
  readonly force?: string | undefined
}

export interface PowerActDeps {
  readonly clock: Clock
  readonly leases: Leases
  readonly audit: AuditLog
  readonly log: (line: string) => void
  readonly jobOf: (camera: CameraId) => Job | undefined
  /** One that another program runs: its journal is ours. */
  readonly findJob?: (id: JobId) => Job | undefined
  /** Ends that job as failed, because its camera's power was switched under it. */
  readonly breakOff: (job: Job, error: WorkbenchError) => void
}

export interface PowerOutcome {
  /** Read back from the switch; others accept and cannot be asked. */
  readonly isVerified: boolean
}

/** A job's lease says which one it is, whatever program runs it. */
const jobNamed = /\(job ([\w-]{1,64})\)$/

/** How its lease is called. */
export const powerHolder = (action: PowerAction, cameraName: string): string => `Power ${action} of ${cameraName}`

interface Busy {
  readonly target: PowerTarget
  readonly holder: string
  readonly job: Job | undefined
}

/**
 * The one way to a camera's power that is not its own job's. While anybody has the camera, or another one on the same switch, it is
 * refused; power that goes while flash is written is how cameras are bricked. The leases are held for the time of the act, so that
 * no job begins under it, in this program or another.
 */
export async function actOnPower(act: PowerAct, deps: PowerActDeps, signal: AbortSignal): Promise<PowerOutcome> {
  const { target, sharing, action } = act
  const { power } = target.devices
  const name = target.spec.cameraName
  if (action !== 'cycle' && power.ability !== 'on-off') throw new WorkbenchError('pod/no-power-control', `${power.label} cannot switch ${action}`)
  const { held, busy } = await takeAll(sharing, powerHolder(action, name), deps, signal)
  try {
    if (busy.length > 0) override(act, busy, deps)
    if (busy.length === 0) checkTyped(act)
    const work = async (): Promise<void> => withDeadline(deps.clock, power.ability === 'manual' ? byHandLimitMs : switchLimitMs, `power ${action} of ${name}`, signal, async (within) => switchPower(power, action, within))
    await (action === 'on' ? lightFirst(work, name, deps) : deps.audit.around({ what: `power ${action}`, subject: name, details: { camera: target.spec.cameraId } }, work))
    return { isVerified: power.ability === 'on-off' && power.proof === 'read-back' }
  } finally {
    for (const lease of held) await lease.release()
  }
}

async function switchPower(power: PowerController, action: PowerAction, signal: AbortSignal): Promise<void> {
  if (action === 'cycle') await power.cycle(cyclePowerMs, signal)
  else if (power.ability === 'on-off') await power.set(action, signal)
}

/** Light destroys nothing: a camera is not left dark because a disk is full. */
async function lightFirst(work: () => Promise<void>, subject: string, { audit, log }: PowerActDeps): Promise<void> {
  let entry: ReturnType<AuditLog['append']> | undefined
  try {
    entry = audit.append({ what: 'power on', subject })
  } catch (error) {
    log(`${subject} is switched on though the audit log did not take it: ${String(error)}`)
  }
  await work()
  if (entry) audit.outcome(entry, { outcome: 'done' })
}

/** In one order for everybody, so that two acts on one switch do not wait for each other half-way. */
async function takeAll(sharing: readonly PowerTarget[], holder: string, { leases, jobOf, findJob }: PowerActDeps, signal: AbortSignal): Promise<{ readonly held: readonly Lease[]; readonly busy: readonly Busy[] }> {
  const held: Lease[] = []
  const busy: Busy[] = []
  for (const target of [...sharing].sort((a, b) => (a.devices.resource < b.devices.resource ? -1 : 1))) {
    try {
      held.push(await leases.take(target.devices.resource, holder, signal))
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code !== 'pod/busy') {
        for (const lease of held) await lease.release()
        throw error
      }
      const holder = String(error.context['holder'])
      const named = jobNamed.exec(holder)?.[1]
      const job = [named === undefined ? undefined : findJob?.(named as JobId), jobOf(target.spec.cameraId)].find((each) => each && !isFinished(each))
      busy.push({ target, holder, job })
    }
  }
  return { held, busy }
}

/** Throws unless the very name was typed; then it is written down and the jobs are told before the light goes. */
function override({ target, action, force }: PowerAct, busy: readonly Busy[], { audit, breakOff }: PowerActDeps): void {
  const worst = busy.find(({ job }) => job && writingPhase(job)) ?? busy.find((each) => each.target.spec.id === target.spec.id) ?? busy[0]
  if (!worst) return
  const wanted = worst.target.spec.cameraName
  if (force === undefined) throw refusal(target, worst)
  if (force !== wanted) {
    throw new WorkbenchError('pod/busy', `The name that was typed is not "${wanted}"; the power of ${target.spec.cameraName} stays as it is`, { context: contextOf(worst), hint: `Type ${wanted}, exactly, to switch it all the same` })
  }
  const why = wordsOf(worst)
  audit.append({ what: 'power override', subject: target.spec.cameraName, details: { action, typed: force, why, ...(worst.job ? { job: worst.job.id } : {}) } })
  for (const { job } of busy) {
    if (job) breakOff(job, new WorkbenchError('pod/wrong-power-state', `The power of ${target.spec.cameraName} was switched (${action}) under this job, by somebody who typed the camera's name`, {
      context: { action, phase: job.phase ?? '' }, hint: 'What the flash holds is not known; restore the camera again',
    }))
  }
}

/** Who types another camera's name means another camera, also where nothing stands in the way. */
function checkTyped({ target, sharing, force }: PowerAct): void {
  if (force === undefined || sharing.some(({ spec }) => spec.cameraName === force)) return
  throw new WorkbenchError('pod/busy', `The name that was typed is not "${target.spec.cameraName}"; its power stays as it is`, { context: { typeName: target.spec.cameraName }, hint: 'No job has it: no name has to be typed at all' })
}

function refusal(target: PowerTarget, busy: Busy): WorkbenchError {
  const shared = busy.target.spec.id === target.spec.id ? '' : ` ${target.spec.cameraName} has its power from the same switch.`
  return new WorkbenchError('pod/busy', `${wordsOf(busy)}.${shared} The power of ${target.spec.cameraName} stays as it is`, {
    context: contextOf(busy), hint: `Cancel the job first, or wait for it. Whoever types ${busy.target.spec.cameraName} switches it all the same`,
  })
}

const contextOf = ({ holder, job, target }: Busy): Record<string, string | boolean> => ({
  holder, isWriting: job !== undefined && writingPhase(job) !== undefined, typeName: target.spec.cameraName, ...(job ? { job: job.id } : {}),
})

function wordsOf({ target, holder, job }: Busy): string {
  const name = target.spec.cameraName
  const phase = job && writingPhase(job)
  if (!job || !phase) return `${name} is in use by ${holder}`
  const title = job.plan.phases.find((each) => each.name === phase.name)?.title ?? phase.name
  const { doneBytes = 0, totalBytes = 0 } = phase.progress ?? {}
  const percent = totalBytes > 0 ? `, ${Math.floor((100 * doneBytes) / totalBytes)} %` : ''
  return `"${job.title}" is writing the flash of ${name} (${title}${percent})`
}

/**
 * What a job's own switching goes through: it may take the light of its own camera, once written down, and never that of another
 * one that is in use.
 */
export function createJobPowerGate(target: PowerTarget, sharing: () => readonly PowerTarget[], deps: PowerActDeps): <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T> {
  const told = new Set<string>()
  return async (work, signal) => {
    const job = deps.jobOf(target.spec.cameraId)
    if (job && !isFinished(job) && !told.has(job.id)) {
      deps.audit.append({ what: 'power cycle', subject: target.spec.cameraName, details: { camera: target.spec.cameraId, by: job.title, job: job.id } })
      told.add(job.id)
    }
    const others = sharing().filter((each) => each.devices.resource !== target.devices.resource)
    const { held, busy } = await takeAll(others, `Power of ${target.spec.cameraName}`, deps, signal)
    try {
      const [first] = busy
      if (first) throw refusal(target, first)
      return await work()
    } finally {
      for (const lease of held) await lease.release()
    }
  }
}
