import { createHash } from 'node:crypto'
import { parse as parseYaml } from 'yaml'
import { createAttemptRunner } from '../../src/main/core/batch/attempt.ts'
import type { BatchEngine } from '../../src/main/core/batch/batchEngine.ts'
import type { CameraConsole } from '../../src/main/core/consoles/cameraConsole.ts'
import { createConsole } from '../../src/main/core/consoles/consoleHub.ts'
import { createJobBook, type JobBook } from '../../src/main/core/jobs/jobBook.ts'
import { createMemoryJournal } from '../../src/main/core/jobs/memoryJournal.ts'
import { createLeases, createMemoryLeaseStore } from '../../src/main/core/rack/leases.ts'
import { buildBootBlob, parseBootProfile } from '../../src/main/core/workflows/restore/bootBlob.ts'
import { bytesOfLoad } from '../../src/main/core/workflows/restore/layout.ts'
import { planRestore } from '../../src/main/core/workflows/restore/plan.ts'
import { readInput } from '../../src/main/core/workflows/restore/readInput.ts'
import { runRestore } from '../../src/main/core/workflows/restore/restoreWorkflow.ts'
import { createPodTftpBackend } from '../../src/main/drivers/tftp/podTftpBackend.ts'
import { readSocs } from '../../src/main/composition/restoreDesk.ts'
import { type LayoutImage, referenceLayoutImages } from '../../src/main/sim/referenceLayout.ts'
import { createSimRack, type SimPodHandle, type SimRack } from '../../src/main/sim/simRack.ts'
import { bootStandIns } from '../../src/main/sim/standIns.ts'
import { type CameraId, cameraIdSchema, jobIdSchema, podIdSchema } from '../../src/shared/devices/ids.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import { restoreRequestSchema } from '../../src/shared/restore/restore.schema.ts'
import socs from '../../resources/soc.json' with { type: 'json' }
import type { AttemptRunner } from '../../src/main/core/batch/batchWorker.ts'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'

const tools = {
  hashHex: (algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex'),
  parseYaml: (text: string): unknown => parseYaml(text) as unknown,
}

interface Place { readonly rack: SimRack; readonly pod: SimPodHandle; readonly console: CameraConsole }

export interface NightBench {
  readonly engine: BatchEngine
  readonly jobs: JobBook
  /** Cameras that anybody has asked for anything. */
  readonly touched: () => readonly string[]
  /** `through` lets a virtual clock go on meanwhile. */
  close(through?: <T>(work: Promise<T>) => Promise<T>): Promise<void>
}

export interface NightBenchOptions {
  readonly clock: Clock
  readonly images: Readonly<Record<string, readonly LayoutImage[]>>
  /** Which queue it works on, and with which cameras. */
  readonly openEngine: (run: AttemptRunner) => Promise<BatchEngine>
}

/** A squashfs that is not there: the kernel finds no root and panics. */
export const badImages = (): readonly LayoutImage[] => referenceLayoutImages().map(({ name, bytes }) => ({ name, bytes: name === 'mtd3' ? bytes.fill(0xff, 0, 4096) : bytes }))
/** Another kernel, and as good. */
export const otherImages = (): readonly LayoutImage[] => referenceLayoutImages().map(({ name, bytes }) => ({ name, bytes: name === 'mtd3' ? bytes.fill(0x33, 8192, 9216) : bytes }))

/**
 * The engine, the real restore and the simulator on one clock. A camera of the simulator is made when it is first asked for anything:
 * forty of them hold more memory than a test should, and one that was never made was never touched.
 */
export async function openNightBench({ clock, images, openEngine }: NightBenchOptions): Promise<NightBench> {
  const log = (): void => undefined
  const places = new Map<CameraId, Place>()
  const placeOf = (camera: CameraId): Place => {
    const known = places.get(camera)
    if (known) return known
    const rack = createSimRack({ clock, pods: 1, speed: 'fast' })
    const [pod] = rack.pods
    if (!pod) throw new Error('the rack has no pod')
    const place = { rack, pod, console: createConsole({ cameraId: cameraIdSchema.parse(camera), open: pod.openConsole, clock, log }) }
    places.set(camera, place)
    return place
  }
  let [jobCount, token] = [0, 0]
  const jobs = createJobBook({ journal: createMemoryJournal(), clock, newJobId: () => jobIdSchema.parse(`j-${(jobCount += 1)}`), log })
  const leases = createLeases({ store: createMemoryLeaseStore(), clock, log })
  const standIns = bootStandIns()
  const soc = readSocs(socs).get('hi3516ev300')
  if (!soc) throw new Error('no figures')
  const blob = buildBootBlob(soc, parseBootProfile(standIns.profileJson, 'stand-in'), standIns.uboot)
  const run = createAttemptRunner({
    clock, jobs, consoleOf: (camera) => placeOf(camera).console,
    powerCycle: async (camera, signal) => placeOf(camera).pod.pod.power('cycle', signal),
    ping: async () => { throw new WorkbenchError('link/unreachable', 'Nobody answers there') },
    takePicture: async () => { throw new WorkbenchError('link/unreachable', 'Nobody answers there') },
    startJob: async ({ target: { camera, name }, image }, signal) => {
      const { pod, console } = placeOf(camera)
      const { plan, loads } = planRestore({
        request: restoreRequestSchema.parse({ cameraId: camera, inputPath: image?.path }), cameraName: name, podName: camera, chip: 'hi3516ev300', soc, flashBytes: 0,
        input: readInput({ kind: 'folder', path: image?.path ?? '', files: images[image?.name ?? ''] ?? [], ignored: [] }, tools, false),
        boot: { method: 'pod', profile: 'stand-in', uboot: 'stand-in', blob, problems: [] },
        tftp: { hasPod: true, store: await pod.pod.store(signal), hostAddress: { address: '192.168.1.10', reason: 'test' }, hostPort: 69 },
      }, tools)
      return jobs.start({
        workflow: 'restore', title: `Restore ${name}`, pod: podIdSchema.parse(camera), camera, plan,
        run: async (context) => runRestore({
          plan, loads, imageOf: bytesOfLoad, clock, newToken: () => `t${(token += 1)}`, newPoison: () => 0x1234_0000 + (token += 1),
          starter: { method: 'pod', blob, fastboot: async (bytes, within) => pod.pod.fastboot(bytes, within), powerCycle: async (within) => pod.pod.power('cycle', within) },
          takeLease: async (within) => leases.take(camera, `Restore (job ${context.jobId})`, within),
          openConsole: async (within) => Object.assign(await console.exclusive('restore', within), { tail: () => console.tail(4096) }),
          openBackend: async () => ({ backend: createPodTftpBackend({ pod: pod.pod, serverAddress: plan.tftp.serverAddress, cameraAddress: plan.tftp.cameraAddress }), close: async () => undefined }),
        }, context),
      })
    },
  })
  const engine = await openEngine(run)
  return {
    engine, jobs, touched: () => [...places.keys()],
    close: async (through = async (work) => work) => {
      await through(engine.close())
      await through(jobs.close())
      for (const { console, rack } of places.values()) { await through(console.close()); await rack.close() }
    },
  }
}
