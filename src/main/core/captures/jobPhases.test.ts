import { expect, test } from 'vitest'
import type { CameraId } from '../../../shared/devices/ids.ts'
import type { Job } from '../../../shared/jobs/reduceJob.ts'
import { phasesWithin } from './jobPhases.ts'

const cam = (id: string): CameraId => id as CameraId
const job = (more: object): Job => ({
  id: 'job-1', title: 'Restore Gate', camera: cam('cam-1'), plan: { phases: [{ name: 'write:boot', title: 'boot' }] },
  phases: [
    { name: 'checks', state: 'finished', startedAtMs: 100, elapsedMs: 50 }, { name: 'write:boot', state: 'stopped', startedAtMs: 150 }, { name: 'reset', state: 'waiting' },
  ], ...more,
}) as unknown as Job

test('phases of that camera in that time, with the title of the plan and the end that is known', () => {
  const jobs = [job({ endedAtMs: 300 }), job({ id: 'job-2', camera: cam('cam-2') })]
  expect(phasesWithin(jobs, cam('cam-1'), 0, 1000)).toEqual([
    { job: 'job-1', title: 'Restore Gate', phase: 'checks', fromMs: 100, untilMs: 150 },
    { job: 'job-1', title: 'Restore Gate', phase: 'boot', fromMs: 150, untilMs: 300 },
  ])
  expect(phasesWithin(jobs, cam('cam-1'), 160, 1000).map(({ phase }) => phase)).toEqual(['boot'])
  expect(phasesWithin(jobs, cam('cam-1'), 0, 120).map(({ phase }) => phase)).toEqual(['checks'])
  expect(phasesWithin([job({})], cam('cam-1'), 9000, 9999)).toEqual([expect.not.objectContaining({ untilMs: expect.anything() as unknown })])
})
