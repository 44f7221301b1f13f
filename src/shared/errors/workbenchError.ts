/**
 * Closed on purpose: what is not listed here cannot be thrown, shown or expected by a test.
 * The area says who acts: the request, the connection, the rack, the camera, this computer, the job, or us.
 */
export const errorCodes = [
  'input/malformed', 'input/not-found', 'input/not-supported', 'input/too-large', 'input/conflict', 'input/missing-file',
  'link/closed', 'link/timeout', 'link/garbled', 'link/gap', 'link/unreachable',
  'pod/busy', 'pod/no-power-control', 'pod/wrong-power-state', 'pod/refused', 'pod/no-room', 'pod/boot-failed', 'pod/not-a-pod',
  'device/no-answer', 'device/refused', 'device/wrong-content', 'device/no-space', 'device/too-much-output',
  'device/unknown-command', 'device/wrong-identity', 'device/no-network', 'device/not-booted',
  'device/not-found', 'device/exists', 'device/recovery-incomplete',
  'host/port-in-use', 'host/no-permission', 'host/disk-full', 'host/io',
  'job/past-point-of-no-return', 'job/impossible-event', 'job/undo-failed', 'job/interrupted',
  'internal/bug',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** Facts for programs and logs: ids, sizes, offsets. Never secrets, never prose. */
export type ErrorContext = Readonly<Record<string, string | number | boolean>>

/** The only form in which an error leaves a process or enters the journal. */
export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly context: ErrorContext
  readonly hint?: string | undefined
}

export interface ErrorMore {
  readonly context?: ErrorContext
  readonly hint?: string | undefined
  readonly cause?: unknown
}

export class WorkbenchError extends Error {
  override readonly name = 'WorkbenchError'
  readonly code: ErrorCode
  readonly context: ErrorContext
  /** What the person at the rack does next. Absent when nobody knows. */
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, more: ErrorMore = {}) {
    super(message, { cause: more.cause })
    this.code = code
    this.context = more.context ?? {}
    this.hint = more.hint
  }
}

/** Not a WorkbenchError: nothing went wrong, somebody changed their mind. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled'
}

export function toWire(error: unknown): WireError {
  if (!(error instanceof WorkbenchError)) {
    // The text of a foreign error may hold paths or passwords of the host, so it stays in the log on this side.
    return { code: 'internal/bug', message: 'Unexpected error; the log has the details', context: {} }
  }
  const { code, message, context, hint } = error
  return { code, message, context, ...(hint === undefined ? {} : { hint }) }
}

export function fromWire(wire: WireError): WorkbenchError {
  const { code, message, ...more } = wire
  return new WorkbenchError(code, message, more)
}
