import type { OnOffPower, PowerController, PowerState } from '../../../shared/devices/power.ts'
import type { PowerEdge } from '../captures/captureLog.ts'

/** Everything that happens to the power of one camera, whoever does it: a person, a job, or nobody that we know. */
export interface PowerEdges {
  /** The same devices; what is done through them is told. */
  watched<T extends { readonly power: PowerController }>(devices: T): T
  /** A camera that talks has power. */
  heard(): void
}

/** `catchUp` takes in what the camera said until now: said before the cut, it must not count as said after it. */
export function createPowerEdges(tell: (edge: PowerEdge) => void, catchUp: () => void = () => undefined): PowerEdges {
  let last: PowerState = 'unknown'
  const done = (state: 'on' | 'off'): void => { catchUp(); last = state; tell(`power-${state}`) }
  const observed = (state: PowerState): void => {
    if (state === last || state === 'unknown') return
    // The first reading after the start tells how it is, and nothing changed.
    if (last !== 'unknown') tell(`seen-${state}`)
    last = state
  }
  /** Told when the act was proved, and when it was not: then nobody knows how it stands. */
  const act = async (work: () => Promise<void>, state: 'on' | 'off'): Promise<void> => {
    try {
      await work()
    } catch (error) {
      last = 'unknown'
      tell('power-failed')
      throw error
    }
    done(state)
  }
  const watchedPower = (power: PowerController): PowerController => {
    const cycle: PowerController['cycle'] = async (offMs, signal) => {
      catchUp()
      tell('cycle')
      await act(async () => power.cycle(offMs, signal), 'on')
    }
    if (power.ability !== 'on-off') return { ...power, cycle }
    const set: OnOffPower['set'] = async (state, signal) => act(async () => power.set(state, signal), state)
    const read: OnOffPower['read'] = async (signal) => {
      const state = await power.read(signal)
      catchUp()
      observed(state)
      return state
    }
    return { ...power, cycle, set, read }
  }
  return {
    heard: () => { observed('on') },
    // Some devices change what they have, so their properties are asked each time.
    watched: <T extends { readonly power: PowerController }>(devices: T) => Object.defineProperties({}, {
      ...Object.getOwnPropertyDescriptors(devices), power: { enumerable: true, get: () => watchedPower(devices.power) },
    }) as T,
  }
}
