export type PowerState = 'on' | 'off' | 'unknown'

/** Why a port that is to give power gives none, or not enough, in the words of RouterOS. */
export const portTroubles = ['short-circuit', 'overload', 'voltage-too-low'] as const
export type PortTrouble = (typeof portTroubles)[number]

/** How a port stands now; `watts` is `undefined` where the device does not say. */
export interface PowerDraw { readonly watts: number | undefined; readonly trouble: PortTrouble | undefined }

/** What a unit with several ports can give, and gives now. */
export interface PowerBudget {
  /** One text for one unit. */
  readonly unit: string
  readonly limitWatts: number
  /** Of all ports that tell. */
  readonly drawnWatts: number
  /** Ports that give power and do not tell how much. */
  readonly untoldPorts: number
  /** Whether the camera's own port is among those that give power. */
  readonly isGiving: boolean
}

interface Cycles {
  readonly label: string
  /**
   * Resolves when the camera has been without power for at least `offMs` and is on again.
   * Cancelled half-way it still switches on before it rejects: a camera is never left dark by a closed window.
   */
  cycle(offMs: number, signal: AbortSignal): Promise<void>
}

/** Relays and switches with independent on and off. */
export interface OnOffPower extends Cycles {
  readonly ability: 'on-off'
  /** 'read-back': `set` resolves after the new state was read. 'accepted': the device has no such reading, and `read` says 'unknown' until told. */
  readonly proof: 'read-back' | 'accepted'
  set(state: 'on' | 'off', signal: AbortSignal): Promise<void>
  read(signal: AbortSignal): Promise<PowerState>
  /** What goes out there now. Absent where none of its kind can tell. */
  draw?(signal: AbortSignal): Promise<PowerDraw>
  /** `givenWatts` is what a person says of the unit. `undefined` where nobody says what it can give. Absent where none of its kind has a budget. */
  budget?(givenWatts: number | undefined, signal: AbortSignal): Promise<PowerBudget | undefined>
}
/** PoE ports with one command, "bounce"; `offMs` is a lower bound that the switch keeps by itself. */
export interface CycleOnlyPower extends Cycles {
  readonly ability: 'cycle-only'
  /** There where the device's pulse has one length that nobody can choose: a longer `offMs` is not kept, and this is. */
  readonly fixedOffMs?: number
}
/** A person pulls the plug; `cycle` resolves when they say so, and the signal takes the question away again. */
export interface ManualPower extends Cycles {
  readonly ability: 'manual'
}
/** A union, so that `set` on a controller that cannot do it is a compile error and not a surprise at night. */
export type PowerController = OnOffPower | CycleOnlyPower | ManualPower
