import { Cancelled } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'

/** A little more than an adapter's own 16 ms. At 32 a hundred consoles took the processor hardly less, and lines came up to 12 ms later. */
const turnMs = 20

/** Wakes all consoles that talk at the same time, so that a rack of them is one piece of work and not a hundred. */
export interface ReadPace {
  /** Calls when it is time again; what it gives takes the wish back. */
  wait(go: () => void): () => void
}

export function createReadPace(clock: Clock): ReadPace {
  let waiting = new Set<() => void>()
  let timer: AbortController | undefined
  const start = (): void => {
    const mine = new AbortController()
    timer = mine
    clock.sleep(turnMs, mine.signal).then(() => {
      if (timer !== mine) return
      const all = waiting
      waiting = new Set()
      timer = undefined
      for (const go of all) go()
    }, () => undefined)
  }
  return {
    wait: (go) => {
      waiting.add(go)
      if (!timer) start()
      return () => {
        if (!waiting.delete(go) || waiting.size > 0) return
        timer?.abort(new Cancelled('no console waits'))
        timer = undefined
      }
    },
  }
}
