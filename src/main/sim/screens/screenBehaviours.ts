export type ScreenAction = 'reboot_host' | 'shutdown_host'
export type ScreenStatus = 'accepted' | 'execution_started' | 'completed' | 'failed'

/** One oddity of one screen. The first that answers wins; none at all is a healthy screen. */
export interface ScreenBehaviour {
  /** Its helper fails with this code. */
  readonly onHelper?: (action: ScreenAction) => string | undefined
  /** How long it is away; `for-ever` never comes back. */
  readonly onReboot?: () => number | 'for-ever' | undefined
  /** How often it says this, and how long it waits before; 0 times is a message lost on the way. */
  readonly onAck?: (status: ScreenStatus) => { readonly times?: number; readonly delayMs?: number } | undefined
  /** Its clock is wrong by this much. */
  readonly wallOffsetMs?: number
}

export const rebootTakes = (ms: number): ScreenBehaviour => ({ onReboot: () => ms })
/** It goes down and stays there. */
export const neverReturns: ScreenBehaviour = { onReboot: () => 'for-ever' }
export const helperFails = (code: string): ScreenBehaviour => ({ onHelper: () => code })
/** QoS 1 promises at least once, and this one makes use of it. */
export const duplicatesAcks = (times: number): ScreenBehaviour => ({ onAck: () => ({ times }) })
export const lateAcks = (delayMs: number, ...only: readonly ScreenStatus[]): ScreenBehaviour =>
  ({ onAck: (status) => (only.length === 0 || only.includes(status) ? { delayMs } : undefined) })
export const losesAcks = (...only: readonly ScreenStatus[]): ScreenBehaviour => ({ onAck: (status) => (only.includes(status) ? { times: 0 } : undefined) })
/** No battery behind its clock. */
export const wrongClock = (wallOffsetMs: number): ScreenBehaviour => ({ wallOffsetMs })
