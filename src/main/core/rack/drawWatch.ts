import type { PortTrouble, PowerController } from '../../../shared/devices/power.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'

const lookEveryMs = 15_000
/** Of a switch that does not answer. */
const mostWaitMs = 300_000
const lookLimitMs = 10_000
/** A switch tries a port with a short circuit again and again, and between two tries it reads like a port without a load. */
const wellReadings = 2

export interface DrawWatchDeps {
  readonly clock: Clock
  /** As it is now: a camera can get another switch. */
  readonly power: () => PowerController
  /** A job has the camera, and its switch is asked for nothing else. */
  readonly isHeld: () => boolean
  readonly changed: () => void
  /** Each reading, also one that is as before; `undefined` where nobody can tell from now on. */
  readonly read?: (watts: number | undefined) => void
  /** The port is in trouble, told once; `undefined`: it is well again. */
  readonly trouble?: (trouble: PortTrouble | undefined, label: string) => void
  /** Of a simulated camera, which no switch feeds. */
  readonly simulated?: (() => number) | undefined
}

export interface DrawWatch {
  watts(): number | undefined
  /** What was read before an act on the power is no longer so. */
  forget(): void
  /** Until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

/** What a camera draws, asked of a switch that can tell. What cannot be read now is not shown. */
export function createDrawWatch({ clock, power, isHeld, changed, read: tell = () => undefined, trouble: troubled = () => undefined, simulated }: DrawWatchDeps): DrawWatch {
  let watts: number | undefined
  let acts = 0
  let trouble: PortTrouble | undefined
  let well = 0
  /** Some switches lock an account after a few wrong passwords: it is tried again when somebody acts, or has set another switch. */
  let refusedBy: PowerController | undefined
  const become = (now: number | undefined): void => {
    tell(now)
    if (now !== watts) { watts = now; changed() }
  }
  const judge = (now: PortTrouble | undefined, label: string): void => {
    well = now === undefined ? well + 1 : 0
    if (now === trouble || (now === undefined && well < wellReadings)) return
    trouble = now
    troubled(now, label)
    changed()
  }
  const look = async (signal: AbortSignal): Promise<boolean> => {
    if (simulated) { tell(simulated()); return true }
    const controller = power()
    const draw = controller.ability === 'on-off' ? controller.draw : undefined
    // Another switch than the one that was in trouble, and it tells nothing.
    if (!draw) { well = wellReadings; judge(undefined, controller.label) }
    if (!draw || controller === refusedBy) { become(undefined); return true }
    const before = acts
    try {
      const read = await withDeadline(clock, lookLimitMs, `power reading of ${controller.label}`, signal, draw)
      if (before === acts) { become(read.watts); judge(read.trouble, controller.label) }
      return true
    } catch (error) {
      if (error instanceof WorkbenchError && (error.code === 'pod/refused' || error.code === 'input/not-found')) refusedBy = controller
      become(undefined)
      return false
    }
  }
  return {
    watts: () => watts,
    forget: () => {
      acts += 1
      refusedBy = undefined
      if (simulated) tell(simulated())
      else become(undefined)
    },
    run: async (signal) => {
      let waitMs = lookEveryMs
      while (!signal.aborted) {
        if (simulated || !isHeld()) waitMs = await look(signal) ? lookEveryMs : Math.min(waitMs * 2, mostWaitMs)
        await clock.sleep(waitMs, signal).catch(() => undefined)
      }
    },
  }
}

const troubles: Readonly<Record<PortTrouble, string>> = {
  'short-circuit': 'short circuit: the switch gives this port no power. Look at its cable, and whether the camera takes PoE',
  'overload': 'overload: more was drawn than this port may give, and the switch has cut it',
  'voltage-too-low': 'brown-out: the voltage of the switch is too low for this camera. Look at the power supply of the switch',
}
/** For the person who finds the camera dark. */
export const troubleWords = (trouble: PortTrouble, label: string): string => `${troubles[trouble]} (${label})`
