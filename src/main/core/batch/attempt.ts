import type { CauseClass } from '../../../shared/batch/batchPlan.schema.ts'
import type { CameraId, JobId } from '../../../shared/devices/ids.ts'
import { Cancelled, type ErrorCode, fromWire, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Job } from '../../../shared/jobs/reduceJob.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { CameraConsole } from '../consoles/cameraConsole.ts'
import type { JobBook } from '../jobs/jobBook.ts'
import type { AttemptFacts, AttemptRequest, AttemptRunner } from './batchWorker.ts'
import { type BootLines, bootPhases, listenToBoot } from './bootLines.ts'

export interface AttemptBench {
  readonly clock: Clock
  readonly jobs: Pick<JobBook, 'get' | 'events' | 'cancel'>
  /** Starts the restore or the installation that is asked for. */
  readonly startJob: (request: AttemptRequest, signal: AbortSignal) => Promise<JobId>
  readonly consoleOf: (camera: CameraId) => Pick<CameraConsole, 'subscribe' | 'end'>
  /** Resolves when the camera has power again. */
  readonly powerCycle: (camera: CameraId, signal: AbortSignal) => Promise<void>
  /** Rejects with `link/unreachable` when it answers no echo. */
  readonly ping: (camera: CameraId, signal: AbortSignal) => Promise<void>
  /** Rejects when its web server gives no picture. */
  readonly takePicture: (camera: CameraId, signal: AbortSignal) => Promise<void>
}

type Tell = (facts: AttemptFacts) => void

/** What a check found; the class is said where it is known. */
const found = (code: ErrorCode, cause: CauseClass, message: string): WorkbenchError => new WorkbenchError(code, message, { context: { cause } })

/** One attempt: the job or the power cycle, then the checks. */
export function createAttemptRunner(bench: AttemptBench): AttemptRunner {
  return async (request, tell, signal) => {
    const { plan, target } = request
    const lines = listenToBoot(bench.consoleOf(target.camera), plan.checks, bench.clock)
    try {
      const facts = plan.workflow === 'soak' ? await soak(bench, request, lines, tell, signal) : await follow(bench, request, tell, signal)
      await check(bench, request, lines, tell, signal)
      return facts
    } catch (error) {
      if (!(error instanceof Cancelled)) tell({ excerpt: lines.excerpt() })
      throw error
    } finally {
      lines.stop()
    }
  }
}

const phasesOf = (job: Job): AttemptFacts['phases'] => job.phases.flatMap(({ name, elapsedMs }) => (elapsedMs === undefined ? [] : [{ name, ms: elapsedMs }]))

/** The job has its own journal, its own limits and its own proof; here only its end counts. */
async function follow({ jobs, startJob }: AttemptBench, request: AttemptRequest, tell: Tell, signal: AbortSignal): Promise<AttemptFacts> {
  tell({ where: 'plan' })
  const id = await startJob(request, signal)
  tell({ job: id })
  const cancel = (): void => { jobs.cancel(id) }
  if (signal.aborted) cancel()
  else signal.addEventListener('abort', cancel, { once: true })
  try {
    // Not ours: a job that was told to stop is waited for, or the next one finds its camera busy.
    for await (const event of jobs.events(id, 0, new AbortController().signal)) if (event.type === 'phase-started') tell({ where: event.phase })
  } finally {
    signal.removeEventListener('abort', cancel)
  }
  const job = jobs.get(id)
  const bootMs = job.phases.find(({ name }) => name === 'boot-seen')?.elapsedMs
  tell({ phases: phasesOf(job) ?? [] })
  switch (job.state) {
    case 'succeeded': return bootMs === undefined ? {} : { bootMs }
    case 'cancelled': case 'interrupted': throw new Cancelled('its job was cancelled')
    case 'failed': case 'queued': case 'running': throw job.error ? fromWire(job.error) : new WorkbenchError('internal/bug', `The job ended as ${job.state} without saying why`)
  }
}

async function soak(bench: AttemptBench, { plan, target }: AttemptRequest, lines: BootLines, tell: Tell, signal: AbortSignal): Promise<AttemptFacts> {
  const { clock } = bench
  tell({ where: 'power' })
  await bench.powerCycle(target.camera, signal)
  const onAtMs = Math.min(clock.nowMs(), ...lines.seenAtMs.values())
  tell({ where: 'boot' })
  await until(bench, lines, plan.checks.bootLimitMs, () => lines.seenAtMs.has('login') || lines.hasPanicked(), signal)
  const loginAtMs = lines.seenAtMs.get('login')
  if (loginAtMs === undefined) {
    throw new WorkbenchError('device/not-booted', lines.hasPanicked() ? 'The kernel panicked' : `There was no login prompt within ${plan.checks.bootLimitMs} ms after the power came`, { context: { limitMs: plan.checks.bootLimitMs } })
  }
  const facts = { bootMs: loginAtMs - onAtMs, phases: bootPhases(lines.seenAtMs) }
  tell(facts)
  return facts
}

/** Until that is so, or the time is over. */
async function until({ clock }: Pick<AttemptBench, 'clock'>, lines: BootLines, limitMs: number, isSo: () => boolean, signal: AbortSignal): Promise<void> {
  const endMs = clock.nowMs() + limitMs
  while (!isSo() && clock.nowMs() < endMs) {
    const pause = new AbortController()
    const either = AbortSignal.any([signal, pause.signal])
    await Promise.race([lines.more(either), clock.sleep(endMs - clock.nowMs(), either)]).catch(() => undefined).finally(() => { pause.abort() })
    signal.throwIfAborted()
  }
}

async function check(bench: AttemptBench, { plan: { checks }, target }: AttemptRequest, lines: BootLines, tell: Tell, signal: AbortSignal): Promise<void> {
  tell({ where: 'checks' })
  const isMet = (): boolean => lines.missing().length === 0 && (!checks.temperature || lines.temperature() !== undefined)
  // Words that are refused may come at any time of it.
  if (checks.settleMs > 0) await until(bench, lines, checks.settleMs, () => checks.refuse.length === 0 && isMet(), signal)
  const refused = lines.refused()
  if (refused !== undefined) throw found('device/wrong-content', 'firmware', `The console said "${refused}", which the plan refuses`)
  const [missing] = lines.missing()
  if (missing !== undefined) throw found('device/no-answer', 'firmware', `The console never said "${missing}", which the plan expects`)
  if (checks.temperature) {
    const degrees = lines.temperature()
    if (degrees === undefined) throw found('device/no-answer', 'unknown', `No temperature stood behind "${checks.temperature.after}"`)
    if (degrees > checks.temperature.maxC) throw found('device/wrong-content', 'board', `It is ${degrees} °C, and ${checks.temperature.maxC} °C is the limit`)
  }
  if (checks.ping) {
    tell({ where: 'ping' })
    await bench.ping(target.camera, signal).catch((cause: unknown) => {
      if (signal.aborted || !(cause instanceof WorkbenchError) || cause.code !== 'link/unreachable') throw cause
      throw new WorkbenchError('device/no-network', `It booted, but ${cause.message}`, { context: { cause: 'network' }, cause })
    })
  }
  if (!checks.snapshot) return
  tell({ where: 'snapshot' })
  await bench.takePicture(target.camera, signal).catch((cause: unknown) => {
    if (signal.aborted || !(cause instanceof WorkbenchError)) throw cause
    throw new WorkbenchError('device/no-answer', `It booted, but gives no picture: ${cause.message}`, { context: { cause: cause.code === 'link/unreachable' || cause.code === 'link/timeout' ? 'network' : 'firmware' }, cause })
  })
}
