import type { JobId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { InstallPlan, InstallRequest } from '../../shared/install/install.schema.ts'
import type { CameraEntry } from '../core/rack/rackBook.ts'
import { type InstallBench, runInstall } from '../core/workflows/install/installWorkflow.ts'
import { planInstall, type PreparedInstall } from '../core/workflows/install/installPlan.ts'
import { bytesOfLoad } from '../core/workflows/restore/layout.ts'
import { checkStartable } from '../core/workflows/restore/plan.ts'
import type { Starter } from '../core/workflows/restore/bench.ts'
import { readUbootContents } from '../drivers/files/ubootContents.ts'
import { readReleaseTarball } from '../drivers/files/releaseTarball.ts'
import { hashHex, md5Hex, newPoison, newToken, secretBytes } from '../drivers/host/randomness.ts'
import { readRelease } from '../protocols/openipc/release.ts'
import { findBoot, findUbootImage, orProblem, starterOf } from './bootDesk.ts'
import { auditAcceptance, identityCheckOf, knownFlashOf, placeNameOf, refuseAside, refuseBusy, refuseStranger, useOf } from './cameraUse.ts'
import { type RestoreDeskDeps, tftpFacts } from './restoreDesk.ts'

export type InstallDeskDeps = Omit<RestoreDeskDeps, 'tools'>

/** A whole OpenIPC release into the flash, with the camera's identity kept. */
export interface InstallDesk {
  plan(request: InstallRequest, signal: AbortSignal): Promise<InstallPlan>
  /** Without a hash whatever the plan is now. */
  start(request: InstallRequest, planHash: string | undefined, signal: AbortSignal): Promise<JobId>
}

interface Prepared {
  readonly prepared: PreparedInstall
  readonly camera: CameraEntry
  readonly starter: Starter
  readonly versions: readonly string[]
}

export function createInstallDesk(deps: InstallDeskDeps): InstallDesk {
  const prepare = async (request: InstallRequest, signal: AbortSignal): Promise<Prepared> => {
    const camera = deps.rack.camera(request.cameraId)
    const { spec } = camera
    const soc = deps.socs.get(spec.chip.toLowerCase().split(':')[0] ?? '')
    const release = await orProblem(async () => readRelease(await readReleaseTarball(request.releasePath, signal), { md5Hex }))
    const boot = await findBoot(request, camera, soc, deps, 'install')
    const uboot = await findUbootImage(request, camera, soc, deps)
    const ubootContents = uboot instanceof WorkbenchError ? undefined : readUbootContents(uboot)
    const { plan, ...behind } = planInstall({
      request, cameraName: spec.cameraName, podName: placeNameOf(camera), chip: spec.chip, soc, ...knownFlashOf(camera, deps.jobs, request.acceptIdentity), release,
      boot: boot.plan, uboot, ubootContents,
      tftp: await tftpFacts(request, camera, deps.tftpPort, signal),
    }, { hashHex })
    return { prepared: { ...behind, plan: refuseAside(refuseStranger(plan, camera, deps.jobs, request.acceptIdentity), camera) }, camera, starter: starterOf(boot, camera, soc, deps), versions: ubootContents?.versions ?? [] }
  }
  return {
    plan: async (request, signal) => (await prepare(request, signal)).prepared.plan,
    start: async (request, planHash, signal) => {
      const { prepared: { plan, loads }, camera, starter, versions } = await prepare(request, signal)
      const { spec } = camera
      checkStartable(plan, planHash ?? plan.hash)
      refuseBusy(camera, deps.leases)
      return auditAcceptance(camera, deps, request.acceptIdentity, async () => deps.jobs.start({
        workflow: 'install', title: `Install on ${spec.cameraName}`, pod: spec.id, camera: spec.cameraId, plan,
        run: async (context) => {
          const bench: InstallBench = {
            plan, loads, versions, imageOf: bytesOfLoad, clock: deps.clock, newToken, newPoison, randomBytes: secretBytes, starter,
            identity: identityCheckOf(camera, deps.jobs, request.acceptIdentity),
            ...useOf(camera, deps.leases, `Installation on ${spec.cameraName} (job ${context.jobId})`),
            openBackend: async (until) => deps.openTftp(plan, camera, until),
          }
          return runInstall(bench, context)
        },
      }))
    },
  }
}
