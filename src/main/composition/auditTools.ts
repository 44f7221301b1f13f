import { readFile, stat } from 'node:fs/promises'
import type { AuditReport } from '../../shared/audit/audit.schema.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { verifyFile } from '../core/audit/auditChain.ts'
import { writeNewFile } from '../drivers/files/newFile.ts'
import { hashText } from './auditDesk.ts'

/** A million entries. */
const maxFileBytes = 512 * 1024 * 1024

/** An exported log, wherever it was kept meanwhile. */
export async function verifyAuditFile(path: string, head: string | undefined, signal: AbortSignal): Promise<AuditReport> {
  try {
    const { size } = await stat(path)
    if (size > maxFileBytes) throw new WorkbenchError('input/too-large', `${path} has ${size} bytes, more than an audit log has`)
    return verifyFile(await readFile(path, { signal }), hashText, head)
  } catch (cause) {
    if (cause instanceof WorkbenchError) throw cause
    throw new WorkbenchError('input/not-found', `${path} cannot be read`, { cause })
  }
}

/** Never over an older one. */
export async function exportAudit(lines: readonly string[], path: string, signal: AbortSignal): Promise<number> {
  return writeNewFile(path, pieces(lines), signal)
}

async function* pieces(lines: readonly string[]): AsyncGenerator<Uint8Array, void, void> {
  for (const line of lines) yield new TextEncoder().encode(`${line}\n`)
}
