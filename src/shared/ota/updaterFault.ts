import { type ErrorCode, type ErrorContext, WorkbenchError } from '../errors/workbenchError.ts'

/** What the updater of an appliance calls its faults on the wire, and who has to act on each. */
const acting = {
  VALIDATION_ERROR: 'input/malformed', OPERATION_IN_PROGRESS: 'input/conflict', DOWNLOAD_INCOMPLETE: 'input/conflict', MD5_NOT_VERIFIED: 'input/conflict',
  PACKAGE_NOT_FOUND: 'input/not-found', PACKAGE_EXPIRED: 'input/conflict',
  DOWNLOAD_FAILED: 'link/unreachable', INCOMPLETE_DOWNLOAD: 'link/closed', PACKAGE_SIZE_MISMATCH: 'device/wrong-content', MD5_MISMATCH: 'device/wrong-content',
  SHA256_MISMATCH: 'device/wrong-content', DISK_FULL: 'device/no-space',
  INVALID_MANIFEST: 'input/malformed', INVALID_PACKAGE: 'input/malformed', VERSION_MISMATCH: 'input/conflict', VERSION_EXISTS: 'input/conflict',
  VERSION_NOT_FOUND: 'input/not-found', INCREMENTAL_BASE_MISSING: 'input/conflict', INCREMENTAL_BASE_INVALID: 'input/conflict', INCREMENTAL_BASE_MISMATCH: 'input/conflict', VERSION_IN_USE: 'input/conflict', NO_VALID_VERSION: 'device/recovery-incomplete',
  SERVICE_STOP_FAILED: 'device/refused', SERVICE_STOP_TIMEOUT: 'device/no-answer', SERVICE_START_FAILED: 'device/refused', SERVICE_START_TIMEOUT: 'device/no-answer',
  PROCESS_KILL_FAILED: 'device/refused', POST_CMD_FAILED: 'device/refused', POST_CMD_TIMEOUT: 'device/no-answer',
  DEPLOYMENT_FAILED: 'device/refused', UPDATE_FAILED: 'device/refused', ROLLBACK_LEVEL_1_FAILED: 'device/recovery-incomplete', ROLLBACK_LEVEL_2_FAILED: 'device/recovery-incomplete',
  INTERNAL_ERROR: 'internal/bug',
} as const satisfies Readonly<Record<string, ErrorCode>>

export type UpdaterCode = keyof typeof acting

/** The updater's own word for it travels in `context.reason`. */
export const updaterFault = (reason: UpdaterCode, message: string, more: { readonly context?: ErrorContext; readonly hint?: string | undefined; readonly cause?: unknown } = {}): WorkbenchError =>
  new WorkbenchError(acting[reason], message, { ...more, context: { ...more.context, reason } })

export function updaterCodeOf(error: unknown): UpdaterCode | undefined {
  const reason = error instanceof WorkbenchError ? error.context['reason'] : undefined
  return typeof reason === 'string' && Object.hasOwn(acting, reason) ? reason as UpdaterCode : undefined
}

/** `MD5_MISMATCH: expected X, got Y`: how a fault stands in an answer. What has no word of its own is an internal error, without its text. */
export function faultText(error: unknown): string {
  const reason = updaterCodeOf(error)
  if (!(error instanceof WorkbenchError)) return 'INTERNAL_ERROR: the log has the details'
  return reason === undefined ? error.message : `${reason}: ${error.message}`
}
