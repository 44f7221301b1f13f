import { reactive } from 'vue'
import type { CameraId, JobId } from '../../shared/devices/ids.ts'
import type { WireError } from '../../shared/errors/workbenchError.ts'
import { toProblem } from '../rpc/problems.ts'

/** One camera's desk for one kind of work: what is wished, the plan for it, and the job that came of it. */
export interface WorkDesk<Draft, Plan> {
  draft: Draft
  plan: Plan | undefined
  planning: boolean
  starting: boolean
  problem: WireError | undefined
  /** The job shown last: a camera forgets a job that went well, its panel must not. */
  lastJob: JobId | undefined
  /** The person asked for another plan although a finished job is there to be shown. */
  fresh: boolean
}

const emptyDesk = <Draft, Plan>(draft: Draft): WorkDesk<Draft, Plan> =>
  ({ draft, plan: undefined, planning: false, starting: false, problem: undefined, lastJob: undefined, fresh: false })

export interface Desks<Draft, Plan> {
  desk(id: CameraId): WorkDesk<Draft, Plan>
  makePlan(id: CameraId): Promise<void>
  start(id: CameraId): Promise<JobId | undefined>
}

/** A desk for each camera, made when it is first asked for. */
export function createDesks<Draft, Plan>(emptyDraft: () => Draft, plan: (id: CameraId, draft: Draft) => Promise<Plan>, start: (plan: Plan) => Promise<{ readonly jobId: JobId }>): Desks<Draft, Plan> {
  const desks = reactive(new Map<CameraId, WorkDesk<Draft, Plan>>())
  function desk(id: CameraId): WorkDesk<Draft, Plan> {
    if (!desks.has(id)) desks.set(id, emptyDesk<Draft, Plan>(emptyDraft()) as never)
    return desks.get(id) as WorkDesk<Draft, Plan>
  }
  return {
    desk,
    makePlan: async (id) => planOn(desk(id), async () => plan(id, desk(id).draft)),
    start: async (id) => startOn(desk(id), start),
  }
}

/** Makes a plan and keeps it; one that could not be made leaves the one before. */
async function planOn<Plan>(desk: WorkDesk<unknown, Plan>, work: () => Promise<Plan>): Promise<void> {
  const plan = await ask(desk, (is) => { desk.planning = is }, work)
  if (plan !== undefined) desk.plan = plan
}

/** Starts what was planned; the plan is used up by it. */
async function startOn<Plan>(desk: WorkDesk<unknown, Plan>, work: (plan: Plan) => Promise<{ readonly jobId: JobId }>): Promise<JobId | undefined> {
  const { plan } = desk
  if (plan === undefined) return undefined
  const started = await ask(desk, (is) => { desk.starting = is }, async () => work(plan))
  if (!started) return undefined
  desk.plan = undefined
  desk.fresh = false
  desk.lastJob = started.jobId
  return started.jobId
}

/** Whether another camera than before is the one that is meant. It is said of this camera on this day: a start takes it back. */
export function acceptIdentity({ draft }: WorkDesk<{ acceptIdentity: boolean }, unknown>, accepted: boolean): void { draft.acceptIdentity = accepted }

/** Asks and keeps what came of it; the desk says that it is being asked. */
async function ask<T>(desk: { problem: WireError | undefined }, busy: (is: boolean) => void, work: () => Promise<T>): Promise<T | undefined> {
  busy(true)
  desk.problem = undefined
  try {
    return await work()
  } catch (error) {
    desk.problem = toProblem(error)
    return undefined
  } finally {
    busy(false)
  }
}

/** The field when there is something in it. */
export const given = <K extends string>(key: K, value: string): Partial<Record<K, string>> => (value.trim() ? { [key]: value.trim() } as Record<K, string> : {})
