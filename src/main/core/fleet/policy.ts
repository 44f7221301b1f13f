import type { CommandAction } from '../../../shared/fleet/command.schema.ts'
import { type FleetCommand, isFinal } from '../../../shared/fleet/commandView.schema.ts'

export const lockoutMost = 3
export const lockoutWindowMs = 900_000
export const escalationCooldownMs = 60_000
export const canaryMostRatio = 0.05
export const mostInFlight = 10

type Counted = Pick<FleetCommand, 'action' | 'state' | 'issuedAtMs' | 'sentAtMs'>

/** A reboot that was never handed over cannot have been one. One that was handed over counts, whatever became of it. */
export const countsForLockout = ({ action, state, sentAtMs }: Counted): boolean =>
  action === 'reboot_host' && state !== 'blocked' && state !== 'canceled' && !(state === 'expired' && sentAtMs === undefined)

export interface LockoutMeter {
  readonly used: number
  readonly most: number
  /** Until the oldest of them is out of the window; absent while another is allowed. */
  readonly retryAfterS?: number
}

/** Reboots of one client within the last 900 s; a slot is free again exactly 900 s after its command. */
export function lockout(history: readonly Counted[], nowMs: number): LockoutMeter {
  const within = history.filter((each) => countsForLockout(each) && each.issuedAtMs > nowMs - lockoutWindowMs).map(({ issuedAtMs }) => issuedAtMs).toSorted((a, b) => a - b)
  const used = within.length
  const frees = within[used - lockoutMost]
  return { used, most: lockoutMost, ...(frees === undefined ? {} : { retryAfterS: Math.ceil((frees + lockoutWindowMs - nowMs) / 1000) }) }
}

export interface EscalationFacts {
  /** The command that did not bring the client back. */
  readonly action: CommandAction
  /** Monitoring decides: a client whose heartbeat is there needs no help, whatever ack is missing. */
  readonly isSilent: boolean
  /** Hangs on a managed PoE port that is known. */
  readonly hasPoe: boolean
  /** Why it does not, where more is known than that. */
  readonly whyNoPower?: string | undefined
  /** The operator's rule for this client. Without it nothing is switched. */
  readonly powerCycleAllowed: boolean
  readonly lastStepAtMs: number | undefined
  readonly lastStep: EscalationTier | undefined
}
export type EscalationTier = 'command' | 'power_cycle' | 'manual'
export type Escalation =
  | { readonly step: Exclude<EscalationTier, 'command'>; readonly why: string }
  | { readonly step: 'none'; readonly why: string; readonly retryAfterS?: number }

/** What follows the command that was the first step. Never more than one step in 60 s, never a power cycle that no rule allows. */
export function escalate({ action, isSilent, hasPoe, whyNoPower, powerCycleAllowed, lastStepAtMs, lastStep }: EscalationFacts, nowMs: number): Escalation {
  if (action === 'shutdown_host') return { step: 'none', why: 'A client that was to shut down is never switched on by itself' }
  if (!isSilent) return { step: 'none', why: 'The client shows itself; nothing needs to be done' }
  const waitMs = lastStepAtMs === undefined ? 0 : lastStepAtMs + escalationCooldownMs - nowMs
  if (waitMs > 0) return { step: 'none', why: 'The last step is less than 60 s ago', retryAfterS: Math.ceil(waitMs / 1000) }
  if (!hasPoe) return { step: 'manual', why: whyNoPower ?? 'No managed PoE port is known for this client' }
  if (!powerCycleAllowed) return { step: 'manual', why: 'No rule allows this client to be power-cycled' }
  if (lastStep === 'power_cycle') return { step: 'manual', why: 'The power cycle did not bring it back' }
  return { step: 'power_cycle', why: 'The client hangs on a PoE port that may be switched' }
}

export interface CanaryMeter {
  readonly ended: number
  readonly bad: number
  readonly ratio: number
  readonly isTriggered: boolean
}

/** Failed plus timed out among all that came to an end of their own; more than 5 % stops the group. */
export function canary(states: readonly FleetCommand['state'][]): CanaryMeter {
  const bad = states.filter((state) => state === 'failed' || state === 'timed_out').length
  const ended = bad + states.filter((state) => state === 'completed').length
  const ratio = ended === 0 ? 0 : bad / ended
  return { ended, bad, ratio, isTriggered: ratio > canaryMostRatio }
}

/** How many more of a group may be issued now. */
export const freeSlots = (states: readonly FleetCommand['state'][]): number => Math.max(0, mostInFlight - states.filter((state) => !isFinal(state)).length)
