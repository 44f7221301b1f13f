export type PowerState = 'on' | 'off' | 'unknown'

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
  /** Watts that go out there now; `undefined` where the device does not say. Absent where none of its kind can. */
  draw?(signal: AbortSignal): Promise<number | undefined>
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
