import { type ImageBytes, isStored } from '../../shared/bytes/storedBytes.ts'
import type { CameraId, JobId } from '../../shared/devices/ids.ts'
import { socCatalogueSchema, type Soc } from '../../shared/devices/deviceProfile.schema.ts'
import type { TftpBackend } from '../../shared/devices/tftpBackend.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { RestorePlan, RestoreRequest } from '../../shared/restore/restore.schema.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import type { JobBook } from '../core/jobs/jobBook.ts'
import type { Leases } from '../core/rack/leases.ts'
import type { CameraEntry, RackBook } from '../core/rack/rackBook.ts'
import type { RestoreBench, Starter } from '../core/workflows/restore/bench.ts'
import { bytesOfLoad } from '../core/workflows/restore/layout.ts'
import { checkStartable, type PlanFacts, planRestore, type PreparedRestore } from '../core/workflows/restore/plan.ts'
import type { InputTools, RestoreInput } from '../core/workflows/restore/rawInput.ts'
import { readInput } from '../core/workflows/restore/readInput.ts'
import { runRestore } from '../core/workflows/restore/restoreWorkflow.ts'
import { newPoison, newToken } from '../drivers/host/randomness.ts'
import { chooseHostAddress, listHostAddresses } from '../drivers/network/interfaces.ts'
import { auditAcceptance, identityCheckOf, knownFlashOf, placeNameOf, refuseAside, refuseBusy, refuseStranger, useOf } from './cameraUse.ts'
import { findBoot, orProblem, starterOf } from './bootDesk.ts'
import { createInputShelf } from './inputShelf.ts'
import { createSharedBytes, createSharedWholes } from './sharedBytes.ts'

export interface RestoreDeskDeps {
  readonly clock: Clock
  readonly rack: RackBook
  readonly jobs: JobBook
  readonly leases: Leases
  readonly audit: Pick<AuditLog, 'around'>
  readonly tools: InputTools
  readonly socs: ReadonlyMap<string, Soc>
  readonly dataFolder: string
  readonly tftpPort: number
  /** Our own server or the pod's, ready to stage. */
  readonly openTftp: (plan: Pick<RestorePlan, 'tftp'>, camera: CameraEntry, signal: AbortSignal) => Promise<{ backend: TftpBackend; close: (signal: AbortSignal) => Promise<void> }>
  readonly ask: (question: string, signal: AbortSignal) => Promise<void>
}

export interface RestoreDesk {
  plan(request: RestoreRequest, signal: AbortSignal): Promise<RestorePlan>
  /** Without a hash whatever the plan is now: the chip says what is left to do. */
  start(request: RestoreRequest, planHash: string | undefined, signal: AbortSignal): Promise<JobId>
}

export const readSocs = (json: unknown): ReadonlyMap<string, Soc> => new Map(socCatalogueSchema.parse(json).map((soc) => [soc.name, soc]))

interface Prepared {
  readonly prepared: PreparedRestore
  readonly camera: CameraEntry
  readonly starter: Starter
}

export function createRestoreDesk(deps: RestoreDeskDeps): RestoreDesk {
  const shelf = createInputShelf({ largeDumpsStay: true })
  const shared = createSharedBytes()
  const imageOf = createSharedWholes(bytesOfLoad)
  const shareParts = (input: RestoreInput<ImageBytes>): RestoreInput<ImageBytes> =>
    ({ ...input, parts: input.parts.map((part) => (isStored(part.bytes) ? part : { ...part, bytes: shared.share(deps.tools.hashHex('sha256', part.bytes), part.bytes) })) })
  const prepare = async (request: RestoreRequest, signal: AbortSignal): Promise<Prepared> => {
    const camera = deps.rack.camera(request.cameraId)
    const { spec } = camera
    const soc = deps.socs.get(spec.chip.toLowerCase().split(':')[0] ?? '')
    const input = await orProblem(async () =>
      shareParts(readInput(await shelf.read(request.inputPath, signal), deps.tools, request.mtdparts !== undefined)))
    const boot = await findBoot(request, camera, soc, deps)
    const facts: PlanFacts = {
      request, cameraName: spec.cameraName, podName: placeNameOf(camera), chip: spec.chip, soc, flashBytes: knownFlashOf(camera, deps.jobs, request.acceptIdentity).flashBytes, input,
      lastRestored: lastRestored(deps.jobs, spec.cameraId),
      boot: boot.plan,
      tftp: await tftpFacts(request, camera, deps.tftpPort, signal),
    }
    const { plan, ...behind } = planRestore(facts, deps.tools)
    return { prepared: { ...behind, plan: refuseAside(refuseStranger(plan, camera, deps.jobs, request.acceptIdentity), camera) }, camera, starter: starterOf(boot, camera, soc, deps) }
  }

  const start = async (request: RestoreRequest, planHash: string | undefined, signal: AbortSignal): Promise<JobId> => {
    const { prepared, camera, starter } = await prepare(request, signal)
    const { plan } = prepared
    checkStartable(plan, planHash ?? plan.hash)
    refuseBusy(camera, deps.leases)
    return auditAcceptance(camera, deps, request.acceptIdentity, async () => deps.jobs.start({
      workflow: 'restore', title: `Restore ${camera.spec.cameraName}`, pod: camera.spec.id, camera: camera.spec.cameraId, plan,
      run: async (context) => runRestore(benchOf({ ...prepared, imageOf, starter }, camera, context.jobId, deps), context),
    }))
  }

  return {
    plan: async (request, signal) => (await prepare(request, signal)).prepared.plan,
    start,
  }
}

/** What decides who serves the files. */
export async function tftpFacts(request: Pick<RestoreRequest, 'tftpVia' | 'hostIp' | 'deviceIp' | 'nic'>, { devices: { pod } }: CameraEntry, hostPort: number, signal: AbortSignal): Promise<PlanFacts['tftp']> {
  return {
    hasPod: pod !== undefined, store: pod && request.tftpVia !== 'host' ? await orProblem(async () => pod.store(signal)) : undefined,
    hostAddress: await orProblem(async () => hostAddress(request)), hostPort,
  }
}

/** The flash of this camera is known once a restore has proved what it wrote there. */
function lastRestored(jobs: JobBook, camera: CameraId): PlanFacts['lastRestored'] {
  const job = jobs.list().find((each) => each.workflow === 'restore' && each.camera === camera && each.state === 'succeeded')
  return job?.workflow === 'restore' && job.plan.flash ? { kind: job.plan.flash.kind, why: 'its last restore was proved there' } : undefined
}

function benchOf({ plan, loads, imageOf, starter }: PreparedRestore & Pick<RestoreBench, 'imageOf' | 'starter'>, camera: CameraEntry, jobId: JobId, deps: RestoreDeskDeps): RestoreBench {
  const { spec } = camera
  const holder = `Restore of ${spec.cameraName} (job ${jobId})`
  return {
    plan, loads, imageOf, clock: deps.clock, newToken, newPoison,
    starter,
    ...useOf(camera, deps.leases, holder), identity: identityCheckOf(camera, deps.jobs, plan.request.acceptIdentity),
    openBackend: async (signal) => deps.openTftp(plan, camera, signal),
  }
}

export function hostAddress(request: Pick<RestoreRequest, 'hostIp' | 'deviceIp' | 'nic'>): { readonly address: string; readonly reason: string } {
  const own = listHostAddresses()
  const { hostIp } = request
  // Behind a router or an emulator's network the camera knows us by an address that is not ours.
  if (hostIp !== undefined && !own.some(({ address }) => address === hostIp)) return { address: hostIp, reason: 'asked for, though it is none of this computer\'s own addresses' }
  return chooseHostAddress({ wanted: hostIp, nic: request.nic, cameraAddress: request.deviceIp }, own)
}
