import { createHash } from 'node:crypto'
import { parse as parseYaml } from 'yaml'
import { createMemoryJournal } from '../../src/main/core/jobs/memoryJournal.ts'
import { createJobBook, type JobBook } from '../../src/main/core/jobs/jobBook.ts'
import { createLeases, createMemoryLeaseStore, type Leases } from '../../src/main/core/rack/leases.ts'
import type { CameraConsole } from '../../src/main/core/consoles/cameraConsole.ts'
import { createConsole } from '../../src/main/core/consoles/consoleHub.ts'
import type { RestoreBench } from '../../src/main/core/workflows/restore/bench.ts'
import { buildBootBlob, parseBootProfile } from '../../src/main/core/workflows/restore/bootBlob.ts'
import { bytesOfLoad } from '../../src/main/core/workflows/restore/layout.ts'
import { planRestore, type PreparedRestore } from '../../src/main/core/workflows/restore/plan.ts'
import { readInput } from '../../src/main/core/workflows/restore/readInput.ts'
import { runRestore } from '../../src/main/core/workflows/restore/restoreWorkflow.ts'
import type { RawRestoreInput } from '../../src/main/core/workflows/restore/rawInput.ts'
import { createPodTftpBackend } from '../../src/main/drivers/tftp/podTftpBackend.ts'
import { readSocs } from '../../src/main/composition/restoreDesk.ts'
import { createSimRack, type SimPodHandle, type SimRack } from '../../src/main/sim/simRack.ts'
import { bootStandIns } from '../../src/main/sim/standIns.ts'
import { referenceLayoutImages } from '../../src/main/sim/referenceLayout.ts'
import type { ImageBytes } from '../../src/shared/bytes/storedBytes.ts'
import { cameraIdSchema, jobIdSchema, podIdSchema, type JobId } from '../../src/shared/devices/ids.ts'
import type { DatagramNetwork } from '../../src/shared/devices/datagram.ts'
import type { TftpBackend } from '../../src/shared/devices/tftpBackend.ts'
import { isFinished, type Job } from '../../src/shared/jobs/reduceJob.ts'
import { type RestorePlan, restoreRequestSchema, type RestoreRequest } from '../../src/shared/restore/restore.schema.ts'
import socs from '../../resources/soc.json' with { type: 'json' }
import { createVirtualClock, type VirtualClock } from './virtualClock.ts'

export interface Rig {
  readonly clock: VirtualClock
  readonly rack: SimRack
  readonly pod: SimPodHandle
  readonly jobs: JobBook
  readonly leases: Leases
  readonly console: CameraConsole
  readonly logged: string[]
  prepare(more?: RigRequest): Promise<PreparedRestore>
  /** Plans, starts and returns at once. */
  start(more?: RigRequest): Promise<JobId>
  /** What a job works with, on this camera. */
  use(holder: string, tftp: RestorePlan['tftp'], blob: Uint8Array | undefined, backend?: TftpBackend): Omit<RestoreBench, 'plan' | 'loads' | 'imageOf'>
  /** Until the job has ended, clean-up included. */
  finish(id: JobId): Promise<Job>
  restore(more?: RigRequest): Promise<Job>
  close(): Promise<void>
}

export interface RigRequest {
  readonly images?: readonly { readonly name: string; readonly bytes: Uint8Array }[]
  readonly request?: Partial<RestoreRequest>
  /** As it was read from a disk, instead of `images`. */
  readonly raw?: RawRestoreInput<ImageBytes>
  /** A backend instead of the pod's own. */
  readonly backend?: TftpBackend
  readonly chip?: string
}

export interface RigOptions {
  readonly faults?: readonly string[]
  readonly speed?: 'fast' | 'real'
  readonly flashMb?: 8 | 16 | 32
  readonly secondFlash?: 'nand' | 'emmc' | 'emmc-vendor'
  readonly podIndex?: number
  /** How the camera reaches a server of the lab; without it only the pod answers. */
  readonly network?: (clock: VirtualClock) => DatagramNetwork
}

const tools = {
  hashHex: (algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex'),
  parseYaml: (text: string): unknown => parseYaml(text) as unknown,
}

/** The product's restore over the simulator's memory face: no sockets, no waiting, every byte and every second accounted for. */
export function createRig({ faults = [], speed = 'fast', flashMb = 16, secondFlash, network }: RigOptions = {}): Rig {
  const clock = createVirtualClock()
  const logged: string[] = []
  const log = (line: string): void => { logged.push(line) }
  const rack = createSimRack({ clock, pods: 1, speed, flashMb, faults, ...(secondFlash ? { secondFlash } : {}), ...(network ? { network: network(clock), cameraAddress: '10.0.0.20' } : {}) })
  const [pod] = rack.pods
  if (!pod) throw new Error('the rack has no pod')
  const cameraId = cameraIdSchema.parse('cam-1')
  let jobCount = 0
  const jobs = createJobBook({ journal: createMemoryJournal(), clock, newJobId: () => jobIdSchema.parse(`j-${(jobCount += 1)}`), log })
  const leases = createLeases({ store: createMemoryLeaseStore(), clock, log })
  const console = createConsole({ cameraId, open: pod.openConsole, clock, log })
  const standIns = bootStandIns()
  const soc = readSocs(socs).get('hi3516ev300')
  if (!soc) throw new Error('no figures')
  let token = 0

  const prepare = async (more: RigRequest = {}): Promise<PreparedRestore> => {
    const files = more.images ?? referenceLayoutImages()
    const raw: RawRestoreInput<ImageBytes> = more.raw ?? { kind: 'folder', path: '/images', files, ignored: [] }
    const request = restoreRequestSchema.parse({ cameraId, inputPath: '/images', ...more.request })
    const store = await clock.run(pod.pod.store(new AbortController().signal))
    const blob = buildBootBlob(soc, parseBootProfile(standIns.profileJson, 'stand-in'), standIns.uboot)
    return planRestore({
      request, cameraName: 'cam-1', podName: 'pod-1', chip: more.chip ?? 'hi3516ev300', soc, flashBytes: 0,
      input: readInput(raw, tools, request.mtdparts !== undefined),
      boot: { method: 'pod', profile: 'stand-in', uboot: 'stand-in', blob, problems: [] },
      tftp: { hasPod: true, store, hostAddress: { address: '192.168.1.10', reason: 'test' }, hostPort: 69 },
    }, tools)
  }
  const start = async (more: RigRequest = {}): Promise<JobId> => {
    const { plan, loads, blob } = await prepare(more)
    if (plan.refusals[0]) throw new Error(`refused: ${plan.refusals[0].message}`)
    return jobs.start({
      workflow: 'restore', title: 'Restore cam-1', pod: podIdSchema.parse('pod-1'), camera: cameraId, plan,
      run: async (context) => runRestore({ plan, loads, imageOf: bytesOfLoad, ...use(`Restore (job ${context.jobId})`, plan.tftp, blob, more.backend) }, context),
    })
  }
  const use: Rig['use'] = (holder, tftp, blob, backend) => ({
    clock, newToken: () => `t${(token += 1)}`, newPoison: () => 0x1234_0000 + (token += 1),
    starter: {
      method: 'pod', blob: blob ?? new Uint8Array(), fastboot: async (bytes, signal) => pod.pod.fastboot(bytes, signal),
      powerCycle: async (signal) => pod.pod.power('cycle', signal),
    },
    takeLease: async (signal) => leases.take('pod-1', holder, signal),
    openConsole: async (signal) => {
      const line = await console.exclusive('restore', signal)
      return { ...line, tail: () => console.tail(4096), release: async () => line.release() }
    },
    openBackend: async () => ({
      backend: backend ?? createPodTftpBackend({ pod: pod.pod, serverAddress: tftp.serverAddress, cameraAddress: tftp.cameraAddress }),
      close: async () => undefined,
    }),
  })
  const finish = async (id: JobId): Promise<Job> => {
    const ended = (async (): Promise<Job> => {
      for (let turn = 0; turn < 1_000_000; turn += 1) {
        const job = jobs.get(id)
        if (isFinished(job)) return job
        await clock.sleep(50, new AbortController().signal)
      }
      throw new Error('the job does not end')
    })()
    return clock.run(ended)
  }
  return {
    clock, rack, pod, jobs, leases, console, logged, prepare, start, use, finish,
    restore: async (more) => finish(await start(more)),
    close: async () => {
      await clock.run(jobs.close())
      await clock.run(console.close())
      await rack.close()
    },
  }
}

/** The cells as they should be: each image at its place. */
export const cellsHold = (pod: SimPodHandle, job: Job, images: readonly { readonly name: string; readonly bytes: Uint8Array }[]): boolean =>
  images.every(({ name, bytes }) => {
    const part = job.plan.partitions.find((each) => each.name === name)
    return part !== undefined && Buffer.compare(Buffer.from(bytes), Buffer.from(pod.camera.cells.subarray(part.offsetBytes, part.offsetBytes + bytes.length))) === 0
  })
