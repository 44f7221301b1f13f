import { defineStore } from 'pinia'
import { reactive } from 'vue'
import type { BurnPlan, BurnRequest } from '../../shared/burn/burn.schema.ts'
import type { CameraId, JobId } from '../../shared/devices/ids.ts'
import type { DumpPlan, DumpRequest } from '../../shared/dump/dump.schema.ts'
import type { WireError } from '../../shared/errors/workbenchError.ts'
import { toProblem } from '../rpc/problems.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'

/** One camera's desk for one kind of work: what is wished, the plan for it, and the job that came of it. */
export interface WorkDesk<Draft, Plan> {
  draft: Draft
  plan: Plan | undefined
  planning: boolean
  starting: boolean
  problem: WireError | undefined
  lastJob: JobId | undefined
  fresh: boolean
}

export interface DumpDraft { outputPath: string; form: DumpRequest['form']; via: DumpRequest['via']; partition: string }
export interface BurnDraft { profilePath: string; ubootPath: string; stay: boolean }

const emptyDesk = <Draft, Plan>(draft: Draft): WorkDesk<Draft, Plan> => ({ draft, plan: undefined, planning: false, starting: false, problem: undefined, lastJob: undefined, fresh: false })
const given = (text: string): string | undefined => text.trim() || undefined

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

export const useWorkStore = defineStore('work', () => {
  const { client } = useWorkbench()
  const dumps = reactive(new Map<CameraId, WorkDesk<DumpDraft, DumpPlan>>())
  const burns = reactive(new Map<CameraId, WorkDesk<BurnDraft, BurnPlan>>())

  function dumpDesk(id: CameraId): WorkDesk<DumpDraft, DumpPlan> {
    if (!dumps.has(id)) dumps.set(id, emptyDesk<DumpDraft, DumpPlan>({ outputPath: '', form: 'folder', via: 'auto', partition: '' }))
    return dumps.get(id) as WorkDesk<DumpDraft, DumpPlan>
  }
  function burnDesk(id: CameraId): WorkDesk<BurnDraft, BurnPlan> {
    if (!burns.has(id)) burns.set(id, emptyDesk<BurnDraft, BurnPlan>({ profilePath: '', ubootPath: '', stay: true }))
    return burns.get(id) as WorkDesk<BurnDraft, BurnPlan>
  }

  async function planDump(id: CameraId): Promise<void> {
    const desk = dumpDesk(id)
    const { outputPath, form, via, partition } = desk.draft
    const request: DumpRequest = { cameraId: id, outputPath: outputPath.trim(), form, via, boot: 'auto', ...(given(partition) === undefined ? {} : { partition: partition.trim() }) }
    desk.plan = await ask(desk, (is) => { desk.planning = is }, async () => await client.dump.plan(request)) ?? desk.plan
  }
  async function planBurn(id: CameraId): Promise<void> {
    const desk = burnDesk(id)
    const { profilePath, ubootPath, stay } = desk.draft
    const request: BurnRequest = { cameraId: id, stay, ...(given(profilePath) === undefined ? {} : { profilePath: profilePath.trim() }), ...(given(ubootPath) === undefined ? {} : { ubootPath: ubootPath.trim() }) }
    desk.plan = await ask(desk, (is) => { desk.planning = is }, async () => await client.burn.plan(request)) ?? desk.plan
  }
  async function startDump(id: CameraId): Promise<JobId | undefined> {
    const desk = dumpDesk(id)
    const { plan } = desk
    if (!plan) return undefined
    return begun(desk, await ask(desk, (is) => { desk.starting = is }, async () => await client.dump.start({ request: plan.request, planHash: plan.hash })))
  }
  async function startBurn(id: CameraId): Promise<JobId | undefined> {
    const desk = burnDesk(id)
    const { plan } = desk
    if (!plan) return undefined
    return begun(desk, await ask(desk, (is) => { desk.starting = is }, async () => await client.burn.start({ request: plan.request, planHash: plan.hash })))
  }
  function begun(desk: WorkDesk<unknown, unknown>, started: { readonly jobId: JobId } | undefined): JobId | undefined {
    if (!started) return undefined
    desk.plan = undefined
    desk.fresh = false
    desk.lastJob = started.jobId
    return started.jobId
  }
  return { dumpDesk, burnDesk, planDump, planBurn, startDump, startBurn }
})
