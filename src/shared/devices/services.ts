import { WorkbenchError } from '../errors/workbenchError.ts'

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
  /** `input/not-supported` where nobody answers who knows services. Asked before anything is touched: every way back needs them, too. */
  demand(unit: string, signal: AbortSignal): Promise<void>
  /** A command that a package brings, for a shell. Only after somebody has seen and allowed it. */
  runCommand(command: string, signal: AbortSignal): Promise<{ readonly exitCode: number; readonly said: string }>
}

const firstWord = (said: string): UnitState | undefined => unitStates.find((state) => state === said.trim().split(/\s/)[0])

/** The first word that `systemctl is-active` says. */
export const unitStateOf = (said: string): UnitState => firstWord(said) ?? 'unknown'

/** No program of that name, or one that has no systemd to ask, says something else than a state. */
export function demandUnitState(said: string, unit: string, label: string): void {
  if (firstWord(said) !== undefined) return
  throw new WorkbenchError('input/not-supported', `${label} does not know services: asked about ${unit} it says ${JSON.stringify(said.trim().slice(0, 200))}`, { context: { unit }, hint: 'systemd has to run there; where it does not, name a stand-in that takes the arguments of systemctl' })
}
