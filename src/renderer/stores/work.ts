import { defineStore } from 'pinia'
import { reactive } from 'vue'
import type { AgentPlan, AgentRequest } from '../../shared/agent/agent.schema.ts'
import type { BurnPlan, BurnRequest } from '../../shared/burn/burn.schema.ts'
import type { CameraId, JobId } from '../../shared/devices/ids.ts'
import type { DumpPlan, DumpRequest } from '../../shared/dump/dump.schema.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'
import { emptyDesk, given, planOn, startOn, type WorkDesk } from './workDesk.ts'

export interface DumpDraft { outputPath: string; form: DumpRequest['form']; flashType: DumpRequest['flashType']; via: DumpRequest['via']; partition: string; agentPath: string }
export interface BurnDraft { profilePath: string; ubootPath: string; stay: boolean }
export interface DoctorDraft { agentPath: string; running: boolean; reboot: boolean }

export const useWorkStore = defineStore('work', () => {
  const { client } = useWorkbench()
  const dumps = reactive(new Map<CameraId, WorkDesk<DumpDraft, DumpPlan>>())
  const burns = reactive(new Map<CameraId, WorkDesk<BurnDraft, BurnPlan>>())

  const doctors = reactive(new Map<CameraId, WorkDesk<DoctorDraft, AgentPlan>>())

  function doctorDesk(id: CameraId): WorkDesk<DoctorDraft, AgentPlan> {
    if (!doctors.has(id)) doctors.set(id, emptyDesk<DoctorDraft, AgentPlan>({ agentPath: '', running: false, reboot: true }))
    return doctors.get(id) as WorkDesk<DoctorDraft, AgentPlan>
  }
  function dumpDesk(id: CameraId): WorkDesk<DumpDraft, DumpPlan> {
    if (!dumps.has(id)) dumps.set(id, emptyDesk<DumpDraft, DumpPlan>({ outputPath: '', form: 'folder', flashType: 'auto', via: 'auto', partition: '', agentPath: '' }))
    return dumps.get(id) as WorkDesk<DumpDraft, DumpPlan>
  }
  function burnDesk(id: CameraId): WorkDesk<BurnDraft, BurnPlan> {
    if (!burns.has(id)) burns.set(id, emptyDesk<BurnDraft, BurnPlan>({ profilePath: '', ubootPath: '', stay: true }))
    return burns.get(id) as WorkDesk<BurnDraft, BurnPlan>
  }

  async function planDump(id: CameraId): Promise<void> {
    const desk = dumpDesk(id)
    const { outputPath, form, flashType, via, partition, agentPath } = desk.draft
    const request: DumpRequest = { cameraId: id, outputPath: outputPath.trim(), form, flashType, via, boot: 'auto', ...given('partition', partition), ...(via === 'agent' ? given('agentPath', agentPath) : {}) }
    await planOn(desk, async () => client.dump.plan(request))
  }
  async function planBurn(id: CameraId): Promise<void> {
    const desk = burnDesk(id)
    const { profilePath, ubootPath, stay } = desk.draft
    const request: BurnRequest = { cameraId: id, stay, ...given('profilePath', profilePath), ...given('ubootPath', ubootPath) }
    await planOn(desk, async () => client.burn.plan(request))
  }
  async function planDoctor(id: CameraId): Promise<void> {
    const desk = doctorDesk(id)
    const { agentPath, running, reboot } = desk.draft
    const request: AgentRequest = { cameraId: id, work: { kind: 'examine' }, running, reboot, ...(running ? {} : given('agentPath', agentPath)) }
    await planOn(desk, async () => client.agent.plan(request))
  }
  const startDump = async (id: CameraId): Promise<JobId | undefined> =>
    startOn(dumpDesk(id), async ({ request, hash }) => client.dump.start({ request, planHash: hash }))
  const startBurn = async (id: CameraId): Promise<JobId | undefined> =>
    startOn(burnDesk(id), async ({ request, hash }) => client.burn.start({ request, planHash: hash }))
  const startDoctor = async (id: CameraId): Promise<JobId | undefined> =>
    startOn(doctorDesk(id), async ({ request, hash }) => client.agent.start({ request, planHash: hash }))
  return { dumpDesk, burnDesk, doctorDesk, planDump, planBurn, planDoctor, startDump, startBurn, startDoctor }
})
