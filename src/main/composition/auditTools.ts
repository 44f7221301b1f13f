import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AuditReport } from '../../shared/audit/audit.schema.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { verifyFile } from '../core/audit/auditChain.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import { wallText } from '../core/report/reportText.ts'
import { reasonOf } from '../drivers/errors/reasonOf.ts'
import { readBounded } from '../drivers/files/bootFiles.ts'
import { writeNewFile } from '../drivers/files/newFile.ts'
import { hashText } from './auditDesk.ts'

/** A million entries. */
const maxFileBytes = 512 * 1024 * 1024

/** An exported log, wherever it was kept meanwhile. */
export async function verifyAuditFile(path: string, head: string | undefined, signal: AbortSignal): Promise<AuditReport> {
  const bytes = await readBounded(path, maxFileBytes).catch((cause: unknown) => {
    if (cause instanceof WorkbenchError) throw cause
    throw new WorkbenchError('input/not-found', `${path} cannot be read: ${reasonOf(cause)}`, { cause, hint: 'Name a log that "rackbench audit export" wrote' })
  })
  signal.throwIfAborted()
  return verifyFile(bytes, hashText, head)
}

/** Never over an older one. */
export async function exportAudit(lines: readonly string[], path: string, signal: AbortSignal): Promise<number> {
  return writeNewFile(path, pieces(lines), signal)
}

/** Into the folder of exports, under a name that tells when. The head is of exactly these lines. */
export async function exportAuditInto(audit: Pick<AuditLog, 'lines'>, dataFolder: string, nowMs: number, signal: AbortSignal): Promise<{ path: string; entries: number; bytes: number; head: string }> {
  const lines = audit.lines()
  const path = join(dataFolder, 'exports', `audit-${wallText(nowMs).replaceAll(/[^0-9]+/g, '-').replace(/-$/, '')}.jsonl`)
  const bytes = await exportAudit(lines, path, signal)
  return { path, entries: lines.length, bytes, head: verifyFile(await readFile(path, { signal }), hashText).head }
}

async function* pieces(lines: readonly string[]): AsyncGenerator<Uint8Array, void, void> {
  for (const line of lines) yield new TextEncoder().encode(`${line}\n`)
}
