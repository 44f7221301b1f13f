import type { AgentFacts, AgentPlan, MemorySpeed, SummedRange } from '../agent/agent.schema.ts'
import type { FlashMap } from '../agent/flashMap.ts'
import type { BurnPlan } from '../burn/burn.schema.ts'
import type { DumpedRange, DumpPlan } from '../dump/dump.schema.ts'
import type { CameraId, JobId, PodId } from '../devices/ids.ts'
import { type WireError, WorkbenchError } from '../errors/workbenchError.ts'
import type { EnvironmentProgress, InstallPlan } from '../install/install.schema.ts'
import type { UpdatePlan } from '../ota/deviceUpdate.schema.ts'
import type { IdentityReading } from '../rack/identity.schema.ts'
import type { PartitionProgress, RestorePlan, Verdict } from '../restore/restore.schema.ts'
import type { JobEvent } from './jobEvent.ts'

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted'

export interface PhaseRecord {
  readonly name: string
  readonly state: 'waiting' | 'running' | 'finished' | 'stopped'
  /** Flash is erased or written in it, as its workflow declares. */
  readonly writing?: true
  readonly startedAtMs?: number
  readonly elapsedMs?: number
  readonly note?: string
  readonly progress?: { readonly step: string; readonly doneBytes: number; readonly totalBytes: number }
}

/** What is to be done, by workflow. */
export type JobWork =
  | { readonly workflow: 'restore'; readonly plan: RestorePlan }
  | { readonly workflow: 'install'; readonly plan: InstallPlan }
  | { readonly workflow: 'dump'; readonly plan: DumpPlan }
  | { readonly workflow: 'burn'; readonly plan: BurnPlan }
  | { readonly workflow: 'agent'; readonly plan: AgentPlan }
  | { readonly workflow: 'update'; readonly plan: UpdatePlan }
export type WorkflowName = JobWork['workflow']

export type Job = JobWork & JobFacts

interface JobFacts {
  readonly id: JobId
  readonly title: string
  readonly pod: PodId
  readonly camera: CameraId
  readonly state: JobState
  readonly sequence: number
  readonly queuedAtMs: number
  readonly startedAtMs?: number
  readonly endedAtMs?: number
  readonly elapsedMs?: number
  readonly phase?: string
  readonly phases: readonly PhaseRecord[]
  readonly partitions: readonly PartitionProgress[]
  /** Of an installation, once the camera's own was read. */
  readonly environment?: EnvironmentProgress
  /** Of a dump: what has been read, proved and kept. */
  readonly dumped: readonly DumpedRange[]
  /** Of a burn: what the U-Boot in RAM says it is. */
  readonly ubootVersion?: string
  /** Who answered, once it was read. */
  readonly identity?: IdentityReading & { readonly atMs: number }
  /** Of work by a flash agent: what it is, and what it found. */
  readonly agent?: AgentFacts
  readonly flashMap?: FlashMap
  readonly summed?: SummedRange
  readonly memory?: MemorySpeed
  /** Of an update: what the device reported last. Absent since something began to change it. */
  readonly versionRead?: string
  readonly staging?: { readonly state: 'waiting' | 'running' | 'done'; readonly file: string; readonly doneBytes: number; readonly totalBytes: number; readonly note: string }
  readonly notes: readonly { readonly atMs: number; readonly level: 'info' | 'warning'; readonly message: string }[]
  readonly cancelRequested: boolean
  readonly undone: readonly string[]
  /** What the job could not put back. Shown beside the first error, which it never replaces. */
  readonly leftBehind: readonly string[]
  readonly consoleExcerpt?: string
  readonly verdict?: Verdict
  readonly error?: WireError
}

export const isFinished = (job: Job): boolean => job.state !== 'queued' && job.state !== 'running'

/** The phase in which flash is being erased or written right now. */
export const writingPhase = (job: Job): PhaseRecord | undefined => job.phases.find(({ state, writing }) => state === 'running' && writing)

function queued(event: Extract<JobEvent, { type: 'job-queued' }>): Job {
  return {
    ...workOf(event), id: event.job, title: event.title, pod: event.pod, camera: event.camera,
    state: 'queued', sequence: event.sequence, queuedAtMs: event.atMs,
    phases: event.plan.phases.map(({ name }) => ({ name, state: 'waiting' })),
    partitions: event.plan.partitions.map(({ name, offsetBytes, lengthBytes, crc32 }) =>
      ({ name, offsetBytes, lengthBytes, crc32, state: 'pending', writes: 0 })),
    dumped: [], notes: [], cancelRequested: false, undone: [], leftBehind: [],
  }
}

/** The two fields belong together, and only the check of the one tells what the other is. */
export function workOf(event: JobWork): JobWork {
  switch (event.workflow) {
    case 'restore': return { workflow: event.workflow, plan: event.plan }
    case 'install': return { workflow: event.workflow, plan: event.plan }
    case 'dump': return { workflow: event.workflow, plan: event.plan }
    case 'burn': return { workflow: event.workflow, plan: event.plan }
    case 'agent': return { workflow: event.workflow, plan: event.plan }
    case 'update': return { workflow: event.workflow, plan: event.plan }
  }
}

const withPhase = (job: Job, name: string, change: (phase: PhaseRecord) => PhaseRecord): Job =>
  ({ ...job, phases: job.phases.map((phase) => (phase.name === name ? change(phase) : phase)) })

/** What was read before a change says nothing about after it. */
const withoutVersion = ({ versionRead: _before, ...job }: Job): Job => job as Job

/** A phase that was running when the job ended did not finish. */
function ended(job: Job, event: JobEvent, state: JobState, more: Partial<Pick<Job, 'verdict' | 'elapsedMs' | 'error'>>): Job {
  return {
    ...job, ...more, state, endedAtMs: event.atMs,
    phases: job.phases.map((phase) => (phase.state === 'running' ? { ...phase, state: 'stopped' } : phase)),
  }
}

/** The one fold: main builds its list with it at start-up, and the renderer its cards. Pure, so both agree. */
export function reduceJob(job: Job | undefined, event: JobEvent): Job {
  // Replay overlaps with what is known, and that is no error.
  if (event.type === 'job-queued') return job ?? queued(event)
  if (!job) throw new WorkbenchError('job/impossible-event', `"${event.type}" before "job-queued"`)
  if (event.sequence <= job.sequence) return job
  if (event.sequence > job.sequence + 1) {
    throw new WorkbenchError('link/gap', 'Job events are missing', { context: { after: job.sequence, got: event.sequence } })
  }
  if (isFinished(job)) throw new WorkbenchError('job/impossible-event', `"${event.type}" after the end`)
  const next: Job = { ...job, sequence: event.sequence }
  switch (event.type) {
    case 'job-started': return { ...next, state: 'running', startedAtMs: event.atMs }
    case 'phase-started':
      return withPhase({ ...(event.writing ? withoutVersion(next) : next), phase: event.phase }, event.phase, ({ name }) => ({ name, state: 'running', startedAtMs: event.atMs, ...(event.writing ? { writing: true } : {}) }))
    case 'phase-progressed': {
      const { step, doneBytes, totalBytes } = event
      return withPhase(next, event.phase, (phase) => ({ ...phase, progress: { step, doneBytes, totalBytes } }))
    }
    case 'phase-finished':
      return withPhase(next, event.phase, (phase) => ({ ...phase, state: 'finished', elapsedMs: event.elapsedMs, note: event.note }))
    case 'staging-progressed': {
      const { state, file, doneBytes, totalBytes, note } = event
      return { ...next, staging: { state, file, doneBytes, totalBytes, note } }
    }
    case 'partition-changed':
      return { ...next, partitions: next.partitions.map((old) => (old.name === event.partition.name ? event.partition : old)) }
    case 'environment-changed': return { ...next, environment: event.environment }
    case 'range-dumped': return { ...next, dumped: [...next.dumped, event.range] }
    case 'uboot-answered': return { ...next, ubootVersion: event.version }
    case 'identity-read': return { ...next, identity: { facts: event.facts, state: event.state, atMs: event.atMs } }
    case 'agent-answered': return { ...next, agent: event.agent }
    case 'flash-examined': return { ...next, flashMap: event.map }
    case 'range-summed': return { ...next, summed: event.range }
    case 'memory-measured': return { ...next, memory: event.memory }
    case 'version-read': return { ...next, versionRead: event.version }
    case 'noted': return { ...next, notes: [...next.notes, { atMs: event.atMs, level: event.level, message: event.message }] }
    case 'cancel-requested': return { ...next, cancelRequested: true }
    case 'undone': return { ...next, undone: [...next.undone, event.label] }
    case 'undo-failed': return { ...next, leftBehind: [...next.leftBehind, event.label] }
    case 'console-excerpt': return { ...next, consoleExcerpt: event.text }
    case 'job-succeeded': return ended(next, event, 'succeeded', { verdict: event.verdict, elapsedMs: event.elapsedMs })
    case 'job-failed': return ended(next, event, 'failed', { verdict: event.verdict, elapsedMs: event.elapsedMs, error: event.error })
    case 'job-cancelled': return ended(next, event, 'cancelled', { verdict: event.verdict, elapsedMs: event.elapsedMs })
    case 'job-interrupted': return ended(next, event, 'interrupted', { verdict: event.verdict })
  }
}
