/** As systemd has them; `unknown` for everything else that a device may say. */
export const unitStates = ['active', 'reloading', 'inactive', 'failed', 'activating', 'deactivating', 'unknown'] as const
export type UnitState = (typeof unitStates)[number]

/**
 * The services of a Linux appliance, here or over SSH. A call that returns has been heard and no more: what is true is what `state` reads.
 * `device/refused` with the device's words; `link/timeout` past a limit of its own.
 */
export interface Services {
  /** For messages: what answers there, and that it is a stand-in where it is one. */
  readonly label: string
  stop(unit: string, signal: AbortSignal): Promise<void>
  start(unit: string, signal: AbortSignal): Promise<void>
  state(unit: string, signal: AbortSignal): Promise<UnitState>
  /** A command that a package brings, for a shell. Only after somebody has seen and allowed it. */
  runCommand(command: string, signal: AbortSignal): Promise<{ readonly exitCode: number; readonly said: string }>
}

/** The first word that `systemctl is-active` says. */
export const unitStateOf = (said: string): UnitState => unitStates.find((state) => state === said.trim().split(/\s/)[0]) ?? 'unknown'
