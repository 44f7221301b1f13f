import type { AgentPlan, AgentRequest } from '../../src/shared/agent/agent.schema.ts'
import type { FlashMap } from '../../src/shared/agent/flashMap.ts'
import type { JobNews } from '../../src/shared/jobs/jobEvent.ts'

/** A plan to examine a flash; without an agent it is refused, so that refusals can be looked at. */
export function fixtureAgentPlan(request: AgentRequest): AgentPlan {
  const { agentPath = '', running, work } = request
  const isSaved = work.kind === 'examine' && work.savePath !== undefined
  const phase = (name: string, title: string, forecastMs: number): AgentPlan['phases'][number] => ({ name, title, cancel: 'anytime', forecastMs })
  return {
    hash: 'c'.repeat(64), request, cameraName: String(request.cameraId), podName: 'pod-1', chip: 'hi3516ev300', flashBytes: 0x1000000, partitions: [],
    boot: { method: running ? 'running' : 'pod', profile: '/home/lab/profiles/hi3516ev300.json', uboot: '/home/lab/uboot/u-boot-hi3516ev300-universal.bin', agent: agentPath, blobBytes: 41_834 },
    phases: [phase('check', 'Checks', 500), phase('agent', 'Flash agent to RAM', 6_500), phase('examine', 'Look at every sector', 29_600), ...(isSaved ? [phase('read', 'Read and compare', 270_000), phase('keep', 'File', 500)] : [])], forecastMs: isSaved ? 307_100 : 36_600,
    warnings: running || request.reboot ? [] : ['The flash agent stays in the camera afterwards, until its power is cut; while it runs it can be used again (--running)'],
    refusals: running || agentPath !== '' ? [] : [{ code: 'input/missing-file', message: 'A flash agent for hi3516ev300 is needed, and none is shipped', context: {}, hint: 'It is the file agent-CHIP.bin that the public recovery tool builds.' }],
  }
}

/** 16 MiB with a system in it, a worn place, and one that is gone. */
export const fixtureMap: FlashMap = {
  flashBytes: 0x1000000, sectorBytes: 0x10000, method: 'scan',
  marks: `${'='.repeat(4)}=${'='.repeat(40)}.......${'='.repeat(60)}?==?${'='.repeat(38)}!!X${'='.repeat(30)}${'.'.repeat(56)}0${'.'.repeat(12)}`.padEnd(256, '.').slice(0, 256),
  crc32: Array.from({ length: 256 }, (_, index) => ((index * 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')),
}

export const fixtureDoctorStory: readonly JobNews[] = [
  { type: 'job-started' }, { type: 'phase-started', phase: 'check' }, { type: 'phase-finished', phase: 'check', elapsedMs: 120, note: '' },
  { type: 'phase-started', phase: 'agent' },
  { type: 'agent-answered', agent: { version: 4, jedecId: 'ef4018', flashKind: 'nor', flashBytes: 0x1000000, sectorBytes: 0x10000, ramBase: 0x40000000, flashWindow: 0x14000000, capabilities: ['scan', 'set-baud'] } },
  { type: 'phase-finished', phase: 'agent', elapsedMs: 6_720, note: 'version 4' }, { type: 'phase-started', phase: 'examine' }, { type: 'phase-finished', phase: 'examine', elapsedMs: 29_610, note: 'by scan' },
  { type: 'flash-examined', map: fixtureMap }, { type: 'undone', label: 'give the console back' }, { type: 'job-succeeded', verdict: 'examined, not healthy', elapsedMs: 36_500 },
]
