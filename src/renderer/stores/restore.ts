import { defineStore } from 'pinia'
import { reactive, ref } from 'vue'
import type { CameraId, JobId } from '../../shared/devices/ids.ts'
import type { WireError } from '../../shared/errors/workbenchError.ts'
import type { RestorePlan, RestoreRequest } from '../../shared/restore/restore.schema.ts'
import { toProblem } from '../rpc/problems.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'

/** What the person typed; empty text means "not given". */
export interface RestoreDraft {
  inputPath: string
  boot: RestoreRequest['boot']
  tftpVia: RestoreRequest['tftpVia']
  force: boolean
  hostIp: string
  deviceIp: string
  nic: string
  profilePath: string
  ubootPath: string
  mtdparts: string
}

export interface RestoreDesk {
  draft: RestoreDraft
  plan: RestorePlan | undefined
  planning: boolean
  starting: boolean
  problem: WireError | undefined
  /** The job shown last: a camera forgets a job that went well, its panel must not. */
  lastJob: JobId | undefined
  /** The person asked for another plan although a finished job is there to be shown. */
  fresh: boolean
}

const emptyDraft = (): RestoreDraft =>
  ({ inputPath: '', boot: 'auto', tftpVia: 'auto', force: false, hostIp: '', deviceIp: '', nic: '', profilePath: '', ubootPath: '', mtdparts: '' })

export function requestOf(cameraId: CameraId, draft: RestoreDraft): RestoreRequest {
  const given = <K extends string>(key: K, value: string): Partial<Record<K, string>> => (value.trim() ? { [key]: value.trim() } as Record<K, string> : {})
  return {
    cameraId, inputPath: draft.inputPath.trim(), boot: draft.boot, flashType: 'auto', tftpVia: draft.tftpVia, force: draft.force,
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
    const known = desks.get(id)
    if (known) return known
    desks.set(id, { draft: emptyDraft(), plan: undefined, planning: false, starting: false, problem: undefined, lastJob: undefined, fresh: false })
    return desk(id)
  }

  async function makePlan(id: CameraId): Promise<void> {
    const own = desk(id)
    own.planning = true
    own.problem = undefined
    try {
      own.plan = await client.restore.plan(requestOf(id, own.draft))
      lastPath.value = own.plan.request.inputPath
    } catch (error) {
      own.problem = toProblem(error)
    } finally {
      own.planning = false
    }
  }

  async function start(id: CameraId): Promise<JobId | undefined> {
    const own = desk(id)
    if (!own.plan) return undefined
    own.starting = true
    own.problem = undefined
    try {
      const { jobId } = await client.restore.start({ request: own.plan.request, planHash: own.plan.hash })
      own.plan = undefined
      own.fresh = false
      return jobId
    } catch (error) {
      own.problem = toProblem(error)
      return undefined
    } finally {
      own.starting = false
    }
  }
  return { lastPath, desk, makePlan, start }
})
