import { Cancelled, toWire, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { JobNews } from '../../../shared/jobs/jobEvent.ts'
import type { Job } from '../../../shared/jobs/reduceJob.ts'
import type { Verdict } from '../../../shared/restore/restore.schema.ts'

export interface JobOutcome {
  readonly verdict: Verdict
  /** Why, when the verdict is not a good one. Foreign errors are logged and recorded without their text. */
  readonly error?: unknown
}

export type Settled = { readonly ok: true; readonly outcome: JobOutcome } | { readonly ok: false; readonly error: unknown }

export interface EndingFacts {
  /** As the journal has it, all clean-up included. */
  readonly job: Job
  readonly settled: Settled
  readonly elapsedMs: number
  /** The workbench is closing, and nobody asked for a cancel. */
  readonly closing: boolean
}

type Ending = Extract<JobNews, { type: 'job-succeeded' | 'job-failed' | 'job-cancelled' | 'job-interrupted' }>

/** Cut off inside one of these, nobody knows what the flash holds. */
const openStates: ReadonlySet<string> = new Set(['erasing', 'writing', 'reading-back', 'unknown'])

const failedVerdict = (job: Job): Verdict =>
  isUntold(job) || job.partitions.some(({ state }) => openStates.has(state)) || job.environment?.state === 'saving' || job.environment?.state === 'unknown' ? 'failed (state unknown)' : 'failed (state known)'

/** An update that had begun to change the device, which has not told its version since. */
const isUntold = (job: Job): boolean => job.workflow === 'update' && job.versionRead === undefined && job.phases.some(({ writing }) => writing)

/** The last guard of the promise: no success without a CRC that the camera computed over each partition. */
const unproved = (job: Job): readonly string[] => job.partitions
  .filter((each) => (each.state !== 'proved' && each.state !== 'unchanged') || each.readBackCrc32 !== each.crc32)
  .map(({ name }) => name)

function afterDump(job: Job, elapsedMs: number): Ending {
  // The journal tells a range only after its bytes were compared with the camera's own CRC.
  if (job.dumped.length === 0) {
    return { type: 'job-failed', verdict: 'failed (state known)', elapsedMs, error: toWire(new WorkbenchError('internal/bug', 'The work called itself done, but nothing was dumped')) }
  }
  const [left] = job.leftBehind
  if (left === undefined) return { type: 'job-succeeded', verdict: 'dumped and verified', elapsedMs }
  const error = new WorkbenchError('job/undo-failed', `The dump is complete, but could not ${left}`, { context: { leftBehind: job.leftBehind.length } })
  return { type: 'job-failed', verdict: 'dumped and verified', elapsedMs, error: toWire(error) }
}

function afterBurn(job: Job, elapsedMs: number): Ending {
  const [left] = job.leftBehind
  const error = job.ubootVersion === undefined
    ? new WorkbenchError('internal/bug', 'The work called itself done, but no U-Boot has answered')
    : left === undefined ? undefined : new WorkbenchError('job/undo-failed', `U-Boot is running, but could not ${left}`, { context: { leftBehind: job.leftBehind.length } })
  if (!error) return { type: 'job-succeeded', verdict: 'U-Boot is running', elapsedMs }
  return { type: 'job-failed', verdict: job.ubootVersion === undefined ? 'failed (state known)' : 'U-Boot is running', elapsedMs, error: toWire(error) }
}

function afterSuccess(job: Job, elapsedMs: number): Ending {
  const missing = [...unproved(job), ...(job.workflow === 'install' && job.environment?.state !== 'proved' ? ['the environment'] : [])]
  const verdict = job.workflow === 'install' ? 'installed and booted' : 'restored and booted'
  if (missing.length > 0) {
    const error = new WorkbenchError('internal/bug', `The work called itself done, but nothing proves ${missing.join(', ')}`, {
      context: { partitions: missing.join(',') }, hint: 'Start it again; parts that are right already are skipped',
    })
    return { type: 'job-failed', verdict: failedVerdict(job), elapsedMs, error: toWire(error) }
  }
  const [left] = job.leftBehind
  if (left !== undefined) {
    const error = new WorkbenchError('job/undo-failed', `The camera is ${verdict}, but could not ${left}`, {
      context: { leftBehind: job.leftBehind.length }, hint: 'Look at the pod before the next job uses it',
    })
    return { type: 'job-failed', verdict, elapsedMs, error: toWire(error) }
  }
  return { type: 'job-succeeded', verdict, elapsedMs }
}

const withoutReason = (verdict: Verdict): WorkbenchError => verdict === 'restored, boot not seen' || verdict === 'installed, boot not seen'
  ? new WorkbenchError('device/not-booted', 'Every byte is in flash, but the camera was not seen to boot', { hint: 'Look at its console and power it again' })
  : new WorkbenchError('internal/bug', `The work ended as "${verdict}" without saying why`)

/** What the work was for has to be in the journal, and a range that was changed has to be proved like a partition. */
function afterAgent(job: Job, verdict: Verdict, elapsedMs: number): Ending {
  const kind = job.workflow === 'agent' ? job.plan.request.work.kind : undefined
  const isDone = job.agent !== undefined && unproved(job).length === 0
    && (kind !== 'read' || job.dumped.length > 0) && (kind !== 'crc' || job.summed !== undefined) && (kind !== 'examine' || job.flashMap !== undefined) && (kind !== 'memory' || job.memory !== undefined)
  const [left] = job.leftBehind
  const error = !isDone
    ? new WorkbenchError('internal/bug', 'The work called itself done, but nothing proves it')
    : left === undefined ? undefined : new WorkbenchError('job/undo-failed', `The flash agent has done its work, but could not ${left}`, { context: { leftBehind: job.leftBehind.length } })
  if (!error) return { type: 'job-succeeded', verdict, elapsedMs }
  return { type: 'job-failed', verdict: isDone ? verdict : failedVerdict(job), elapsedMs, error: toWire(error) }
}

function afterUpdate(job: Job, elapsedMs: number): Ending {
  const wanted = job.workflow === 'update' ? job.plan.to : undefined
  const [left] = job.leftBehind
  const error = job.versionRead === undefined || job.versionRead !== wanted
    ? new WorkbenchError('internal/bug', `The work called itself done, but the device reports ${job.versionRead ?? 'no version'}`)
    : left === undefined ? undefined : new WorkbenchError('job/undo-failed', `The device has its version, but could not ${left}`, { context: { leftBehind: job.leftBehind.length } })
  if (!error) return { type: 'job-succeeded', verdict: 'updated and read back', elapsedMs }
  return { type: 'job-failed', verdict: job.versionRead === wanted ? 'updated and read back' : failedVerdict(job), elapsedMs, error: toWire(error) }
}

/** Exactly one end for each job, whatever happened. */
export function endingOf({ job, settled, elapsedMs, closing }: EndingFacts): Ending {
  const error = settled.ok ? settled.outcome.error : settled.error
  const wasCancelled = settled.ok ? settled.outcome.verdict === 'cancelled' : error instanceof Cancelled
  if (wasCancelled) {
    return closing && !job.cancelRequested
      ? { type: 'job-interrupted', verdict: 'interrupted' }
      : { type: 'job-cancelled', verdict: 'cancelled', elapsedMs }
  }
  if (!settled.ok) return { type: 'job-failed', verdict: failedVerdict(job), elapsedMs, error: toWire(error) }
  const { verdict } = settled.outcome
  if (verdict === 'restored and booted' && job.workflow === 'restore') return afterSuccess(job, elapsedMs)
  if (verdict === 'installed and booted' && job.workflow === 'install') return afterSuccess(job, elapsedMs)
  if (verdict === 'dumped and verified' && job.workflow === 'dump') return afterDump(job, elapsedMs)
  if (verdict === 'U-Boot is running' && job.workflow === 'burn') return afterBurn(job, elapsedMs)
  if (verdict === 'updated and read back' && job.workflow === 'update') return afterUpdate(job, elapsedMs)
  if ((verdict === 'done and proved' || verdict === 'examined, not healthy') && job.workflow === 'agent') return afterAgent(job, verdict, elapsedMs)
  return { type: 'job-failed', verdict, elapsedMs, error: toWire(error ?? withoutReason(verdict)) }
}
