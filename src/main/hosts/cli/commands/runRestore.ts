import type { CameraId, JobId } from '../../../../shared/devices/ids.ts'
import { Cancelled, toWire, type WireError, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { type Job, reduceJob } from '../../../../shared/jobs/reduceJob.ts'
import type { Verdict } from '../../../../shared/restore/restore.schema.ts'
import type { CliDeps, CliTarget, CliWorkbench } from '../cliWorkbench.ts'
import { type ExitCode, exitCodeOfError, exitCodeOfVerdict, exitCodes } from '../exitCodes.ts'
import { whatIsWaitedFor } from '../output/human.ts'
import { isProved, type PartitionProof, proofOf, type RestoreEnding, type RestoreOutput, type ShownPlan } from '../output/restoreOutput.ts'

/** A restore or an installation: both write partitions and prove them. */
export interface WritingRun<Plan extends ShownPlan> {
  readonly target: CliTarget
  readonly planOnly: boolean
  readonly plan: (workbench: CliWorkbench, cameraId: CameraId, signal: AbortSignal) => Promise<Plan>
  readonly start: (workbench: CliWorkbench, plan: Plan, signal: AbortSignal) => Promise<JobId>
}

export interface RunRestoreDeps {
  readonly workbench: CliWorkbench
  readonly output: RestoreOutput
  readonly deps: Pick<CliDeps, 'interrupt' | 'nowMs'>
}

/** Plan, start, follow, judge. Tells everything but the ending, which it gives back: closing may still fail. */
export async function runWriting<Plan extends ShownPlan>(run: WritingRun<Plan>, { workbench, output, deps }: RunRestoreDeps): Promise<RestoreEnding> {
  const startedMs = deps.nowMs()
  const { signal } = deps.interrupt
  signal.throwIfAborted()
  const cameraId = await workbench.addTarget(run.target)
  const plan = await run.plan(workbench, cameraId, signal)
  output.plan(plan)
  const notStarted = (success: boolean, verdict: Verdict | null, exitCode: ExitCode): RestoreEnding =>
    ({ success, verdict, elapsedMs: Math.round(deps.nowMs() - startedMs), partitions: plan.partitions.map((part) => proofOf(part)), exitCode })
  const [refusal] = plan.refusals
  if (refusal) {
    for (const each of plan.refusals) output.error(each)
    return notStarted(false, 'failed (state known)', exitCodeOfError(refusal.code))
  }
  if (run.planOnly) return notStarted(true, null, exitCodes.success)
  signal.throwIfAborted()
  const { job, reportPath } = await followJob(async () => run.start(workbench, plan, signal), { workbench, output, deps })
  return endingOf(job, reportPath, Math.round(deps.nowMs() - startedMs))
}

export interface FollowDeps extends Pick<RunRestoreDeps, 'workbench' | 'deps'> {
  readonly output: Pick<RestoreOutput, 'note' | 'debug' | 'event'>
}

/** Starts it and tells its events to the end. An interrupt is a wish that the job grants. */
export async function followJob(start: () => Promise<JobId>, { workbench, output, deps }: FollowDeps): Promise<{ readonly job: Job; readonly reportPath: string | undefined }> {
  const { signal } = deps.interrupt
  const jobId = await start()
  let job: Job | undefined
  // The job holds no signal of ours: a cancel is a wish that it grants at its next safe point.
  const cancel = (): void => { workbench.cancel(jobId) }
  if (signal.aborted) cancel()
  else signal.addEventListener('abort', cancel, { once: true })
  deps.interrupt.onAgain(() => { output.note('info', `Still waiting: ${job ? whatIsWaitedFor(job) : 'the job is about to start'}`) })
  try {
    for await (const event of workbench.watch(jobId, 0, new AbortController().signal)) {
      job = reduceJob(job, event)
      output.event(event, job)
    }
  } finally {
    signal.removeEventListener('abort', cancel)
  }
  if (job?.verdict === undefined) throw new WorkbenchError('internal/bug', 'The job\'s events ended without a verdict', { context: { job: jobId } })
  return { job, reportPath: await reportOf(workbench, job, output) }
}

/** A report that cannot be written is told; it changes nothing about what is in the flash. */
async function reportOf(workbench: CliWorkbench, job: Job, output: Pick<RestoreOutput, 'note' | 'debug'>): Promise<string | undefined> {
  try {
    return (await workbench.report(job.id)).htmlPath
  } catch (error) {
    output.note('warning', `There is no report: ${error instanceof WorkbenchError ? error.message : 'unexpected error; --debug tells more'}`)
    if (!(error instanceof WorkbenchError)) output.debug(String(error))
    return undefined
  }
}

export function endingOf(job: Job, reportPath: string | undefined, elapsedMs: number): RestoreEnding {
  const verdict = job.verdict ?? 'failed (state unknown)'
  const partitions: readonly PartitionProof[] = job.partitions.map((part) => proofOf(part))
  const claimed = exitCodeOfVerdict(verdict, job.error?.code)
  // Whatever the job says of itself: without every read-back there is no success.
  const isWhole = partitions.length > 0 && partitions.every(isProved) && (job.workflow !== 'install' || job.environment?.state === 'proved')
  const unproved = (claimed === exitCodes.success || claimed === exitCodes.bootNotSeen) && !isWhole
  return {
    success: claimed === exitCodes.success && !unproved,
    verdict: unproved ? 'failed (state unknown)' : verdict,
    elapsedMs, partitions, jobId: job.id,
    exitCode: unproved ? exitCodes.refusedOrFailed : claimed,
    ...(reportPath === undefined ? {} : { reportPath }),
  }
}

/** The ending of a run that came to none by itself: nothing was started, or nobody can tell what became of `started`. */
export function endingOfError(error: unknown, elapsedMs: number, started: ShownPlan | undefined): { readonly ending: RestoreEnding; readonly wire: WireError | undefined } {
  const partitions: readonly PartitionProof[] = (started?.partitions ?? []).map((part) => proofOf(part))
  if (error instanceof Cancelled) return { wire: undefined, ending: { success: false, verdict: 'cancelled', elapsedMs, partitions, exitCode: exitCodes.cancelled } }
  const wire = toWire(error)
  return { wire, ending: { success: false, verdict: started ? 'failed (state unknown)' : 'failed (state known)', elapsedMs, partitions, exitCode: exitCodeOfError(wire.code) } }
}
