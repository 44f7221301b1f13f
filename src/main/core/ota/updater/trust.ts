import type { Clock } from '../../../../shared/lifecycle/clock.ts'
import { isExpired, trustMs } from '../../../protocols/updater/stages.ts'

/** Two clocks never agree to the millisecond. */
const slackMs = 1_000

/** How long a verified package may still be installed. By the wall clock, which goes on while nothing runs, and by the other one, which nobody sets back. */
export function createTrust(clock: Clock): { readonly know: (verifiedAtMs: number | undefined) => void; readonly isOver: () => boolean } {
  let known: { readonly atMs: number; readonly ageMs: number; readonly sinceMs: number } | undefined
  return {
    know: (atMs) => {
      if (atMs === undefined) known = undefined
      else if (known?.atMs !== atMs) known = { atMs, ageMs: Math.abs(clock.wallMs() - atMs), sinceMs: clock.nowMs() }
    },
    isOver: () => known !== undefined && (isExpired(known.atMs, clock.wallMs()) || known.ageMs + clock.nowMs() - known.sinceMs > trustMs + slackMs),
  }
}
