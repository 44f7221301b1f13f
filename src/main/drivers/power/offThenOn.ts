import type { PowerState } from '../../../shared/devices/power.ts'
import { type ErrorCode, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'

const onTries = 3
const onPauseMs = 1_000
/** Connecting takes up to 10 s, and a state is read back after the switching. */
const onTryLimitMs = 20_000

/** What can be switched: who it is, how, and where a person finds it. */
export interface PowerSwitch {
  /** "ether3 of RouterOS at 10.0.0.2:8728": for the middle of a sentence. */
  readonly label: string
  readonly clock: Clock
  readonly set: (state: 'on' | 'off', signal: AbortSignal) => Promise<void>
  /** The next step at the rack when the light does not come back. */
  readonly darkHint: string
  /** Codes of an "off" that switched nothing; default: it was refused, or nobody was reached. */
  readonly unheard?: readonly ErrorCode[]
}

/** An "off" that failed so was never heard, and the light is still on. */
const usuallyUnheard: readonly ErrorCode[] = ['link/unreachable', 'pod/refused', 'pod/no-power-control', 'device/wrong-identity', 'input/conflict', 'input/not-found', 'host/no-permission']

/** Under a signal of its own: the caller's one is often aborted already, and light has to come back just then. */
async function switchOn({ clock, label, set }: PowerSwitch): Promise<void> {
  const { signal } = new AbortController()
  for (let attempt = 1; ; attempt += 1) {
    try {
      await withDeadline(clock, onTryLimitMs, `Switching ${label} on`, signal, async (limited) => set('on', limited))
      return
    } catch (error) {
      if (attempt === onTries) throw error
    }
    await clock.sleep(onPauseMs, signal)
  }
}

/** Runs what takes the power away and gives it back whatever came of it. The first error counts, unless the camera stays dark. */
export async function giveBackAfter(power: PowerSwitch, cut: () => Promise<void>, reached: () => PowerState): Promise<void> {
  const outcome = await cut().then(() => ({ failed: false as const }), (error: unknown) => ({ failed: true as const, error }))
  const wasOff = reached() === 'off'
  try {
    await switchOn(power)
  } catch (error) {
    if (outcome.failed && !wasOff && outcome.error instanceof WorkbenchError && (power.unheard ?? usuallyUnheard).includes(outcome.error.code)) throw outcome.error
    throw new WorkbenchError('pod/wrong-power-state', `The camera ${wasOff ? 'is' : 'may be'} dark: ${power.label} ${wasOff ? 'took "off" and not "on"' : 'may have taken "off", and did not take "on"'} (tried ${onTries} times)`, {
      context: { power: power.label, tries: onTries, state: wasOff ? 'off' : 'unknown' }, hint: power.darkHint, cause: error,
    })
  }
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- the very value that was thrown
  if (outcome.failed) throw outcome.error
}

/** Off, `offMs`, on. `offMs` counts from the moment at which "off" was known. */
export async function cycleByOffAndOn(power: PowerSwitch, offMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  let state: PowerState = 'unknown'
  await giveBackAfter(power, async () => {
    await power.set('off', signal)
    state = 'off'
    await power.clock.sleep(offMs, signal)
  }, () => state)
}
