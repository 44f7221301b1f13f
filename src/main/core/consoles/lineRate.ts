import { restingBaudRate, type Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'

/** A pod is asked over WiFi, which takes a second; less than an undo has. */
const toRestLimitMs = 8_000

/** The rate of one console, over all the lines that are opened for it: a pod keeps its rate when its client goes. */
export interface LineRate {
  /** Both ends of the link; `input/not-supported` where the far end cannot follow. */
  set(baudRate: number, signal: AbortSignal): Promise<void>
  /** Back to the rate at which everybody else reads; does nothing when it is there. Rejects within its own limit. */
  toRest(): Promise<void>
  /** The far end may be at another rate, whether the line is open or not. */
  readonly isAway: boolean
}

export function createLineRate(clock: Clock, transport: () => Pick<Transport, 'setBaudRate'> | undefined): LineRate {
  let isAway = false
  const setOn = async (baudRate: number, signal: AbortSignal): Promise<void> => {
    const line = transport()
    if (!line) throw new WorkbenchError('link/closed', 'The console line is closed')
    if (!line.setBaudRate) throw new WorkbenchError('input/not-supported', 'This console line cannot change its rate')
    // Before the change, not after it: one that is broken off may have come about.
    isAway = true
    await line.setBaudRate(baudRate, signal)
    isAway = baudRate !== restingBaudRate
  }
  return {
    set: setOn,
    get isAway() { return isAway },
    toRest: async () => {
      if (!isAway) return
      await withDeadline(clock, toRestLimitMs, `Bringing the console line back to ${restingBaudRate} baud`, new AbortController().signal, async (signal) => setOn(restingBaudRate, signal))
    },
  }
}
