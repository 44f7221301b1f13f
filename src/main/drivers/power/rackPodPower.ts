import type { OnOffPower, PowerState } from '../../../shared/devices/power.ts'
import type { RackPod } from '../../../shared/devices/rackPod.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'

/** The pod's own cycle keeps the camera off for 2 s, enough to drain its capacitors; a longer wish takes three calls. */
const podCycleUpToMs = 2_500
const onTries = 3
const onTryLimitMs = 5_000
const onPauseMs = 1_000

export interface RackPodPowerDeps {
  readonly pod: Pick<RackPod, 'power' | 'label'>
  readonly clock: Clock
}

/** The pod accepts and cannot be asked: it has no reading of its switch. */
export function createRackPodPower({ pod, clock }: RackPodPowerDeps): OnOffPower {
  let told: PowerState = 'unknown'
  const label = `power of the pod at ${pod.label}`

  const set = async (state: 'on' | 'off', signal: AbortSignal): Promise<void> => {
    // Whatever happens to the answer, the old state is no longer known.
    told = 'unknown'
    await pod.power(state, signal)
    told = state
  }

  /** Under a signal of its own: the caller's one is often aborted already, and light has to come back just then. */
  const switchOn = async (): Promise<void> => {
    const { signal } = new AbortController()
    for (let attempt = 1; ; attempt += 1) {
      try {
        await withDeadline(clock, onTryLimitMs, `Switching the ${label} on`, signal, async (limited) => set('on', limited))
        return
      } catch (error) {
        if (attempt === onTries) throw error
      }
      await clock.sleep(onPauseMs, signal)
    }
  }

  const cutAndReturn = async (cut: () => Promise<void>): Promise<void> => {
    const outcome = await cut().then(() => ({ failed: false as const }), (error: unknown) => ({ failed: true as const, error }))
    try {
      await switchOn()
    } catch (error) {
      // "Off" never arrived, so nothing was switched: the first error says it all.
      if (outcome.failed && outcome.error instanceof WorkbenchError && ['pod/refused', 'link/unreachable'].includes(outcome.error.code)) throw outcome.error
      throw new WorkbenchError('pod/wrong-power-state', `The camera is dark: the pod at ${pod.label} took "off" and not "on" (tried ${onTries} times)`, {
        context: { pod: pod.label, tries: onTries }, hint: 'Switch it on at the pod, or take the power of the pod away and give it back', cause: outcome.failed ? outcome.error : error,
      })
    }
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the very value that was thrown
    if (outcome.failed) throw outcome.error
  }

  return {
    ability: 'on-off',
    proof: 'accepted',
    label,
    set,
    read: async () => told,
    cycle: async (offMs, signal) => {
      signal.throwIfAborted()
      if (offMs > podCycleUpToMs) {
        await cutAndReturn(async () => {
          await set('off', signal)
          await clock.sleep(offMs, signal)
        })
        return
      }
      try {
        told = 'unknown'
        await pod.power('cycle', signal)
        told = 'on'
      } catch (error) {
        // The pod may have been cut off between its own off and on.
        await cutAndReturn(async () => { throw error })
      }
    },
  }
}
