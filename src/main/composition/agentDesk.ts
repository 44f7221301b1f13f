import { resolve } from 'node:path'
import type { AgentPlan, AgentRequest } from '../../shared/agent/agent.schema.ts'
import type { Soc } from '../../shared/devices/deviceProfile.schema.ts'
import type { JobId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import type { JobBook } from '../core/jobs/jobBook.ts'
import type { Leases } from '../core/rack/leases.ts'
import type { CameraEntry, RackBook } from '../core/rack/rackBook.ts'
import type { AgentBench } from '../core/workflows/agent/agentBench.ts'
import { type AgentFileFacts, planAgent } from '../core/workflows/agent/agentPlan.ts'
import { runAgent } from '../core/workflows/agent/agentWorkflow.ts'
import type { AgentStarter } from '../core/workflows/agent/startAgent.ts'
import { readAgentFile, readFlashImage } from '../drivers/files/agentFiles.ts'
import { inspectDumpPlace, openHiddenDump } from '../drivers/files/dumpFolder.ts'
import { hashHex } from '../drivers/host/randomness.ts'
import { auditAcceptance, identityCheckOf, placeNameOf, refuseAside, refuseBusy, refuseStranger, useOf } from './cameraUse.ts'
import { type BootFacts, findBoot, orProblem, starterOf } from './bootDesk.ts'

export interface AgentDeskDeps {
  readonly clock: Clock
  readonly rack: RackBook
  readonly jobs: JobBook
  readonly leases: Leases
  readonly audit: Pick<AuditLog, 'around'>
  readonly socs: ReadonlyMap<string, Soc>
  readonly dataFolder: string
  readonly ask: (question: string, signal: AbortSignal) => Promise<void>
}

/** Work by a flash agent, proved by the agent itself. */
export interface AgentDesk {
  plan(request: AgentRequest): Promise<AgentPlan>
  start(request: AgentRequest, planHash: string): Promise<JobId>
}

export interface FoundAgent {
  readonly agent: AgentFileFacts | WorkbenchError | undefined
  readonly boot: BootFacts | undefined
}

type AgentWish = Pick<AgentRequest, 'agentPath' | 'running' | 'profilePath' | 'ubootPath'>

/** The agent's binary, and the way into the camera's RAM. */
export async function findAgent(wish: AgentWish, camera: CameraEntry, soc: Soc | undefined, deps: Pick<AgentDeskDeps, 'dataFolder' | 'clock'>): Promise<FoundAgent> {
  if (wish.running) return { agent: undefined, boot: undefined }
  const { chip } = camera.spec
  if (soc && soc.protocol !== 'standard') {
    return { agent: new WorkbenchError('input/not-supported', `${soc.name} speaks the ${soc.protocol.toUpperCase()} boot protocol, through which no flash agent can be loaded`, { context: { chip: soc.name } }), boot: undefined }
  }
  const { agentPath } = wish
  const agent = await orProblem(async () => {
    if (agentPath === undefined) {
      throw new WorkbenchError('input/missing-file', `A flash agent for ${chip.slice(0, 40)} is needed, and none is shipped`, {
        context: { chip: chip.slice(0, 40) }, hint: 'It is the file agent-CHIP.bin that the public recovery tool builds; give it with --agent FILE, or say --running where one runs already',
      })
    }
    return readAgentFile(resolve(agentPath))
  })
  const boot = await findBoot({ boot: 'upload', profilePath: wish.profilePath, ubootPath: wish.ubootPath }, camera, soc, deps, 'burn', agent instanceof WorkbenchError ? undefined : agent.bytes)
  return { agent, boot }
}

export function agentStarterOf({ boot }: FoundAgent, camera: CameraEntry, soc: Soc | undefined, deps: Pick<AgentDeskDeps, 'clock' | 'ask'>): AgentStarter | undefined {
  if (!boot) return { method: 'running' }
  const starter = starterOf(boot, camera, soc, deps)
  return starter.method === 'manual' ? undefined : starter
}

export function createAgentDesk(deps: AgentDeskDeps): AgentDesk {
  interface Prepared { readonly plan: AgentPlan; readonly camera: CameraEntry; readonly starter: AgentStarter | undefined; readonly image: Uint8Array | undefined }
  const prepare = async (request: AgentRequest): Promise<Prepared> => {
    const camera = deps.rack.camera(request.cameraId)
    const { spec, devices } = camera
    const { work } = request
    const soc = deps.socs.get(spec.chip.toLowerCase().split(':')[0] ?? '')
    const found = await findAgent(request, camera, soc, deps)
    const changes = work.kind === 'write' || work.kind === 'erase'
    const image = work.kind === 'write' ? await orProblem(async () => readFlashImage(resolve(work.inputPath))) : undefined
    const path = work.kind === 'read' ? work.outputPath : work.kind === 'examine' ? work.savePath : undefined
    const place = path === undefined ? undefined : await orProblem(async () => inspectDumpPlace(path, 'image'))
    const plan = planAgent({
      request, cameraName: spec.cameraName, podName: placeNameOf(camera), chip: spec.chip, flashBytes: devices.flashBytes,
      boot: found.boot?.plan ?? 'running', agent: found.agent, image, output: place instanceof WorkbenchError ? place : undefined,
    }, hashHex)
    return { plan: refuseAside(changes ? refuseStranger(plan, camera, deps.jobs, request.acceptIdentity) : plan, camera), camera, starter: agentStarterOf(found, camera, soc, deps), image: image instanceof WorkbenchError ? undefined : image?.bytes }
  }
  return {
    plan: async (request) => (await prepare(request)).plan,
    start: async (request, planHash) => {
      const { plan, camera, starter, image } = await prepare(request)
      const { spec } = camera
      const [refusal] = plan.refusals
      if (refusal) throw new WorkbenchError(refusal.code, refusal.message, { context: refusal.context, hint: refusal.hint })
      if (plan.hash !== planHash) throw new WorkbenchError('input/conflict', 'The files have changed since this plan was made', { hint: 'Make the plan again and look at it' })
      if (!starter) throw new WorkbenchError('internal/bug', 'There is no way to load the flash agent, and the plan did not say so')
      refuseBusy(camera, deps.leases)
      const title = `${titles[request.work.kind]} ${spec.cameraName}`
      return auditAcceptance(camera, deps, request.acceptIdentity, async () => deps.jobs.start({
        workflow: 'agent', title, pod: spec.id, camera: spec.cameraId, plan,
        run: async (context) => {
          const bench: AgentBench = {
            plan, starter, image, identity: identityCheckOf(camera, deps.jobs, request.acceptIdentity), clock: deps.clock, hashHex, ...useOf(camera, deps.leases, `${title} (job ${context.jobId})`),
            openOutput: async (path, signal) => openHiddenDump(resolve(path), 'image', signal),
          }
          return runAgent(bench, context)
        },
      }))
    },
  }
}

const titles: Readonly<Record<AgentRequest['work']['kind'], string>> = {
  info: 'Flash agent in', read: 'Flash of', write: 'Write flash of', erase: 'Erase flash of', crc: 'CRC of', examine: 'Flash doctor of', memory: 'Memory of',
}
