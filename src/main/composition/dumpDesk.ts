import type { Soc } from '../../shared/devices/deviceProfile.schema.ts'
import type { JobId } from '../../shared/devices/ids.ts'
import type { DiffRequest, DumpDiff } from '../../shared/dump/diff.schema.ts'
import type { DumpPlan, DumpRequest } from '../../shared/dump/dump.schema.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { isFinished } from '../../shared/jobs/reduceJob.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { diffDumps } from '../core/diff/diffDumps.ts'
import type { JobBook } from '../core/jobs/jobBook.ts'
import type { Leases } from '../core/rack/leases.ts'
import type { CameraEntry, RackBook } from '../core/rack/rackBook.ts'
import type { DumpBench, UploadDesk } from '../core/workflows/dump/dumpBench.ts'
import { checkDumpStartable, type DumpFacts, planDump } from '../core/workflows/dump/dumpPlan.ts'
import { runDump } from '../core/workflows/dump/dumpWorkflow.ts'
import type { Starter } from '../core/workflows/restore/bench.ts'
import type { InputTools } from '../core/workflows/restore/rawInput.ts'
import { readInput } from '../core/workflows/restore/readInput.ts'
import { inspectDumpPlace, openHiddenDump } from '../drivers/files/dumpFolder.ts'
import { inputLimitBytes } from '../drivers/files/inputFolder.ts'
import { readUbootContents } from '../drivers/files/ubootContents.ts'
import { newPoison, newToken } from '../drivers/host/randomness.ts'
import { findAgent } from './agentDesk.ts'
import { identityCheckOf, placeNameOf, refuseAside, refuseBusy, useOf } from './cameraUse.ts'
import { findBoot, orProblem, starterOf } from './bootDesk.ts'
import { createInputShelf } from './inputShelf.ts'
import { hostAddress } from './restoreDesk.ts'

export interface DumpDeskDeps {
  readonly clock: Clock
  readonly rack: RackBook
  readonly jobs: JobBook
  readonly leases: Leases
  readonly tools: InputTools
  readonly socs: ReadonlyMap<string, Soc>
  readonly dataFolder: string
  readonly tftpPort: number
  readonly openUploads: (plan: { readonly tftp: NonNullable<DumpPlan['tftp']> }, signal: AbortSignal) => Promise<UploadDesk>
  readonly ask: (question: string, signal: AbortSignal) => Promise<void>
}

export interface DumpDesk {
  /** Touches neither the camera nor the disk; what stands in the way is in `refusals`. */
  plan(request: DumpRequest, signal: AbortSignal): Promise<DumpPlan>
  start(request: DumpRequest, planHash: string, signal: AbortSignal): Promise<JobId>
  /** Reads both; nothing but files is asked. */
  diff(request: DiffRequest, signal: AbortSignal): Promise<DumpDiff>
}

interface Prepared {
  readonly plan: DumpPlan
  readonly camera: CameraEntry
  readonly starter: Starter
}

export function createDumpDesk(deps: DumpDeskDeps): DumpDesk {
  // Two are compared at a time.
  const shelf = createInputShelf({ maxBytes: Math.floor(inputLimitBytes() / 2) })
  /** Two dumps into one folder would mix two cameras. */
  const outputs = new Map<string, JobId>()

  const prepare = async (request: DumpRequest): Promise<Prepared> => {
    const camera = deps.rack.camera(request.cameraId)
    const { spec, devices } = camera
    const soc = deps.socs.get(spec.chip.toLowerCase().split(':')[0] ?? '')
    const found = request.via === 'agent' ? await findAgent({ ...request, running: false }, camera, soc, deps) : undefined
    const boot = found?.boot ?? await findBoot(request, camera, soc, deps)
    const facts: DumpFacts = {
      request, cameraName: spec.cameraName, podName: placeNameOf(camera), chip: spec.chip, soc, flashBytes: devices.flashBytes, hasPod: devices.pod !== undefined,
      output: await orProblem(async () => inspectDumpPlace(request.outputPath, request.form)),
      boot: boot.plan, agent: found?.agent, hostAddress: await orProblem(async () => hostAddress(request)), hostPort: deps.tftpPort,
    }
    return { plan: refuseAside(planDump(facts, deps.tools).plan, camera), camera, starter: starterOf(boot, camera, soc, deps) }
  }

  const benchOf = ({ plan, camera, starter }: Prepared, jobId: JobId): DumpBench => {
    const holder = `Dump of ${camera.spec.cameraName} (job ${jobId})`
    return {
      plan, starter, clock: deps.clock, newToken, newPoison, hashHex: deps.tools.hashHex, restorableBytes: inputLimitBytes(), ubootVersionsIn: (bytes) => readUbootContents(bytes).versions,
      ...useOf(camera, deps.leases, holder), identity: identityCheckOf(camera, deps.jobs, undefined),
      openOutput: async (signal) => openHiddenDump(plan.output.path, plan.request.form, signal),
      openUploads: async (signal) => {
        if (!plan.tftp) throw new WorkbenchError('internal/bug', 'This dump has no server to send to')
        return deps.openUploads({ tftp: plan.tftp }, signal)
      },
    }
  }

  return {
    plan: async (request) => (await prepare(request)).plan,
    start: async (request, planHash) => {
      const prepared = await prepare(request)
      const { plan, camera } = prepared
      checkDumpStartable(plan, planHash)
      const { spec } = camera
      refuseBusy(camera, deps.leases)
      const { path } = plan.output
      const writer = outputs.get(path)
      if (writer !== undefined && !isFinished(deps.jobs.get(writer))) throw new WorkbenchError('input/conflict', `Another dump is being written to ${path}`, { context: { job: writer }, hint: 'Choose another name' })
      const jobId = deps.jobs.start({
        workflow: 'dump', title: `Dump ${spec.cameraName}`, pod: spec.id, camera: spec.cameraId, plan,
        run: async (context) => runDump(benchOf(prepared, context.jobId), context),
      })
      outputs.set(path, jobId)
      return jobId
    },
    diff: async ({ pathA, pathB, mtdparts }, signal) => {
      const read = async (path: string): ReturnType<typeof shelf.read> => shelf.read(path, signal)
      const [a, b] = [await read(pathA), await read(pathB)]
      return diffDumps(readInput(a, deps.tools, mtdparts !== undefined), readInput(b, deps.tools, mtdparts !== undefined), mtdparts)
    },
  }
}
