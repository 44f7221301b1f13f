import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { type AuditLog, createAuditLog } from '../core/audit/auditLog.ts'
import { hashHex } from '../drivers/host/randomness.ts'
import { openSqliteAudit } from '../drivers/storage/sqliteAudit.ts'
import type { HostEnvironment } from './workbench.ts'

export const auditFileName = 'audit.sqlite'

export const hashText = (text: string): string => hashHex('sha256', new TextEncoder().encode(text))

export interface OpenAudit extends AuditLog {
  close(): void
}

/** Of one data folder; others may have it open, too. */
export function openAudit({ dataFolder, host, log }: Pick<HostEnvironment, 'dataFolder' | 'host' | 'log'>, clock: Pick<Clock, 'wallMs'>): OpenAudit {
  const store = openSqliteAudit(join(dataFolder, auditFileName))
  return { ...createAuditLog({ store, clock, who: { host, user: userName() }, hashText, log }), close: () => { store.close() } }
}

/** As the system knows whoever runs this process; a container may have nobody. */
function userName(): string {
  try {
    return userInfo().username.slice(0, 64)
  } catch {
    return 'unknown'
  }
}
