import type { AuditLog } from '../core/audit/auditLog.ts'
import type { SecretsBox } from '../drivers/storage/secretsBox.ts'

/** Secrets whose changes are in the audit log, by their names. Old ones move to their place; where they cannot, they stay, and that is logged. */
export async function auditedSecrets(box: SecretsBox, audit: AuditLog, log: (line: string) => void): Promise<SecretsBox> {
  try {
    const count = await box.strays()
    if (count > 0) await audit.around({ what: 'move secrets', subject: (await box.where()).kind, details: { count } }, async () => box.moveStrays())
  } catch (error) {
    log(`secrets stay where they were: ${String(error)}`)
  }
  return {
    ...box,
    put: async (ref, secret) => audit.around({ what: 'keep secret', subject: ref }, async () => box.put(ref, secret)),
    remove: async (ref) => audit.around({ what: 'remove secret', subject: ref }, async () => box.remove(ref)),
  }
}
