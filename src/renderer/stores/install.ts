import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { CameraId } from '../../shared/devices/ids.ts'
import type { InstallRequest } from '../../shared/install/install.schema.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'
import { createDesks, given } from './workDesk.ts'

type LayoutChoice = 'auto' | 'nor8' | 'nor16' | 'nor32' | 'nand'

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

const emptyDraft = (): InstallDraft =>
  ({ releasePath: '', layout: 'auto', wipeEnv: false, tftpVia: 'auto', boot: 'auto', force: false, acceptIdentity: false, hostIp: '', deviceIp: '', nic: '', profilePath: '', ubootPath: '' })

const norSizes = { nor8: 8, nor16: 16, nor32: 32 } as const

function requestOf(cameraId: CameraId, draft: InstallDraft): InstallRequest {
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
  const desks = createDesks(emptyDraft, async (id, draft) => {
    const plan = await client.install.plan(requestOf(id, draft))
    lastPath.value = plan.request.releasePath
    return plan
  }, async ({ request, hash }) => client.install.start({ request, planHash: hash }))
  return { lastPath, ...desks }
})
