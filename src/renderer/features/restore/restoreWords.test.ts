import { expect, test } from 'vitest'
import { fixturePlan, storyOf } from '../../../../test/support/fixtureJobs.ts'
import { cameraIdSchema, jobIdSchema, podIdSchema } from '../../../shared/devices/ids.ts'
import type { JobEvent, JobNews } from '../../../shared/jobs/jobEvent.ts'
import { type Job, reduceJob } from '../../../shared/jobs/reduceJob.ts'
import { cancelWords, overwriteWords, partitionPercent, remainingMs } from './restoreWords.ts'

const camera = cameraIdSchema.parse('cam-02')
const plan = fixturePlan({ cameraId: camera, inputPath: '/x', boot: 'auto', flashType: 'auto', tftpVia: 'auto', force: false })

function jobAfter(...more: readonly JobNews[]): Job {
  const news: JobNews[] = [{ type: 'job-queued', workflow: 'restore', title: 'Restore cam-02', pod: podIdSchema.parse('pod-1'), camera, plan }, ...more]
  const job = news.reduce<Job | undefined>((known, one, index) => reduceJob(known, { ...one, job: jobIdSchema.parse('j-1'), sequence: index + 1, atMs: 1000 } as JobEvent), undefined)
  if (!job) throw new Error('no job')
  return job
}

test('before and between phases a cancel is a cancel', () => {
  expect(cancelWords(jobAfter({ type: 'job-started' }, { type: 'phase-started', phase: 'uboot' }))).toEqual({ button: 'Cancel', note: '', possible: true })
})
test('a phase that must not be cut says so before and after the press', () => {
  expect(cancelWords(jobAfter(...storyOf('running')))).toMatchObject({ button: 'Stop after kernel', possible: true })
  expect(cancelWords(jobAfter(...storyOf('running'), { type: 'cancel-requested' }))).toMatchObject({ button: 'Stops after kernel', possible: false })
})
test('the confirmation names the camera, its pod and how much is lost', () => {
  expect(overwriteWords({ ...plan, cameraName: 'cam-02' })).toBe('cam-02 on pod-1: 4 partitions, 13.3 MiB of 16 MiB flash will be erased and written. What is there now is lost.')
})
test('percent only of the partition that is worked on, time left without the phases that are over', () => {
  const job = jobAfter(...storyOf('running'))
  expect(partitionPercent(job, 'kernel')).toBe(60)
  expect(partitionPercent(job, 'rootfs')).toBeUndefined()
  expect(remainingMs(job, 1000)).toBe(16_000 + 31_000 + 2400 + 500 + 14_000)
  expect(remainingMs(job, 5000)).toBe(12_000 + 31_000 + 2400 + 500 + 14_000)
})
