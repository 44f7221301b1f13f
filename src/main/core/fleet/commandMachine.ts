import type { AckStatus } from '../../../shared/fleet/command.schema.ts'
import { type CommandEvent, type CommandState, type FleetCommand, isFinal } from '../../../shared/fleet/commandView.schema.ts'

/** A screen on a solid state disk is back by then. */
export const reconnectTargetMs = 90_000
/** A cold start takes no longer; what is silent beyond that is not coming by itself. */
export const reconnectCeilingMs = 150_000
/** No host is down and up again in less. */
const quickestRestartMs = 5_000
/** A screen that left after it had begun to shut down, and says nothing of a failure for as long, is off. */
export const shutdownQuietMs = 30_000

export type CommandInput =
  | { readonly kind: 'sent' }
  | { readonly kind: 'published' }
  | { readonly kind: 'ack'; readonly status: AckStatus; readonly errorCode: string | null; readonly errorMessage: string | null }
  | { readonly kind: 'tick' }
  /** Its time on the wire is over although its time here is not: the wall clock was set, or the machine slept. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'cancel' }
  /** The broker saw the screen's connection end, or heard of the screen. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'seen' }

export interface Step {
  readonly what: CommandEvent['what']
  readonly detail?: string
}

export interface Moved {
  readonly command: FleetCommand
  /** What is appended to its history, in order; none when nothing changed. */
  readonly steps: readonly Step[]
  /** For an ack. */
  readonly verdict?: 'moved' | 'repeated' | 'late'
}

const stateRank: Readonly<Record<CommandState, number>> = {
  queued: 0, published: 0, accepted: 1, execution_started: 2, awaiting_reconnect: 2, completed: 3, failed: 3, timed_out: 3, expired: 3, blocked: 3, canceled: 3,
}
const ackRank: Readonly<Record<AckStatus, number>> = { accepted: 1, execution_started: 2, completed: 3, failed: 3 }

/** One input at one time of the server. What is due by then comes first, so that no timer that fires late lets anything slip by. */
export function reduceCommand(command: FleetCommand, input: CommandInput, nowMs: number): Moved {
  const due = onTick(command, nowMs)
  const moved = apply(due.command, input, nowMs)
  return { ...moved, steps: [...due.steps, ...moved.steps] }
}

/** A final state is final: nothing leads out of it. */
function apply(command: FleetCommand, input: CommandInput, nowMs: number): Moved {
  if (isFinal(command.state)) return { command, steps: [], ...(input.kind === 'ack' ? { verdict: 'late' as const } : {}) }
  switch (input.kind) {
    case 'ack': return onAck(command, input, nowMs)
    case 'tick': return unchanged(command)
    case 'sent': return command.sentAtMs === undefined ? { command: { ...command, sentAtMs: nowMs }, steps: [{ what: 'sent' }] } : unchanged(command)
    case 'published': return command.state === 'queued' ? through(command, ['published'], nowMs) : unchanged(command)
    case 'stale': return isWaiting(command) ? end(command, 'expired', 'timer', nowMs) : unchanged(command)
    // Once it was handed over nobody can tell whether it will be carried out.
    case 'cancel': return command.state === 'queued' && command.sentAtMs === undefined ? end(command, 'canceled', 'person', nowMs) : unchanged(command)
    case 'gone': return stateRank[command.state] === 2 ? { command: { ...command, goneSinceMs: nowMs }, steps: [{ what: 'gone' }] } : unchanged(command)
    case 'seen': return onSeen(command)
  }
}

/** When to look again; undefined for a final state. Everything else has a time at which it ends. */
export function nextDueMs(command: FleetCommand): number | undefined {
  if (isFinal(command.state)) return undefined
  if (isWaiting(command)) return command.expiresAtMs
  const since = startOf(command)
  const ceiling = since + reconnectCeilingMs + 1
  const target = command.action === 'reboot_host' && stateRank[command.state] === 2 && !command.overdue ? since + reconnectTargetMs + 1 : ceiling
  const quiet = command.action === 'shutdown_host' && command.goneSinceMs !== undefined ? command.goneSinceMs + shutdownQuietMs : ceiling
  return Math.min(ceiling, target, quiet)
}

const isWaiting = ({ state }: FleetCommand): boolean => stateRank[state] === 0
const unchanged = (command: FleetCommand): Moved => ({ command, steps: [] })
/** From where the ceiling counts: the start of the work, or, until that is told, its acceptance. */
const startOf = ({ times, issuedAtMs }: FleetCommand, otherwise = issuedAtMs): number => times.execution_started ?? times.accepted ?? otherwise

function through(command: FleetCommand, states: readonly CommandState[], nowMs: number, more: Partial<FleetCommand> = {}, detail?: string): Moved {
  const steps = states.filter((state) => command.times[state] === undefined)
  const times = { ...command.times, ...Object.fromEntries(steps.map((state) => [state, nowMs])) }
  const last = states.at(-1) ?? command.state
  return { command: { ...command, ...more, state: last, times }, steps: steps.map((what) => ({ what, ...(detail !== undefined && what === last ? { detail } : {}) })) }
}

const end = (command: FleetCommand, state: CommandState, endedBy: NonNullable<FleetCommand['endedBy']>, nowMs: number, more: Partial<FleetCommand> = {}): Moved =>
  through(command, [state], nowMs, { ...more, endedBy }, endedBy)

/** The states that a higher one implies. A screen that answers has the command, whatever the broker said. */
function pathTo(command: FleetCommand, status: AckStatus): CommandState[] {
  const waits: CommandState[] = command.action === 'reboot_host' ? ['awaiting_reconnect'] : []
  switch (status) {
    case 'accepted': return ['published', 'accepted']
    case 'execution_started': return ['published', 'accepted', 'execution_started', ...waits]
    case 'completed': return ['published', 'accepted', 'execution_started', ...waits, 'completed']
    // It may have failed before anything began.
    case 'failed': return ['published', 'failed']
  }
}

function onAck(command: FleetCommand, { status, errorCode, errorMessage }: Extract<CommandInput, { kind: 'ack' }>, nowMs: number): Moved {
  if (ackRank[status] <= stateRank[command.state]) return { command, steps: [], verdict: 'repeated' }
  const more: Partial<FleetCommand> = {
    ...(ackRank[status] === 3 ? { endedBy: 'ack' as const } : {}),
    ...(status === 'failed' ? { errorCode: errorCode ?? '', errorMessage: errorMessage ?? '' } : {}),
    ...(status === 'completed' && command.action === 'reboot_host' && nowMs - startOf(command, nowMs) < quickestRestartMs ? { untimed: true } : {}),
  }
  return { ...through(command, pathTo(command, status), nowMs, more, status === 'failed' ? errorCode ?? '' : undefined), verdict: 'moved' }
}

function onTick(command: FleetCommand, nowMs: number): Moved {
  if (isFinal(command.state)) return unchanged(command)
  if (isWaiting(command)) return nowMs >= command.expiresAtMs ? end(command, 'expired', 'timer', nowMs) : unchanged(command)
  const { action, goneSinceMs } = command
  const elapsed = nowMs - startOf(command)
  if (action === 'shutdown_host' && goneSinceMs !== undefined && nowMs >= goneSinceMs + shutdownQuietMs) return end(command, 'completed', 'observed', nowMs)
  if (elapsed > reconnectCeilingMs) return end(command, 'timed_out', 'timer', nowMs)
  if (action === 'reboot_host' && stateRank[command.state] === 2 && !command.overdue && elapsed > reconnectTargetMs) return { command: { ...command, overdue: true }, steps: [{ what: 'overdue' }] }
  return unchanged(command)
}

/** One that shows itself has not been switched off, whatever its connection did. */
function onSeen(command: FleetCommand): Moved {
  if (command.goneSinceMs === undefined) return unchanged(command)
  const { goneSinceMs: _over, ...rest } = command
  return { command: rest, steps: [{ what: 'seen' }] }
}
