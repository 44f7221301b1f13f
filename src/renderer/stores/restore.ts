import { defineStore } from 'pinia'
import { reactive, ref } from 'vue'
import type { CameraId, JobId } from '../../shared/devices/ids.ts'
import type { RestorePlan, RestoreRequest } from '../../shared/restore/restore.schema.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'
import { emptyDesk, given, planOn, startOn, type WorkDesk } from './workDesk.ts'

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

export type RestoreDesk = WorkDesk<RestoreDraft, RestorePlan>

const emptyDraft = (): RestoreDraft =>
  ({ inputPath: '', boot: 'auto', flashType: 'auto', tftpVia: 'auto', force: false, acceptIdentity: false, hostIp: '', deviceIp: '', nic: '', profilePath: '', ubootPath: '', mtdparts: '' })

export function requestOf(cameraId: CameraId, draft: RestoreDraft): RestoreRequest {
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
  const desks = reactive(new Map<CameraId, RestoreDesk>())

  function desk(id: CameraId): RestoreDesk {
    if (!desks.has(id)) desks.set(id, emptyDesk<RestoreDraft, RestorePlan>(emptyDraft()))
    return desks.get(id) as RestoreDesk
  }

  async function makePlan(id: CameraId): Promise<void> {
    const own = desk(id)
    await planOn(own, async () => {
      const plan = await client.restore.plan(requestOf(id, own.draft))
      lastPath.value = plan.request.inputPath
      return plan
    })
  }
  const start = async (id: CameraId): Promise<JobId | undefined> =>
    startOn(desk(id), async ({ request, hash }) => client.restore.start({ request, planHash: hash }))
  return { lastPath, desk, makePlan, start }
})
