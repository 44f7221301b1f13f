import { cycleByOffAndOn, giveBackAfter, type PowerSwitch } from './offThenOn.ts'
import type { OnOffPower, PowerState } from '../../../shared/devices/power.ts'
import type { RackPod } from '../../../shared/devices/rackPod.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'

/** The pod's own cycle keeps the camera off for 2 s, enough to drain its capacitors; a longer wish takes three calls. */
const podCycleUpToMs = 2_500

export interface RackPodPowerDeps {
  readonly pod: Pick<RackPod, 'power' | 'label'>
  readonly clock: Clock
}

/** The pod accepts and cannot be asked: it has no reading of its switch. */
export function createRackPodPower({ pod, clock }: RackPodPowerDeps): OnOffPower {
  let told: PowerState = 'unknown'

  const tell = async (action: 'on' | 'off' | 'cycle', signal: AbortSignal): Promise<void> => {
    // Whatever happens to the answer, the old state is no longer known.
    told = 'unknown'
    await pod.power(action, signal)
    told = action === 'off' ? 'off' : 'on'
  }
  const asSwitch: PowerSwitch = {
    label: `the pod at ${pod.label}`, clock, set: tell, darkHint: 'Switch it on at the pod, or take the power of the pod away and give it back',
  }

  return {
    ability: 'on-off',
    proof: 'accepted',
    label: `power of the pod at ${pod.label}`,
    set: tell,
    read: async () => told,
    cycle: async (offMs, signal) => {
      signal.throwIfAborted()
      if (offMs > podCycleUpToMs) return cycleByOffAndOn(asSwitch, offMs, signal)
      try {
        await tell('cycle', signal)
      } catch (error) {
        // The pod may have been cut off between its own off and on.
        await giveBackAfter(asSwitch, async () => { throw error }, () => 'unknown')
      }
    },
  }
}
