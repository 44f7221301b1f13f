import type { BurnPlan, BurnRequest } from '../../shared/burn/burn.schema.ts'
import type { Soc } from '../../shared/devices/deviceProfile.schema.ts'
import type { JobId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { JobBook } from '../core/jobs/jobBook.ts'
import type { Leases } from '../core/rack/leases.ts'
import type { CameraEntry, RackBook } from '../core/rack/rackBook.ts'
import { planBurn } from '../core/workflows/burn/burnPlan.ts'
import { type BurnBench, runBurn } from '../core/workflows/burn/burnWorkflow.ts'
import type { Starter } from '../core/workflows/restore/bench.ts'
import { readUbootContents } from '../drivers/files/ubootContents.ts'
import { hashHex, newToken } from '../drivers/host/randomness.ts'
import { placeNameOf, refuseAside, refuseBusy, useOf } from './cameraUse.ts'
import { findBoot, findUbootImage, starterOf } from './bootDesk.ts'

export interface BurnDeskDeps {
  readonly clock: Clock
  readonly rack: RackBook
  readonly jobs: JobBook
  readonly leases: Leases
  readonly socs: ReadonlyMap<string, Soc>
  readonly dataFolder: string
  readonly ask: (question: string, signal: AbortSignal) => Promise<void>
}

/** A U-Boot into RAM, proved by its own answer. */
export interface BurnDesk {
  plan(request: BurnRequest): Promise<BurnPlan>
  start(request: BurnRequest, planHash: string): Promise<JobId>
}

export function createBurnDesk(deps: BurnDeskDeps): BurnDesk {
  const prepare = async (request: BurnRequest): Promise<{ readonly plan: BurnPlan; readonly camera: CameraEntry; readonly starter: Starter; readonly versions: readonly string[] }> => {
    const camera = deps.rack.camera(request.cameraId)
    const { spec } = camera
    const soc = deps.socs.get(spec.chip.toLowerCase().split(':')[0] ?? '')
    // A pulse of the switch is enough here: nothing has to be quiet before.
    const wish = { boot: 'upload', profilePath: request.profilePath, ubootPath: request.ubootPath } as const
    const boot = await findBoot(wish, camera, soc, deps, 'burn')
    const image = await findUbootImage(wish, camera, soc, deps)
    const contents = image instanceof WorkbenchError ? undefined : readUbootContents(image)
    const plan = planBurn({ request, cameraName: spec.cameraName, podName: placeNameOf(camera), chip: spec.chip, isKnownChip: soc !== undefined, boot: boot.plan, contents }, hashHex)
    return { plan: refuseAside(plan, camera), camera, starter: starterOf(boot, camera, soc, deps), versions: contents?.versions ?? [] }
  }
  return {
    plan: async (request) => (await prepare(request)).plan,
    start: async (request, planHash) => {
      const { plan, camera, starter, versions } = await prepare(request)
      const { spec } = camera
      const [refusal] = plan.refusals
      if (refusal) throw new WorkbenchError(refusal.code, refusal.message, { context: refusal.context, hint: refusal.hint })
      if (plan.hash !== planHash) throw new WorkbenchError('input/conflict', 'The files have changed since this plan was made', { hint: 'Make the plan again and look at it' })
      refuseBusy(camera, deps.leases)
      return deps.jobs.start({
        workflow: 'burn', title: `U-Boot into ${spec.cameraName}`, pod: spec.id, camera: spec.cameraId, plan,
        run: async (context) => {
          const bench: BurnBench = { plan, versions, starter, clock: deps.clock, newToken, ...useOf(camera, deps.leases, `U-Boot into ${spec.cameraName} (job ${context.jobId})`) }
          return runBurn(bench, context)
        },
      })
    },
  }
}
