import { expect, test } from 'vitest'
import { endingOf } from '../../src/main/core/jobs/jobEnding.ts'
import { agentPlanSchema, type AgentWork } from '../../src/shared/agent/agent.schema.ts'
import { cameraIdSchema, jobIdSchema, podIdSchema } from '../../src/shared/devices/ids.ts'
import type { JobEvent, JobNews } from '../../src/shared/jobs/jobEvent.ts'
import { type Job, reduceJob } from '../../src/shared/jobs/reduceJob.ts'

const agent = { version: 4, jedecId: 'ef4018', flashKind: 'nor', flashBytes: 0x1000000, sectorBytes: 0x10000, ramBase: 0x40000000, flashWindow: 0x14000000, capabilities: ['scan'] } as const
const answered: JobNews = { type: 'agent-answered', agent: { ...agent, capabilities: ['scan'] } }

function jobOf(work: AgentWork, news: readonly JobNews[]): Job {
  const plan = agentPlanSchema.parse({
    hash: 'a'.repeat(64), request: { cameraId: 'cam-1', work, running: true }, cameraName: 'c', podName: 'p', chip: 'x', flashBytes: 0,
    partitions: work.kind === 'erase' ? [{ name: 'range', source: 'erased', offsetBytes: 0, lengthBytes: 65_536, eraseBytes: 65_536, crc32: 'deab7e4e', isBoot: false, load: 0, loadOffsetBytes: 0 }] : [],
    boot: { method: 'running', profile: '', uboot: '', agent: '', blobBytes: 0 }, phases: [], forecastMs: 0, warnings: [], refusals: [],
  })
  const queued: JobNews = { type: 'job-queued', workflow: 'agent', plan, title: 't', pod: podIdSchema.parse('pod-1'), camera: cameraIdSchema.parse('cam-1') }
  const events = [queued, { type: 'job-started' } as const, ...news].map((each, index) => ({ ...each, job: jobIdSchema.parse('j-1'), sequence: index + 1, atMs: 0 }) as JobEvent)
  return events.reduce<Job | undefined>(reduceJob, undefined)!
}
const verdictOf = (work: AgentWork, ...news: readonly JobNews[]): string =>
  endingOf({ job: jobOf(work, news), settled: { ok: true, outcome: { verdict: 'done and proved' } }, elapsedMs: 1, closing: false }).verdict

const range = { name: 'range', offsetBytes: 0, lengthBytes: 65_536, crc32: 'deab7e4e', writes: 1 }

test('work that has nothing to show for it is no success', () => {
  expect(verdictOf({ kind: 'info' })).toBe('failed (state known)')
  expect(verdictOf({ kind: 'info' }, answered)).toBe('done and proved')
  expect(verdictOf({ kind: 'read', offsetBytes: 0, outputPath: '/x' }, answered)).toBe('failed (state known)')
  expect(verdictOf({ kind: 'crc', offsetBytes: 0 }, answered)).toBe('failed (state known)')
  expect(verdictOf({ kind: 'crc', offsetBytes: 0 }, answered, { type: 'range-summed', range: { offsetBytes: 0, lengthBytes: 1, crc32: '00000000' } })).toBe('done and proved')
  expect(verdictOf({ kind: 'examine' }, answered)).toBe('failed (state known)')
  expect(verdictOf({ kind: 'memory' }, answered)).toBe('failed (state known)')
  expect(verdictOf({ kind: 'memory' }, answered, { type: 'memory-measured', memory: { address: 0, lengthBytes: 256, iterations: 1, timerHz: 0, fillTicks: 1, readTicks: 1, copyTicks: 1 } })).toBe('done and proved')
})

test('a range that was changed counts by the CRC of the camera', () => {
  const erase: AgentWork = { kind: 'erase', offsetBytes: 0, lengthBytes: 65_536 }
  expect(verdictOf(erase, answered)).toBe('failed (state known)')
  expect(verdictOf(erase, answered, { type: 'partition-changed', partition: { ...range, state: 'erasing' } })).toBe('failed (state unknown)')
  expect(verdictOf(erase, answered, { type: 'partition-changed', partition: { ...range, state: 'proved', readBackCrc32: '00000000' } })).toBe('failed (state known)')
  expect(verdictOf(erase, answered, { type: 'partition-changed', partition: { ...range, state: 'proved', readBackCrc32: 'deab7e4e' } })).toBe('done and proved')
})
