import { expect, test } from 'vitest'
import { createJobBook, type JobContext, type JobRequest } from '../../../src/main/core/jobs/jobBook.ts'
import { endingOf, type JobOutcome, type Settled } from '../../../src/main/core/jobs/jobEnding.ts'
import type { JobJournal } from '../../../src/main/core/jobs/jobJournal.ts'
import { createMemoryJournal } from '../../../src/main/core/jobs/memoryJournal.ts'
import { Cancelled, WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import type { EnvironmentProgress } from '../../../src/shared/install/install.schema.ts'
import type { JobEvent } from '../../../src/shared/jobs/jobEvent.ts'
import { type Job, reduceJob } from '../../../src/shared/jobs/reduceJob.ts'
import { orAborted } from '../../../src/shared/lifecycle/signals.ts'
import { camera, installPlan, jobId, numbered, plan, pod, provedPartitions, queuedEvent } from '../../support/planFixture.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

function bench(journal: JobJournal = createMemoryJournal()) {
  const clock = createVirtualClock()
  const lines: string[] = []
  let numbers = 0
  const book = createJobBook({ journal, clock, newJobId: () => jobId(`j${(numbers += 1)}`), log: (line) => { lines.push(line) } })
  const request = (run: (context: JobContext) => Promise<JobOutcome>): JobRequest =>
    ({ workflow: 'restore', title: 'Restore Camera 1', pod, camera, plan, run })
  const collect = async (id = jobId('j1'), after = 0): Promise<JobEvent[]> => {
    const events: JobEvent[] = []
    for await (const event of book.events(id, after, new AbortController().signal)) events.push(event)
    return events
  }
  const finish = async (run: (context: JobContext) => Promise<JobOutcome>) => {
    const id = book.start(request(run))
    const events = await clock.run(collect(id))
    return { id, events, job: book.get(id), types: events.map(({ type }) => type) }
  }
  return { book, clock, lines, request, collect, finish, journal }
}
const prove = ({ tell }: JobContext): void => { for (const partition of provedPartitions) tell({ type: 'partition-changed', partition }) }
const succeed = async (context: JobContext): Promise<JobOutcome> => { prove(context); return { verdict: 'restored and booted' } }

test('a proved job succeeds, its clean-up is in the journal before the end', async () => {
  const { finish, clock } = bench()
  const { job, types } = await finish(async (context) => {
    context.cleanup.add('free the lease', async () => undefined)
    await clock.sleep(1_234, context.signal)
    return succeed(context)
  })
  expect(job).toMatchObject({ state: 'succeeded', verdict: 'restored and booted', elapsedMs: 1_234, undone: ['free the lease'] })
  expect(types).toEqual(['job-queued', 'job-started', 'partition-changed', 'partition-changed', 'undone', 'job-succeeded'])
})

test('work that says it went well, although the ground was taken from under it, has failed with the first who took it', async () => {
  const { finish, book } = bench()
  const cut = new WorkbenchError('pod/wrong-power-state', 'its power was cut')
  const { job, id } = await finish(async (context) => {
    prove(context)
    book.breakOff(jobId('j1'), cut)
    book.breakOff(jobId('j1'), new WorkbenchError('link/closed', 'and its line'))
    // It heeds no signal.
    return { verdict: 'restored and booted' }
  })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'pod/wrong-power-state', message: 'its power was cut' } })
  book.breakOff(id, new WorkbenchError('link/closed', 'too late'))
  expect(book.get(id)).toEqual(job)
})

test('success without a read-back CRC for every partition is refused', async () => {
  const { job } = await bench().finish(async ({ tell }) => {
    const [first, second] = provedPartitions
    tell({ type: 'partition-changed', partition: first! })
    tell({ type: 'partition-changed', partition: { ...second!, readBackCrc32: 'deadbeef' } })
    return { verdict: 'restored and booted' }
  })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'internal/bug', context: { partitions: 'boot' } } })
})

test('an installation without a proved environment is no success, and cut off while it is saved its state is unknown', () => {
  const environment: EnvironmentProgress = { state: 'saving', mac: { address: '02:00:00:00:00:01', reason: 'kept' }, set: [], keptCount: 3, lost: [] }
  const install: Job = { ...reduceJob(undefined, queuedEvent('j')), workflow: 'install', plan: { ...installPlan }, partitions: provedPartitions }
  const ended = (job: Job, settled: Settled) => endingOf({ job, settled, elapsedMs: 1, closing: false })
  const success: Settled = { ok: true, outcome: { verdict: 'installed and booted' } }
  expect(ended(install, success)).toMatchObject({ type: 'job-failed', error: { code: 'internal/bug' } })
  expect(ended({ ...install, environment }, success)).toMatchObject({ type: 'job-failed', verdict: 'failed (state unknown)' })
  expect(ended({ ...install, environment }, { ok: false, error: new WorkbenchError('link/closed', 'gone') })).toMatchObject({ verdict: 'failed (state unknown)' })
  expect(ended({ ...install, environment: { ...environment, state: 'proved' } }, success)).toMatchObject({ type: 'job-succeeded', verdict: 'installed and booted' })
})

test('an undo that fails after success fails the job; after an error it stays beside it', async () => {
  const weld = (context: JobContext): void => { context.cleanup.add('switch the pod on', async () => { throw new WorkbenchError('pod/refused', 'no') }) }
  const good = await bench().finish(async (context) => { weld(context); return succeed(context) })
  expect(good.job).toMatchObject({ state: 'failed', leftBehind: ['switch the pod on'], error: { code: 'job/undo-failed' } })
  const bad = await bench().finish(async (context) => { weld(context); throw new WorkbenchError('device/no-answer', 'first') })
  expect(bad.job).toMatchObject({ state: 'failed', leftBehind: ['switch the pod on'], error: { code: 'device/no-answer' } })
})

test('an undo that hangs is given up after ten seconds and the one below it runs', async () => {
  const { job } = await bench().finish(async (context) => {
    context.cleanup.add('free the lease', async () => undefined)
    context.cleanup.add('close the line', async () => new Promise(() => undefined))
    return succeed(context)
  })
  expect(job).toMatchObject({ state: 'failed', undone: ['free the lease'], leftBehind: ['close the line'] })
})

test('the text of a foreign error stays in the log', async () => {
  const { finish, lines } = bench()
  const { job } = await finish(async () => { throw new Error('password=secret') })
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', error: { code: 'internal/bug' } })
  expect(JSON.stringify(job)).not.toContain('secret')
  expect(lines.join('\n')).toContain('secret')
})

test('thrown out of an erase, the state of the flash is unknown', async () => {
  const { job } = await bench().finish(async ({ tell }) => {
    tell({ type: 'partition-changed', partition: { ...provedPartitions[0]!, state: 'erasing' } })
    throw new WorkbenchError('link/closed', 'gone')
  })
  expect(job.verdict).toBe('failed (state unknown)')
})

test('boot not seen is a failure that says so', async () => {
  const { job } = await bench().finish(async (context) => { prove(context); return { verdict: 'restored, boot not seen' } })
  expect(job).toMatchObject({ state: 'failed', verdict: 'restored, boot not seen', error: { code: 'device/not-booted' } })
})

test('a cancel is recorded once, stops the work and runs the clean-up', async () => {
  const { book, clock, request, collect } = bench()
  const id = book.start(request(async ({ signal, cleanup }) => {
    cleanup.add('free the lease', async () => undefined)
    await orAborted(new Promise(() => undefined), signal)
    return { verdict: 'restored and booted' }
  }))
  const all = collect(id)
  await clock.advance(10)
  book.cancel(id)
  book.cancel(id)
  const types = (await clock.run(all)).map(({ type }) => type)
  expect(types).toEqual(['job-queued', 'job-started', 'cancel-requested', 'undone', 'job-cancelled'])
  book.cancel(id)
  expect(book.get(id).state).toBe('cancelled')
  expect(() => { book.cancel(jobId('nobody')) }).toThrowError(expect.objectContaining({ code: 'input/not-found' }) as Error)
})

test('progress is thinned to four a second; the last of a phase is always kept', async () => {
  const { finish, clock } = bench()
  const { events } = await finish(async (context) => {
    context.tell({ type: 'phase-started', phase: 'fastboot' })
    for (let done = 1; done <= 1000; done += 1) {
      context.tell({ type: 'phase-progressed', phase: 'fastboot', step: 'sending', doneBytes: done, totalBytes: 1000 })
      context.tell({ type: 'staging-progressed', state: 'running', file: 'kernel', doneBytes: done, totalBytes: 1000, note: '' })
      await clock.sleep(2, context.signal)
    }
    context.tell({ type: 'phase-finished', phase: 'fastboot', elapsedMs: 2000, note: '' })
    return succeed(context)
  })
  const bars = events.filter((event) => event.type === 'phase-progressed')
  expect(bars.length).toBeLessThanOrEqual(10)
  expect(bars.at(-1)).toMatchObject({ doneBytes: 1000 })
  expect(events.filter((event) => event.type === 'staging-progressed').at(-1)).toMatchObject({ doneBytes: 1000 })
  const types = events.map(({ type }) => type)
  expect(types.indexOf('phase-finished')).toBeGreaterThan(types.lastIndexOf('phase-progressed'))
})

test('replay and live have no hole, whenever somebody comes', async () => {
  const { book, clock, request, collect } = bench()
  const id = book.start(request(async (context) => {
    for (let at = 0; at < 20; at += 1) {
      context.tell({ type: 'noted', level: 'info', message: String(at) })
      await clock.sleep(100, context.signal)
    }
    return succeed(context)
  }))
  const viewers: Promise<JobEvent[]>[] = []
  for (let at = 0; at < 15; at += 1) {
    viewers.push(collect(id, at))
    await clock.advance(130)
  }
  const seen = await clock.run(Promise.all(viewers))
  seen.forEach((events, after) => {
    expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: events.length }, (_, index) => after + 1 + index))
    expect(events.at(-1)?.type).toBe('job-succeeded')
  })
})

test('a viewer that leaves, and a listener that throws, do not touch the job', async () => {
  const { book, clock, request, collect, lines } = bench()
  book.listen(() => { throw new Error('dead listener') })
  const id = book.start(request(async (context) => { await clock.sleep(1_000, context.signal); return succeed(context) }))
  const gone = new AbortController()
  const viewer = (async () => { for await (const event of book.events(id, 0, gone.signal)) expect(event.job).toBe(id) })()
  viewer.catch(() => undefined)
  await clock.advance(10)
  gone.abort(new Cancelled('window closed'))
  await expect(viewer).rejects.toBeInstanceOf(Cancelled)
  await clock.run(collect(id))
  expect(book.get(id).state).toBe('succeeded')
  expect(lines.join()).toContain('dead listener')
  expect(clock.sleepers()).toBe(0)
})

test('a listener never hears of an event that is not kept yet', async () => {
  const { book, journal, finish } = bench()
  const early: string[] = []
  book.listen((job, event) => { if (journal.read(job.id, event.sequence - 1).length !== 1) early.push(event.type) })
  await finish(succeed)
  expect(early).toEqual([])
})

test('a viewer slower than the job misses nothing and sees the end', async () => {
  const { book, clock, request } = bench()
  const id = book.start(request(async (context) => {
    for (let at = 0; at < 5; at += 1) { context.tell({ type: 'noted', level: 'info', message: String(at) }); await clock.sleep(10, context.signal) }
    return succeed(context)
  }))
  const { signal } = new AbortController()
  const seen: number[] = []
  const viewer = (async () => {
    for await (const event of book.events(id, 0, signal)) { seen.push(event.sequence); await clock.sleep(25, signal) }
  })()
  await clock.run(viewer, 10_000)
  expect(seen).toEqual(Array.from({ length: book.get(id).sequence }, (_, index) => index + 1))
})

test('unfinished jobs of a process that is gone are interrupted at start-up', () => {
  const journal = createMemoryJournal({ events: numbered('old', [{ type: 'job-started' }, { type: 'phase-started', phase: 'write:kernel' }]) })
  const { book } = bench(journal)
  expect(book.get(jobId('old'))).toMatchObject({ state: 'interrupted', verdict: 'interrupted', phases: [{}, { state: 'stopped' }, {}] })
  expect(journal.read(jobId('old'), 0).at(-1)?.type).toBe('job-interrupted')
})

test('a full disk: a job that cannot be journalled does not start', () => {
  const full = createMemoryJournal({ fault: () => { throw new WorkbenchError('host/disk-full', 'full') } })
  const { book, request } = bench(full)
  let ran = false
  expect(() => book.start(request(async (context) => { ran = true; return succeed(context) }))).toThrowError('full')
  expect(ran).toBe(false)
  expect(book.list()).toEqual([])
})

test('a disk that fills up: progress is let go, a step is not, clean-up runs, the viewer is told, and the end is kept when there is room again', async () => {
  let isFull = false
  const journal = createMemoryJournal({ fault: () => { if (isFull) throw new WorkbenchError('host/disk-full', 'full') } })
  const { book, clock, request, collect, lines } = bench(journal)
  let undone = false
  const id = book.start(request(async (context) => {
    context.cleanup.add('free the lease', async () => { undone = true })
    await clock.sleep(10, context.signal)
    isFull = true
    context.tell({ type: 'phase-progressed', phase: 'fastboot', step: 'x', doneBytes: 1, totalBytes: 2 })
    context.tell({ type: 'partition-changed', partition: provedPartitions[0]! })
    return { verdict: 'restored and booted' }
  }))
  const viewer = collect(id)
  await clock.advance(100)
  expect((await viewer).at(-1)).toMatchObject({ type: 'job-failed' })
  expect(journal.read(id, 0).at(-1)?.type).not.toBe('job-failed')
  expect(undone).toBe(true)
  expect(book.get(id)).toMatchObject({ state: 'failed', error: { code: 'host/disk-full' } })
  expect(lines.join()).toContain('phase-progressed')
  await clock.advance(10_000)
  isFull = false
  await clock.advance(3_000)
  expect(journal.read(id, 0).filter(({ type }) => type === 'job-failed')).toHaveLength(1)
  expect((await collect(id)).map(({ sequence }) => sequence)).toEqual(Array.from({ length: book.get(id).sequence }, (_, index) => index + 1))
})

test('closing stops jobs at a safe point and calls them interrupted', async () => {
  const { book, clock, request } = bench()
  const id = book.start(request(async ({ signal }) => { await orAborted(new Promise(() => undefined), signal); return { verdict: 'restored and booted' } }))
  await clock.advance(1)
  await clock.run(book.close())
  expect(book.get(id).state).toBe('interrupted')
  expect(() => book.start(request(succeed))).toThrowError(expect.objectContaining({ code: 'input/conflict' }) as Error)
})

test('closing does not wait for ever', async () => {
  const { book, clock, request, lines } = bench()
  book.start(request(async () => new Promise(() => undefined)))
  await clock.advance(1)
  await clock.run(book.close())
  expect(lines.join()).toContain('did not stop in time')
})

test('the list is watched: queued, started and ended', async () => {
  const { book, clock, request } = bench()
  const stop = new AbortController()
  const states: string[] = []
  const watcher = (async () => { for await (const job of book.watchList(stop.signal)) states.push(job.state) })()
  await clock.advance(1)
  book.start(request(async (context) => { await clock.sleep(100, context.signal); return succeed(context) }))
  await clock.advance(200)
  stop.abort(new Cancelled('over'))
  await expect(watcher).rejects.toBeInstanceOf(Cancelled)
  expect(states.at(-1)).toBe('succeeded')
  expect(states).toContain('running')
})
