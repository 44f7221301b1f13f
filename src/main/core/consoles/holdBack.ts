import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { ConsoleTap } from '../captures/captureLog.ts'

/** A disk that thinks for longer is in trouble, and the console must not be in trouble with it. */
const holdLimitMs = 5_000
const lookEveryMs = 10

export interface HoldBackDeps {
  readonly clock: Clock
  readonly capture: Pick<ConsoleTap, 'isFull'> | undefined
  /** A job has deadlines of its own: its console is read whatever becomes of the capture. */
  readonly isLent: () => boolean
}

/**
 * Keeps the reader of one line from taking what its capture could only drop: the line is left unread, so that the far end waits. Resolves
 * when there is room again, or when waiting would do more harm than a hole with a mark. After it gave up once it waits no more until then.
 */
export function createHoldBack({ clock, capture, isLent }: HoldBackDeps): (signal: AbortSignal) => Promise<void> {
  let gaveUp = false
  return async (signal) => {
    if (!capture?.isFull()) { gaveUp = false; return }
    const untilMs = clock.nowMs() + holdLimitMs
    while (!gaveUp && capture.isFull() && !isLent()) {
      if (clock.nowMs() >= untilMs) gaveUp = true
      else await clock.sleep(lookEveryMs, signal)
    }
  }
}
