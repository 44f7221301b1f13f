import type { CameraId } from '../../shared/devices/ids.ts'
import type { PowerSpec } from '../../shared/devices/powerSpec.schema.ts'
import { toWire } from '../../shared/errors/workbenchError.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'

export interface PowerChange {
  readonly cameraId: CameraId
  readonly camera: string
  /** Of its console: a pod switches its own camera. */
  readonly url: string
  readonly before: PowerSpec | undefined
  readonly after: PowerSpec | undefined
}

/** Who switches a camera, for people; never a password, and never what a command is called with. */
export function powerWords(spec: PowerSpec | undefined, url: string): string {
  switch (spec?.kind) {
    case undefined: return /^rack:/i.test(url) ? 'its pod' : 'a person'
    case 'manual': return 'a person'
    case 'rack': return `pod ${spec.host}:${spec.port}`
    case 'routeros': return `${spec.ethernet ?? `the port commented "${spec.comment ?? ''}"`} of RouterOS switch ${spec.host}`
    case 'vectis': return `Vectis bridge ${spec.host}:${spec.port}`
    case 'pdudaemon': return `outlet ${spec.outlet} of ${spec.pdu} of PDUDaemon ${spec.host}:${spec.port}`
    case 'tasmota': return `relay ${spec.relay} of Tasmota ${spec.host}:${spec.port}`
    case 'command': return 'a command of this computer'
  }
}

/** Who switches which camera decides whose power goes: what it was and what it becomes is written down first, each camera by its own name. */
export async function auditPowerChanges<T>(audit: Pick<AuditLog, 'append' | 'outcome'>, changes: readonly PowerChange[], by: string, work: () => Promise<T>): Promise<T> {
  const begun = changes.map(({ cameraId, camera, url, before, after }) => audit.append({
    what: 'change power', subject: camera, details: { camera: cameraId, before: powerWords(before, url), after: powerWords(after, url), ...(by === '' ? {} : { by }) },
  }))
  try {
    const result = await work()
    for (const entry of begun) audit.outcome(entry, { outcome: 'done' })
    return result
  } catch (error) {
    const { code, message } = toWire(error)
    for (const entry of begun) audit.outcome(entry, { outcome: 'failed', code, why: message })
    throw error
  }
}
