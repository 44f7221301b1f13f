import type { CaptureSettings } from '../../../../shared/captures/captures.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { Part } from './partFile.ts'

export const bytesOf = (part: Part): number => part.rawBytes + part.indexBytes

export interface QuotaState {
  /** When it was said that files will go; nothing goes before that and the time of grace. */
  readonly warnedAtMs: number | undefined
}
export interface QuotaStep extends QuotaState {
  /** To be said now. */
  readonly warning: string | undefined
  readonly remove: readonly Part[]
}

/** What the quota asks for at that time: the warning first, and only later the oldest files, never one that is being written. */
export function stepQuota({ warnedAtMs }: QuotaState, parts: readonly Part[], { quotaBytes, warnShare, graceMs }: CaptureSettings, nowMs: number): QuotaStep {
  const used = parts.reduce((sum, part) => sum + bytesOf(part), 0)
  const quiet: QuotaStep = { warnedAtMs, warning: undefined, remove: [] }
  // A little below, so that a rack at the edge is not told every minute.
  if (used < quotaBytes * warnShare * 0.95) return { ...quiet, warnedAtMs: undefined }
  if (used < quotaBytes * warnShare) return quiet
  if (warnedAtMs === undefined) {
    const share = Math.floor((100 * used) / quotaBytes)
    return { ...quiet, warnedAtMs: nowMs, warning: `Captures fill ${share} % of their ${megabytes(quotaBytes)}. The oldest files will be deleted when it is full: export what is to stay, or raise the quota` }
  }
  if (used <= quotaBytes || nowMs - warnedAtMs < graceMs) return quiet
  return { ...quiet, remove: oldestOver(parts, used - quotaBytes) }
}

function oldestOver(parts: readonly Part[], tooMuchBytes: number): Part[] {
  const oldest = parts.filter(({ isClosed }) => isClosed).sort((a, b) => a.header.startedAtMs - b.header.startedAtMs)
  const chosen: Part[] = []
  let freed = 0
  for (const part of oldest) {
    if (freed >= tooMuchBytes) break
    chosen.push(part)
    freed += bytesOf(part)
  }
  return chosen
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`

const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** Why nothing is written, in words for a person. */
export function pauseReason(error: unknown): string {
  if (error instanceof WorkbenchError) return error.message
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (fullCodes.has(code)) return 'the disk is full'
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return 'the folder of captures cannot be written'
  return `the disk failed${code === '' ? '' : ` (${code})`}`
}
