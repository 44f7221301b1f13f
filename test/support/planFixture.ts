import type { CameraId, JobId, PodId } from '../../src/shared/devices/ids.ts'
import type { InstallPlan } from '../../src/shared/install/install.schema.ts'
import type { JobEvent, JobNews } from '../../src/shared/jobs/jobEvent.ts'
import type { PartitionProgress, RestorePlan } from '../../src/shared/restore/restore.schema.ts'

export const camera = 'cam-1' as CameraId
export const pod = 'pod-1' as PodId
export const jobId = (name: string): JobId => name as JobId

/** Two partitions, boot last; the smallest plan that shows everything. */
export const plan: RestorePlan = {
  hash: 'a'.repeat(64),
  request: { cameraId: camera, inputPath: '/images/cam', boot: 'auto', flashType: 'auto', tftpVia: 'auto', force: false },
  cameraName: 'Camera 1', podName: 'Pod 1', chip: 'hi3516ev300',
  input: { kind: 'folder', path: '/images/cam', totalBytes: 0x60000, sha256: 'b'.repeat(64) },
  flashBytes: 0x100000,
  partitions: [
    { name: 'kernel', source: 'mtd1', offsetBytes: 0x40000, lengthBytes: 0x20000, eraseBytes: 0x20000, crc32: '11111111', isBoot: false, load: 0, loadOffsetBytes: 0 },
    { name: 'boot', source: 'mtd0', offsetBytes: 0, lengthBytes: 0x40000, eraseBytes: 0x40000, crc32: '22222222', isBoot: true, load: 1, loadOffsetBytes: 0 },
  ],
  loads: [{ name: 'kernel', lengthBytes: 0x20000 }, { name: 'boot', lengthBytes: 0x40000 }],
  tftp: { via: 'pod', reason: 'fits', serverAddress: '192.168.1.1', cameraAddress: '192.168.1.20', port: 69 },
  boot: { method: 'pod', profile: 'p', uboot: 'u', blobBytes: 1000 },
  loadAddress: 0x42000000, proofAddress: 0x44000000,
  phases: [
    { name: 'fastboot', title: 'Upload U-Boot', cancel: 'anytime', forecastMs: 26_000 },
    { name: 'write:kernel', title: 'Write kernel', cancel: 'at-end', forecastMs: 8_000 },
    { name: 'write:boot', title: 'Write boot', cancel: 'at-end', forecastMs: 4_000 },
  ],
  forecastMs: 38_000, warnings: [], refusals: [],
}

export const provedPartitions: readonly PartitionProgress[] = plan.partitions.map(({ name, offsetBytes, lengthBytes, crc32 }) =>
  ({ name, offsetBytes, lengthBytes, crc32, state: 'proved', readBackCrc32: crc32, action: 'written', writes: 1 }))

export const queuedEvent = (name: string): JobEvent =>
  ({ type: 'job-queued', job: jobId(name), sequence: 1, atMs: 1_000, workflow: 'restore', title: 'Restore Camera 1', pod, camera, plan })

/** Numbers news from 2 on. */
export const numbered = (name: string, news: readonly JobNews[]): JobEvent[] =>
  [queuedEvent(name), ...news.map((each, index) => ({ ...each, job: jobId(name), sequence: index + 2, atMs: 1_001 + index }) as JobEvent)]

export const installPlan: InstallPlan = {
  ...plan, request: { cameraId: camera, releasePath: '/release.tgz', flashType: 'nor', wipeEnv: false, boot: 'auto', tftpVia: 'auto', force: false },
  input: { kind: 'release', path: '/release.tgz', totalBytes: 0x60000, sha256: 'b'.repeat(64) },
  layout: { name: 'nor8', flashBytes: 0x800000, mtdparts: 'hi_sfc:256k(boot),64k(env),-(rest)', environment: { offsetBytes: 0x40000, lengthBytes: 0x10000 } },
  release: { soc: 'hi3516ev300', kernelName: 'Linux', rootfsKind: 'squashfs', files: [] }, settings: [],
}
