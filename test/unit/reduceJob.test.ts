import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JobNews } from '../../src/shared/jobs/jobEvent.ts'
import { type Job, reduceJob } from '../../src/shared/jobs/reduceJob.ts'
import { foldEvents } from '../../src/main/core/jobs/foldEvents.ts'
import { numbered, provedPartitions } from '../support/planFixture.ts'

const news = fc.oneof(
  fc.constantFrom('fastboot', 'write:kernel').map((phase): JobNews => ({ type: 'phase-started', phase })),
  fc.nat(1000).map((doneBytes): JobNews => ({ type: 'phase-progressed', phase: 'write:kernel', step: 'writing', doneBytes, totalBytes: 1000 })),
  fc.constant<JobNews>({ type: 'phase-finished', phase: 'fastboot', elapsedMs: 5, note: 'ok' }),
  fc.nat(9).map((doneBytes): JobNews => ({ type: 'staging-progressed', state: 'running', file: 'kernel', doneBytes, totalBytes: 9, note: '' })),
  fc.constantFrom(...provedPartitions).map((partition): JobNews => ({ type: 'partition-changed', partition })),
  fc.string().map((message): JobNews => ({ type: 'noted', level: 'info', message })),
  fc.constant<JobNews>({ type: 'cancel-requested' }),
  fc.constant<JobNews>({ type: 'undone', label: 'drop the staged files' }),
)
const end = fc.constantFrom<JobNews[]>([], [{ type: 'job-cancelled', verdict: 'cancelled', elapsedMs: 9 }])

test('from every point, with every overlap, the fold gives the same job', () => {
  fc.assert(fc.property(fc.array(news, { maxLength: 12 }), end, (middle, last) => {
    const events = numbered('j1', [{ type: 'job-started' }, ...middle, ...last])
    const whole = foldEvents(events)
    for (let known = 0; known <= events.length; known += 1) {
      for (let from = 0; from <= known; from += 1) {
        const before = foldEvents(events.slice(0, known))
        expect(foldEvents(events.slice(from), before)).toEqual(whole)
      }
    }
  }), { numRuns: 60 })
})

test('a hole is told and not folded over', () => {
  const [queued, , third] = numbered('j1', [{ type: 'job-started' }, { type: 'cancel-requested' }])
  const job = reduceJob(undefined, queued!) as Job
  expect(() => reduceJob(job, third!)).toThrowError(expect.objectContaining({ code: 'link/gap' }) as Error)
})
