import { expect, test } from 'vitest'
import { fixturePlan, storyOf } from '../../../../test/support/fixtureJobs.ts'
import { cameraIdSchema, jobIdSchema, podIdSchema } from '../../../shared/devices/ids.ts'
import type { JobEvent, JobNews } from '../../../shared/jobs/jobEvent.ts'
import { type Job, reduceJob } from '../../../shared/jobs/reduceJob.ts'
import type { PlannedPartition } from '../../../shared/restore/restore.schema.ts'
import { cancelWords, flashWords, nandRooms, overwriteWords, partitionPercent, remainingMs } from './restoreWords.ts'

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

test('the flash is named with its reason, and an assumption is called one', () => {
  expect(flashWords({ ...plan, flash: { kind: 'nand', reason: 'mtd3 holds UBI', isAssumed: false }, flashBytes: 0 })).toBe('NAND: mtd3 holds UBI; U-Boot is asked before anything is erased')
  expect(flashWords({ ...plan, flash: { kind: 'nor', reason: 'nothing says otherwise', isAssumed: true } })).toBe('NOR, 16 MiB: assumed, nothing says otherwise; U-Boot is asked before anything is erased')
})
test('partitions of a NAND say what they hold and how many bad blocks they bear', () => {
  expect(nandRooms(plan)).toEqual([])
  const block = 0x20000
  const base = { source: 'x', offsetBytes: 0, eraseBytes: block, crc32: '00000000', isBoot: false, load: 0, loadOffsetBytes: 0 }
  const ubi = { name: 'ubi', offsetBytes: 0, lengthBytes: 40 * block }
  const partitions: PlannedPartition[] = [
    { ...base, name: 'mtd1', lengthBytes: 3 * block + 1, medium: { kind: 'nand', partition: { name: 'kernel', offsetBytes: 0, lengthBytes: 8 * block }, withinBytes: 0, endsPartition: true } },
    { ...base, name: 'mtd2:a', lengthBytes: 126_976, medium: { kind: 'ubi', partition: ubi, volume: { name: 'a', type: 'static', sizeBytes: 10 * 126_976 }, lebBytes: 126_976, blockBytes: block } },
    { ...base, name: 'mtd2:b', lengthBytes: 2 * 126_976, medium: { kind: 'ubi', partition: ubi, volume: { name: 'b', type: 'dynamic' }, lebBytes: 126_976, blockBytes: block } },
    { ...base, name: 'mtd3', lengthBytes: block, medium: { kind: 'nand', partition: { name: 'rest', offsetBytes: 0 }, withinBytes: 0, endsPartition: true } },
  ]
  expect(nandRooms({ partitions })).toEqual([
    { partition: 'kernel', holds: ['mtd1, raw, 393\u202f217 B'], spare: 'room for 4' },
    { partition: 'ubi', holds: ['UBI volume a, static, 1.2 MiB', 'UBI volume b, dynamic, all the space'], spare: 'room for 24' },
    { partition: 'rest', holds: ['mtd3, raw, 128 KiB'], spare: 'the rest of the chip' },
  ])
})
