import type { AgentState } from '../../../shared/fleet/agentState.schema.ts'
import type { CommandAction, RefusalCode } from '../../../shared/fleet/command.schema.ts'

/** Time in the notation of the wire. */
export interface IsoTimes {
  /** NaN for what is no time. */
  toMs(text: string): number
  toText(ms: number): string
}

/** What the broker delivered. */
export interface Arrival {
  readonly bytes: Uint8Array
  /** Kept by the broker and handed to whoever subscribes: never fresh. */
  readonly retained: boolean
}

/** Resolves when the state will be there after a power cut. */
export interface AgentStore { save(state: AgentState): Promise<void> }

export interface AgentLink {
  readonly isConnected: boolean
  /** QoS 1: resolves when the broker has confirmed. Rejects at once without a connection. */
  publish(topic: string, text: string, signal: AbortSignal): Promise<void>
}

/** `cut-off`: something else ended it, the end of the whole system perhaps, so nobody knows what it did. */
export type HelperOutcome =
  | { readonly kind: 'started' }
  | { readonly kind: 'cut-off' }
  | { readonly kind: 'failed'; readonly code: RefusalCode; readonly words: string }

export interface HelperCall {
  /** Only then may a reboot be called complete that never was, and only when asked for. */
  readonly isMock: boolean
  /** Called with exactly this one word. Ends within its own limit; rejects only with the signal's reason. */
  run(action: CommandAction, signal: AbortSignal): Promise<HelperOutcome>
}

export type AgentNews =
  | { readonly event: 'connected'; readonly reconnects: number }
  | { readonly event: 'disconnected' }
  | { readonly event: 'ignored'; readonly code: RefusalCode | 'retained'; readonly words: string }
  | { readonly event: 'repeated'; readonly command_id: string; readonly status: string }
  | { readonly event: 'accepted' | 'execution_started' | 'completed'; readonly command_id: string; readonly action: string; readonly mock?: boolean }
  | { readonly event: 'failed'; readonly command_id: string; readonly code: string; readonly words: string }
  | { readonly event: 'problem'; readonly words: string }

export const agentLimits = {
  /** A command from further in the future comes from a clock that is wrong, theirs or ours. */
  clockSkewMs: 60_000,
  /** A cold start takes no longer. */
  rebootMs: 150_000,
  /** Finished commands are remembered for a day, and in any case until they expire. */
  keepMs: 24 * 3_600_000,
  /** Before a helper that may end this computer, what has to be told gets this long. */
  tellMs: 2_000,
  publishMs: 10_000,
  healthMs: 60_000,
} as const
