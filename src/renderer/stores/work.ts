import { defineStore } from 'pinia'
import type { AgentRequest } from '../../shared/agent/agent.schema.ts'
import type { DumpRequest } from '../../shared/dump/dump.schema.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'
import { createDesks, given } from './workDesk.ts'

export interface DumpDraft { outputPath: string; form: DumpRequest['form']; flashType: DumpRequest['flashType']; via: DumpRequest['via']; partition: string; agentPath: string }
export interface BurnDraft { profilePath: string; ubootPath: string; stay: boolean }
export interface DoctorDraft { agentPath: string; running: boolean; reboot: boolean; savePath: string }

export const useWorkStore = defineStore('work', () => {
  const { client } = useWorkbench()

  const dumps = createDesks((): DumpDraft => ({ outputPath: '', form: 'folder', flashType: 'auto', via: 'auto', partition: '', agentPath: '' }), async (id, { outputPath, form, flashType, via, partition, agentPath }) => {
    const request: DumpRequest = { cameraId: id, outputPath: outputPath.trim(), form, flashType, via, boot: 'auto', ...given('partition', partition), ...(via === 'agent' ? given('agentPath', agentPath) : {}) }
    return client.dump.plan(request)
  }, async ({ request, hash }) => client.dump.start({ request, planHash: hash }))

  const burns = createDesks((): BurnDraft => ({ profilePath: '', ubootPath: '', stay: true }), async (id, { profilePath, ubootPath, stay }) =>
    client.burn.plan({ cameraId: id, stay, ...given('profilePath', profilePath), ...given('ubootPath', ubootPath) }),
  async ({ request, hash }) => client.burn.start({ request, planHash: hash }))

  const doctors = createDesks((): DoctorDraft => ({ agentPath: '', running: false, reboot: true, savePath: '' }), async (id, { agentPath, running, reboot, savePath }) => {
    const request: AgentRequest = { cameraId: id, work: { kind: 'examine', ...given('savePath', savePath) }, running, reboot, ...(running ? {} : given('agentPath', agentPath)) }
    return client.agent.plan(request)
  }, async ({ request, hash }) => client.agent.start({ request, planHash: hash }))

  return {
    dumpDesk: dumps.desk, planDump: dumps.makePlan, startDump: dumps.start,
    burnDesk: burns.desk, planBurn: burns.makePlan, startBurn: burns.start,
    doctorDesk: doctors.desk, planDoctor: doctors.makePlan, startDoctor: doctors.start,
  }
})
