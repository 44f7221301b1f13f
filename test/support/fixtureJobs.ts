import { type CameraId, cameraIdSchema, type JobId, jobIdSchema, podIdSchema } from '../../src/shared/devices/ids.ts'
import type { JobEvent, JobNews } from '../../src/shared/jobs/jobEvent.ts'
import { isFinished, type Job, reduceJob } from '../../src/shared/jobs/reduceJob.ts'
import type { PartitionProgress, PlannedPartition, RestorePlan, RestoreRequest } from '../../src/shared/restore/restore.schema.ts'
import { fixtureNandPlan } from './fixtureNand.ts'

const KiB = 1024
const part = (name: string, offsetBytes: number, lengthBytes: number, crc32: string, load: number, isBoot = false): PlannedPartition =>
  ({ name, source: `${name}.bin`, offsetBytes, lengthBytes, eraseBytes: Math.ceil(lengthBytes / 65536) * 65536, crc32, isBoot, load, loadOffsetBytes: 0 })

const partitions = [
  part('env', 0x40000, 64 * KiB, 'b3f102ce', 0), part('kernel', 0x50000, 3072 * KiB, 'bf160c6a', 1),
  part('rootfs', 0x350000, 10240 * KiB, '7d598d15', 2), part('boot', 0, 256 * KiB, 'fa8b2667', 0, true),
]

/** `cam-04` and every path with "bad" in it are refused, so that refusals can be looked at. */
export function fixturePlan(request: RestoreRequest, cameraName = String(request.cameraId)): RestorePlan {
  if (request.inputPath.includes('nand')) return fixtureNandPlan(fixturePlan({ ...request, inputPath: '' }, cameraName), request)
  const bad = request.inputPath.includes('bad')
  const via = request.tftpVia === 'host' ? 'host' : 'pod'
  return {
    hash: 'a'.repeat(64), request, cameraName, podName: 'pod-1', chip: 'hi3516ev300',
    input: { kind: 'folder', path: request.inputPath, totalBytes: 13632 * KiB, sha256: '9f2c41d07be35a18'.repeat(4) }, flashBytes: 16384 * KiB, partitions,
    loads: [{ name: 'boot+env', lengthBytes: 320 * KiB }, { name: 'kernel', lengthBytes: 3072 * KiB }, { name: 'rootfs', lengthBytes: 10240 * KiB }],
    tftp: { via, reason: via === 'pod' ? 'the pod has room for the largest file' : 'asked for', serverAddress: '192.168.1.1', cameraAddress: '192.168.1.10', port: 69 },
    boot: { method: 'pod', profile: 'hi3516ev300.profile', uboot: 'u-boot-hi3516ev300.bin', blobBytes: 245_760 }, loadAddress: 0x42000000, proofAddress: 0x43000000,
    phases: [
      { name: 'checks', title: 'Checks', cancel: 'anytime', forecastMs: 200 }, { name: 'uboot', title: 'U-Boot to RAM', cancel: 'anytime', forecastMs: 26_000 },
      { name: 'identity', title: 'Identity', cancel: 'anytime', forecastMs: 600 }, { name: 'write:env', title: 'env', cancel: 'at-end', forecastMs: 1500 },
      { name: 'write:kernel', title: 'kernel', cancel: 'at-end', forecastMs: 16_000 }, { name: 'write:rootfs', title: 'rootfs', cancel: 'at-end', forecastMs: 31_000 },
      { name: 'write:boot', title: 'boot', cancel: 'at-end', forecastMs: 2400 }, { name: 'reset', title: 'Reset', cancel: 'anytime', forecastMs: 500 }, { name: 'boot', title: 'Boot seen', cancel: 'anytime', forecastMs: 14_000 },
    ],
    forecastMs: 72_000, warnings: request.force ? ['Partitions that are equal already will be written all the same'] : [],
    refusals: bad ? [
      { code: 'input/too-large', message: 'rootfs needs 18 432 KiB, but only 13 056 KiB are left behind kernel on this 16 MiB flash', context: {}, hint: 'Choose the image for 16 MiB flash, or give another layout under More.' },
      { code: 'input/missing-file', message: 'There is no boot profile for hi3516ev300', context: {}, hint: 'Give the file under More, or put it into the profiles folder of your data folder.' },
    ] : [],
  }
}

export interface FixtureJobs {
  readonly jobs: Map<JobId, Job>
  events(id: JobId): readonly JobEvent[]
  /** Appends and tells. */
  add(id: JobId, news: JobNews): void
  queue(id: JobId, plan: RestorePlan, camera: CameraId): void
  onEvent(listener: (event: JobEvent) => void): () => void
}

export function createFixtureJobs(nowMs: () => number): FixtureJobs {
  const jobs = new Map<JobId, Job>()
  const stories = new Map<JobId, JobEvent[]>()
  const listeners = new Set<(event: JobEvent) => void>()
  function add(id: JobId, news: JobNews): void {
    const story = stories.get(id) ?? []
    const event = { ...news, job: id, sequence: story.length + 1, atMs: nowMs() } as JobEvent
    stories.set(id, [...story, event])
    jobs.set(id, reduceJob(jobs.get(id), event))
    for (const listener of listeners) listener(event)
  }
  return {
    jobs, add, events: (id) => stories.get(id) ?? [],
    queue: (id, plan, camera) => { add(id, { type: 'job-queued', workflow: 'restore', title: `Restore ${plan.cameraName}`, pod: podIdSchema.parse('pod-1'), camera, plan }) },
    onEvent: (listener) => { listeners.add(listener); return () => { listeners.delete(listener) } },
  }
}

const progressOf = (name: string, change: Partial<PartitionProgress>): PartitionProgress => {
  const planned = partitions.find((one) => one.name === name)
  if (!planned) throw new Error(`no partition ${name} in the fixture`)
  const { offsetBytes, lengthBytes, crc32 } = planned
  return { name, offsetBytes, lengthBytes, crc32, state: 'pending', writes: 0, ...change }
}
const proved = (name: string, crc: string): JobNews => ({ type: 'partition-changed', partition: progressOf(name, { state: 'proved', readBackCrc32: crc, action: 'written', writes: 1 }) })

/** News up to the middle of writing the kernel; then, by `end`, to one of the ends. */
export function storyOf(end: 'running' | 'ok' | 'failed' | 'cancelled' | 'interrupted'): readonly JobNews[] {
  const finished = (phase: string, elapsedMs: number, note = ''): JobNews[] => [{ type: 'phase-started', phase }, { type: 'phase-finished', phase, elapsedMs, note }]
  const begun: JobNews[] = [
    { type: 'job-started' }, ...finished('checks', 212), ...finished('uboot', 25_700), ...finished('identity', 610, 'ev300, W25Q128, 16 MiB'),
    { type: 'phase-started', phase: 'write:env' }, { type: 'partition-changed', partition: progressOf('env', { state: 'unchanged', readBackCrc32: 'b3f102ce', action: 'unchanged' }) },
    { type: 'phase-finished', phase: 'write:env', elapsedMs: 740, note: 'unchanged' },
    { type: 'staging-progressed', state: 'running', file: 'rootfs', doneBytes: 4_300_000, totalBytes: 10240 * KiB, note: '' },
    { type: 'phase-started', phase: 'write:kernel' }, { type: 'partition-changed', partition: progressOf('kernel', { state: 'writing', writes: 1 }) },
    { type: 'phase-progressed', phase: 'write:kernel', step: 'writing', doneBytes: 1_918_000, totalBytes: 3072 * KiB },
  ]
  const kernelDone: JobNews[] = [proved('kernel', 'bf160c6a'), { type: 'phase-finished', phase: 'write:kernel', elapsedMs: 15_800, note: '' }, { type: 'staging-progressed', state: 'done', file: 'rootfs', doneBytes: 10240 * KiB, totalBytes: 10240 * KiB, note: '' }]
  if (end === 'running') return begun
  if (end === 'interrupted') return [...begun, { type: 'partition-changed', partition: progressOf('kernel', { state: 'unknown', writes: 1 }) }, { type: 'job-interrupted', verdict: 'interrupted' }]
  if (end === 'cancelled') return [...begun, { type: 'cancel-requested' }, ...kernelDone, { type: 'job-cancelled', verdict: 'cancelled', elapsedMs: 43_000 }]
  if (end === 'failed') return [
    ...begun, ...kernelDone, { type: 'phase-started', phase: 'write:rootfs' },
    { type: 'noted', level: 'warning', message: 'rootfs was read back wrong and is written once more' },
    { type: 'partition-changed', partition: progressOf('rootfs', { state: 'mismatch', readBackCrc32: '5a1c09ff', writes: 2 }) },
    { type: 'undo-failed', label: 'drop the staged file rootfs from pod-3', error: { code: 'link/timeout', message: 'no answer', context: {} } },
    { type: 'console-excerpt', text: 'OpenIPC # sf read 0x43000000 0x350000 0xa00000\nSF: 10485760 bytes @ 0x350000 Read: OK\nOpenIPC # crc32 0x43000000 0xa00000\ncrc32 for 43000000 ... 439fffff ==> 5a1c09ff\nOpenIPC # ' },
    { type: 'job-failed', verdict: 'failed (state known)', elapsedMs: 96_400, error: { code: 'device/wrong-content', message: 'rootfs reads back as 5a1c 09ff instead of 7d59 8d15, also after one rewrite', context: { partition: 'rootfs' }, hint: 'The flash chip may be worn out or the supply weak: try another supply, then another camera.' } },
  ]
  return [
    ...begun, ...kernelDone, { type: 'phase-started', phase: 'write:rootfs' }, proved('rootfs', '7d598d15'), { type: 'phase-finished', phase: 'write:rootfs', elapsedMs: 24_100, note: '' },
    { type: 'phase-started', phase: 'write:boot' }, proved('boot', 'fa8b2667'), { type: 'phase-finished', phase: 'write:boot', elapsedMs: 2300, note: '' },
    ...finished('reset', 420), ...finished('boot', 13_200, 'login: seen'),
    { type: 'console-excerpt', text: '[    2.110004] VFS: Mounted root (squashfs filesystem) readonly on device 31:3.\n[   14.221067] majestic: stream 1920x1080@25\n\nWelcome to OpenIPC\nopenipc-hi3516ev300 login:' },
    { type: 'job-succeeded', verdict: 'restored and booted', elapsedMs: 71_300 },
  ]
}

export function addFixtureStories(fixture: FixtureJobs): void {
  const request = (camera: string): RestoreRequest => ({ cameraId: cameraIdSchema.parse(camera), inputPath: '/home/lab/backups/ev300-2026-11', boot: 'auto', flashType: 'auto', tftpVia: 'auto', force: false })
  const jobsOf = [['job-interrupted', 'cam-10', 'interrupted'], ['job-cancelled', 'cam-03', 'cancelled'], ['job-failed', 'cam-09', 'failed'], ['job-ok', 'cam-01', 'ok'], ['job-running', 'cam-02', 'running']] as const
  for (const [id, camera, end] of jobsOf) {
    const job = jobIdSchema.parse(id)
    fixture.queue(job, fixturePlan(request(camera)), cameraIdSchema.parse(camera))
    for (const news of storyOf(end)) fixture.add(job, news)
  }
}

export const summaryOf = (job: Job): { id: JobId; workflow: Job['workflow']; title: string; camera: CameraId; pod: Job['pod']; state: Job['state']; verdict?: NonNullable<Job['verdict']>; queuedAtMs: number; elapsedMs?: number } => ({
  id: job.id, workflow: job.workflow, title: job.title, camera: job.camera, pod: job.pod, state: job.state, queuedAtMs: job.queuedAtMs,
  ...(job.verdict ? { verdict: job.verdict } : {}), ...(isFinished(job) && job.elapsedMs !== undefined ? { elapsedMs: job.elapsedMs } : {}),
})
