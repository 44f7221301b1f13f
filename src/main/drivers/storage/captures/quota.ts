import type { CaptureCut, CaptureSettings, CaptureStatus } from '../../../../shared/captures/captures.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { Part } from './partFile.ts'

export const bytesOf = (part: Part): number => part.rawBytes + part.indexBytes

export interface QuotaState {
  /** When it was said that files will go; nothing goes before that and the time of grace. */
  readonly warnedAtMs: number | undefined
  /** As it was at the last look; a smaller one is announced anew. */
  readonly seenBytes?: number
}
export interface QuotaStep extends QuotaState {
  /** To be said now. */
  readonly warning: string | undefined
  readonly remove: readonly Part[]
}

/** What the quota asks for at that time: the warning first, and only later the oldest files, never one that is being written. */
export function stepQuota({ warnedAtMs, seenBytes = 0 }: QuotaState, parts: readonly Part[], { quotaBytes, warnShare, graceMs }: CaptureSettings, nowMs: number): QuotaStep {
  const used = parts.reduce((sum, part) => sum + bytesOf(part), 0)
  const quiet: QuotaStep = { warnedAtMs, seenBytes: quotaBytes, warning: undefined, remove: [] }
  // A little below, so that a rack at the edge is not told every minute.
  if (used < quotaBytes * warnShare * 0.95) return { ...quiet, warnedAtMs: undefined }
  if (used < quotaBytes * warnShare) return quiet
  // Whoever lowers the quota gets the same time to move files away.
  if (warnedAtMs === undefined || quotaBytes < seenBytes) {
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

/** What would go now if that were the quota, and nobody given time. */
export function cutOf(parts: readonly Part[], quotaBytes: number): CaptureCut {
  const used = parts.reduce((sum, part) => sum + bytesOf(part), 0)
  const chosen = used > quotaBytes ? oldestOver(parts, used - quotaBytes) : []
  return { files: chosen.length, bytes: chosen.reduce((sum, part) => sum + bytesOf(part), 0) }
}

const dayMs = 86_400_000

/** For people who are to act before it is full. `undefined` while nothing was announced. */
export function quotaOutlook({ warnedAtMs }: QuotaState, parts: readonly Part[], { quotaBytes, graceMs }: CaptureSettings, nowMs: number): CaptureStatus['quota'] {
  if (warnedAtMs === undefined) return undefined
  const used = parts.reduce((sum, part) => sum + bytesOf(part), 0)
  const perMs = parts.reduce((sum, part) => sum + bytesOf(part) * shareWithin(part, nowMs - dayMs, nowMs), 0) / dayMs
  const fullAtMs = used >= quotaBytes ? nowMs : perMs > 0 ? nowMs + (quotaBytes - used) / perMs : Infinity
  const [first] = oldestOver(parts, 1)
  return {
    sinceMs: warnedAtMs, removesFromMs: warnedAtMs + graceMs,
    // In ten years nobody remembers, and a date that far off is no date.
    ...(fullAtMs - nowMs > 3_650 * dayMs ? {} : { fullAtMs }),
    ...(first ? { oldest: { cameraName: first.header.cameraName, fromMs: first.header.startedAtMs, untilMs: first.lastAtMs } } : {}),
  }
}

/** Of its time; a file of one moment is in or out. */
function shareWithin({ header: { startedAtMs }, lastAtMs }: Part, fromMs: number, untilMs: number): number {
  if (lastAtMs <= startedAtMs) return lastAtMs >= fromMs && lastAtMs <= untilMs ? 1 : 0
  return Math.max(0, Math.min(lastAtMs, untilMs) - Math.max(startedAtMs, fromMs)) / (lastAtMs - startedAtMs)
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
