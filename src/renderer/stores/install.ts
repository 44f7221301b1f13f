import { defineStore } from 'pinia'
import { reactive, ref } from 'vue'
import type { CameraId, JobId } from '../../shared/devices/ids.ts'
import type { InstallPlan, InstallRequest } from '../../shared/install/install.schema.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'
import { emptyDesk, given, planOn, startOn, type WorkDesk } from './workDesk.ts'

export type LayoutChoice = 'auto' | 'nor8' | 'nor16' | 'nor32' | 'nand'

/** What the person typed; empty text means "not given". */
export interface InstallDraft {
  releasePath: string
  layout: LayoutChoice
  wipeEnv: boolean
  tftpVia: InstallRequest['tftpVia']
  boot: InstallRequest['boot']
  force: boolean
  acceptIdentity: boolean
  hostIp: string
  deviceIp: string
  nic: string
  profilePath: string
  ubootPath: string
}
export type InstallDesk = WorkDesk<InstallDraft, InstallPlan>

const norSizes = { nor8: 8, nor16: 16, nor32: 32 } as const

export function installRequestOf(cameraId: CameraId, draft: InstallDraft): InstallRequest {
  const { layout } = draft
  return {
    cameraId, releasePath: draft.releasePath.trim(), flashType: layout === 'nand' ? 'nand' : 'nor', ...(layout === 'auto' || layout === 'nand' ? {} : { norMib: norSizes[layout] }),
    wipeEnv: draft.wipeEnv, tftpVia: draft.tftpVia, boot: draft.boot, force: draft.force, ...(draft.acceptIdentity ? { acceptIdentity: true } : {}),
    ...given('hostIp', draft.hostIp), ...given('deviceIp', draft.deviceIp), ...given('nic', draft.nic), ...given('profilePath', draft.profilePath), ...given('ubootPath', draft.ubootPath),
  }
}

export const useInstallStore = defineStore('install', () => {
  const { client } = useWorkbench()
  /** Rows of cameras get the same release. */
  const lastPath = ref('')
  const desks = reactive(new Map<CameraId, InstallDesk>())

  function desk(id: CameraId): InstallDesk {
    if (!desks.has(id)) {
      desks.set(id, emptyDesk<InstallDraft, InstallPlan>({ releasePath: '', layout: 'auto', wipeEnv: false, tftpVia: 'auto', boot: 'auto', force: false, acceptIdentity: false, hostIp: '', deviceIp: '', nic: '', profilePath: '', ubootPath: '' }))
    }
    return desks.get(id) as InstallDesk
  }
  async function makePlan(id: CameraId): Promise<void> {
    const own = desk(id)
    await planOn(own, async () => {
      const plan = await client.install.plan(installRequestOf(id, own.draft))
      lastPath.value = plan.request.releasePath
      return plan
    })
  }
  const start = async (id: CameraId): Promise<JobId | undefined> =>
    startOn(desk(id), async ({ request, hash }) => client.install.start({ request, planHash: hash }))
  return { lastPath, desk, makePlan, start }
})
