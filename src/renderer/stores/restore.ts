import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { CameraId } from '../../shared/devices/ids.ts'
import type { RestoreRequest } from '../../shared/restore/restore.schema.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'
import { createDesks, given } from './workDesk.ts'

/** What the person typed; empty text means "not given". */
export interface RestoreDraft {
  inputPath: string
  boot: RestoreRequest['boot']
  flashType: RestoreRequest['flashType']
  tftpVia: RestoreRequest['tftpVia']
  force: boolean
  acceptIdentity: boolean
  hostIp: string
  deviceIp: string
  nic: string
  profilePath: string
  ubootPath: string
  mtdparts: string
}

const emptyDraft = (): RestoreDraft =>
  ({ inputPath: '', boot: 'auto', flashType: 'auto', tftpVia: 'auto', force: false, acceptIdentity: false, hostIp: '', deviceIp: '', nic: '', profilePath: '', ubootPath: '', mtdparts: '' })

function requestOf(cameraId: CameraId, draft: RestoreDraft): RestoreRequest {
  return {
    cameraId, inputPath: draft.inputPath.trim(), boot: draft.boot, flashType: draft.flashType, tftpVia: draft.tftpVia, force: draft.force, ...(draft.acceptIdentity ? { acceptIdentity: true } : {}),
    ...given('hostIp', draft.hostIp), ...given('deviceIp', draft.deviceIp), ...given('nic', draft.nic),
    ...given('profilePath', draft.profilePath), ...given('ubootPath', draft.ubootPath), ...given('mtdparts', draft.mtdparts),
  }
}

export const useRestoreStore = defineStore('restore', () => {
  const { client } = useWorkbench()
  /** Rows of cameras get the same image. */
  const lastPath = ref('')
  const desks = createDesks(emptyDraft, async (id, draft) => {
    const plan = await client.restore.plan(requestOf(id, draft))
    lastPath.value = plan.request.inputPath
    return plan
  }, async ({ request, hash }) => client.restore.start({ request, planHash: hash }))
  return { lastPath, ...desks }
})
