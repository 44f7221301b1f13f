import { implement } from '@orpc/server'
import { auditContract, powerManyContract, secretsContract } from '../../shared/contracts/safety.contract.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import type { SecretsBox } from '../drivers/storage/secretsBox.ts'
import { exportAuditInto } from './auditTools.ts'
import { powerMany, type PowerManyDeps } from './powerMany.ts'

export interface SafetyDeps extends PowerManyDeps {
  readonly audit: AuditLog
  readonly secrets: Pick<SecretsBox, 'where'>
  readonly dataFolder: string
}

/** Acts on many, the audit log, and where secrets are kept. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- oRPC's own type, and half a page long
export function safetyRoutes({ rack, clock, audit, secrets, dataFolder }: SafetyDeps) {
  const power = implement(powerManyContract)
  const log = implement(auditContract)
  const kept = implement(secretsContract)
  return {
    power: { many: power.many.handler(({ input, signal = new AbortController().signal }) => powerMany({ rack, clock }, input, signal)) },
    audit: { list: log.list.handler(({ input }) => audit.list(input)), export: log.export.handler(async ({ signal = new AbortController().signal }) => exportAuditInto(audit, dataFolder, clock.wallMs(), signal)), verify: log.verify.handler(({ input }) => audit.verify(input.head)) },
    secrets: { where: kept.where.handler(async () => secrets.where()) },
  }
}
