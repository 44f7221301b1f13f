import type { CameraId, JobId, PodId } from '../../../shared/devices/ids.ts'
import { Cancelled, toWire, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { JobEvent, JobNews } from '../../../shared/jobs/jobEvent.ts'
import { isFinished, type Job, type JobWork, reduceJob, workOf } from '../../../shared/jobs/reduceJob.ts'
import { CleanupStack } from '../../../shared/lifecycle/cleanup.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { JobTurns } from './jobTurns.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import { isProgress } from './foldEvents.ts'
import { endingOf, type JobOutcome, type Settled } from './jobEnding.ts'
import type { JobJournal } from './jobJournal.ts'
import { followJob, followList, type JobListener } from './jobStreams.ts'
import { createProgressThrottle } from './progressThrottle.ts'

/** A phase that must not be cut (erase and write of one partition) takes up to a minute and a half. */
const closeLimitMs = 120_000
/** As long as the schema allows. */
const maxExcerptChars = 65_536

export interface JobContext {
  readonly jobId: JobId
  /** Aborted by a cancel and when the workbench closes; never by a link or a window. */
  readonly signal: AbortSignal
  /** Aborted by `breakOff` only, and ends a phase that no cancel ends. */
  readonly brokenOff: AbortSignal
  /** Journal first, then everybody else. Throws when the journal is full; never for progress. */
  readonly tell: (news: JobNews) => void
  /** Of the whole job; unwound when `run` has settled, each undo recorded. */
  readonly cleanup: CleanupStack
  readonly clock: Clock
}

export type JobRequest = JobWork & {
  readonly title: string
  readonly pod: PodId
  readonly camera: CameraId
  readonly run: (context: JobContext) => Promise<JobOutcome>
}

export interface JobBookDeps {
  readonly journal: JobJournal
  readonly clock: Clock
  readonly newJobId: () => JobId
  readonly log: (line: string) => void
  /** Absent: all begin at once. */
  readonly turns?: JobTurns
  /** Hears of each job before anything of it is kept or done; what it throws refuses the job. */
  readonly beforeStart?: (job: Job) => void
}

export interface JobBook {
  /** The job runs from now on, whoever asked for it goes or stays. Throws when the journal cannot take it. */
  start(request: JobRequest): JobId
  /** `input/not-found`. */
  get(id: JobId): Job
  /** Also of another program with this journal, as far as it has come by now. */
  find(id: JobId): Job | undefined
  /** Newest first. */
  list(): Job[]
  /** Recorded once, then the job's signal aborts; a job that has ended stays as it is. */
  cancel(id: JobId): void
  /** Somebody took the ground from under it: whatever its work says from now on, it ends as failed with this error. Jobs of other programs are left alone. */
  breakOff(id: JobId, error: WorkbenchError): void
  /** Replay after `after`, then live, without a hole; ends when the job has ended. */
  events(id: JobId, after: number, signal: AbortSignal): AsyncIterable<JobEvent>
  /** A job each time one is queued, starts or ends, from now on. */
  watchList(signal: AbortSignal): AsyncIterable<Job>
  /** Every event of every job, after it was kept. A listener that throws is logged and changes nothing. Result: stop listening. */
  listen(listener: JobListener): () => void
  /** Asks running jobs to stop at their next safe point and waits for them, up to two minutes. */
  close(): Promise<void>
}

interface Entry {
  job: Job
  /** Only jobs of this process have these. */
  readonly stopper?: AbortController
  readonly breaker: AbortController
  running?: Promise<void>
  brokenOff?: WorkbenchError
  /** The end, as long as the journal did not take it. */
  owed?: JobEvent
}

/** A disk that was full is asked again. */
const owedEveryMs = 2_000

export function createJobBook({ journal, clock, newJobId, log, turns, beforeStart = () => undefined }: JobBookDeps): JobBook {
  const entries = new Map<JobId, Entry>()
  const listeners = new Set<JobListener>()
  const bell = createBell()
  const stopped = new AbortController()
  let closing = false

  const announce = (entry: Entry, event: JobEvent): void => {
    entry.job = reduceJob(entry.job, event)
    for (const listener of listeners) {
      try { listener(entry.job, event) } catch (error) { log(`a listener of jobs failed at ${event.type}: ${String(error)}`) }
    }
    bell.ring()
  }
  const record = (entry: Entry, news: JobNews): void => {
    // The cast only joins the two halves that WithoutHead took apart.
    const event = { ...news, job: entry.job.id, sequence: entry.job.sequence + 1, atMs: clock.wallMs() } as JobEvent
    journal.append(event)
    announce(entry, event)
  }
  /** For clean-up and ends: a full disk must not keep a camera from being put back. */
  const recordOrLog = (entry: Entry, news: JobNews): boolean => {
    try {
      record(entry, news)
      return true
    } catch (error) {
      log(`job ${entry.job.id}: the journal did not take ${news.type}: ${String(error)}`)
      return false
    }
  }

  const entryOf = (id: JobId): Entry => {
    const entry = entries.get(id)
    if (!entry) throw new WorkbenchError('input/not-found', `There is no job ${id}`, { context: { job: id } })
    refresh(entry)
    return entry
  }
  /** Jobs of another process on the same journal move on without telling us. */
  const refresh = (entry: Entry): void => {
    if (entry.stopper || isFinished(entry.job)) return
    for (const event of journal.read(entry.job.id, entry.job.sequence)) announce(entry, event)
    if (!isFinished(entry.job) && journal.isAbandoned(entry.job.id)) {
      recordOrLog(entry, { type: 'job-interrupted', verdict: 'interrupted' })
    }
  }

  const tellOf = (entry: Entry): { readonly tell: (news: JobNews) => void; readonly flush: () => void } => {
    const throttle = createProgressThrottle()
    const keep = (news: JobNews): void => {
      if (isProgress(news.type)) recordOrLog(entry, news)
      else record(entry, news.type === 'console-excerpt' ? { ...news, text: news.text.slice(-maxExcerptChars) } : news)
    }
    return {
      tell: (news) => {
        if (news.type.startsWith('job-')) throw new WorkbenchError('internal/bug', `A workflow does not say "${news.type}"`)
        // Work that outlived its job may still be talking.
        if (!isFinished(entry.job)) throttle.push(news, clock.nowMs()).forEach(keep)
      },
      flush: () => { throttle.flush().forEach(keep) },
    }
  }

  const end = (entry: Entry, given: Settled, elapsedMs: number): void => {
    const settled: Settled = entry.brokenOff ? { ok: false, error: entry.brokenOff } : given
    const error = settled.ok ? settled.outcome.error : settled.error
    if (error !== undefined && !(error instanceof WorkbenchError) && !(error instanceof Cancelled)) {
      log(`job ${entry.job.id} failed: ${error instanceof Error ? (error.stack ?? error.message) : 'something that is no error was thrown'}`)
    }
    const ending = endingOf({ job: entry.job, settled, elapsedMs, closing })
    if (recordOrLog(entry, ending)) return
    // Shown as ended here at once, and kept when there is room again: a program that ends before finds it interrupted, which is true as well.
    entry.owed = { ...ending, job: entry.job.id, sequence: entry.job.sequence + 1, atMs: clock.wallMs() } as JobEvent
    announce(entry, entry.owed)
    void keepOwed(entry)
  }
  const tryOwed = (entry: Entry): void => {
    if (!entry.owed) return
    try {
      journal.append(entry.owed)
      delete entry.owed
    } catch {
      // Asked again later.
    }
  }
  const keepOwed = async (entry: Entry): Promise<void> => {
    while (entry.owed && !stopped.signal.aborted) {
      await clock.sleep(owedEveryMs, stopped.signal).catch(() => undefined)
      tryOwed(entry)
    }
  }

  const work = async (entry: Entry, request: JobRequest, signal: AbortSignal, brokenOff: AbortSignal): Promise<void> => {
    let startedAtMs = clock.nowMs()
    const cleanup = new CleanupStack()
    const { tell, flush } = tellOf(entry)
    let endTurn: () => void = () => undefined
    const settled = await (async (): Promise<JobOutcome> => {
      // Queued until then; a cancel takes it out of the queue, and nothing of it was done.
      if (turns) endTurn = await turns.take(request.camera, signal)
      startedAtMs = clock.nowMs()
      record(entry, { type: 'job-started' })
      signal.throwIfAborted()
      return request.run({ jobId: entry.job.id, signal, brokenOff, tell, cleanup, clock })
    })().then((outcome): Settled => ({ ok: true, outcome }), (error: unknown): Settled => ({ ok: false, error }))
    flush()
    const failures = await cleanup.unwind(clock, { onUndone: (label) => { recordOrLog(entry, { type: 'undone', label }) } })
    for (const { label, error } of failures) {
      log(`job ${entry.job.id} could not ${label}: ${String(error)}`)
      recordOrLog(entry, { type: 'undo-failed', label, error: toWire(error) })
    }
    try {
      end(entry, settled, clock.nowMs() - startedAtMs)
    } finally {
      endTurn()
    }
  }

  for (const job of journal.jobs()) {
    const entry: Entry = { job, breaker: new AbortController() }
    entries.set(job.id, entry)
    refresh(entry)
  }

  const current = (entry: Entry): Job => { refresh(entry); return entry.job }
  return {
    start: (request) => {
      if (closing) throw new WorkbenchError('input/conflict', 'The workbench is closing and starts no more jobs')
      const id = newJobId()
      const { title, pod, camera } = request
      const queued: JobEvent = { type: 'job-queued', job: id, sequence: 1, atMs: clock.wallMs(), title, pod, camera, ...workOf(request) }
      const job = reduceJob(undefined, queued)
      beforeStart(job)
      journal.append(queued)
      const stopper = new AbortController()
      const entry: Entry = { job, stopper, breaker: new AbortController() }
      entries.set(id, entry)
      announce(entry, queued)
      // A turn later, so that the caller has the id before the first phase speaks.
      entry.running = Promise.resolve().then(async () => work(entry, request, stopper.signal, entry.breaker.signal))
        .catch((error: unknown) => { log(`job ${id} ended without an end: ${String(error)}`) })
      return id
    },
    get: (id) => entryOf(id).job,
    list: () => [...entries.values()].map(current).reverse(),
    cancel: (id) => {
      const entry = entryOf(id)
      if (isFinished(entry.job) || entry.job.cancelRequested) return
      if (!entry.stopper) {
        throw new WorkbenchError('input/not-supported', 'This job runs in another Rackbench on this computer', { hint: 'Cancel it there' })
      }
      recordOrLog(entry, { type: 'cancel-requested' })
      entry.stopper.abort(new Cancelled('cancelled by the user'))
    },
    find: (id) => (entries.has(id) ? entryOf(id).job : journal.read(id, 0).reduce<Job | undefined>(reduceJob, undefined)),
    breakOff: (id, error) => {
      const entry = entries.get(id)
      if (!entry || isFinished(entry.job) || !entry.stopper) return
      entry.brokenOff ??= error
      recordOrLog(entry, { type: 'noted', level: 'warning', message: error.message })
      entry.stopper.abort(error)
      entry.breaker.abort(error)
    },
    events: (id, after, signal) => {
      const entry = entryOf(id)
      return followJob({ id, after, signal, clock, journal, bell, isForeign: !entry.stopper, job: () => current(entry), owed: () => entry.owed })
    },
    watchList: (signal) => followList((listener) => { listeners.add(listener); return () => { listeners.delete(listener) } }, signal),
    listen: (listener) => { listeners.add(listener); return () => { listeners.delete(listener) } },
    close: async () => {
      closing = true
      stopped.abort(new Cancelled('the workbench closes'))
      for (const entry of entries.values()) tryOwed(entry)
      const running = [...entries.values()].filter((entry) => entry.running && !isFinished(entry.job))
      for (const entry of running) entry.stopper?.abort(new Cancelled('the workbench closes'))
      if (running.length === 0) return
      await withDeadline(clock, closeLimitMs, 'jobs that are closing', new AbortController().signal, async () => {
        await Promise.all(running.map(async (entry) => entry.running))
      }).catch((error: unknown) => { log(`jobs did not stop in time and will be interrupted: ${String(error)}`) })
    },
  }
}
