import type { PowerBudget } from '../../../shared/devices/power.ts'

/** What a camera may draw where nobody has measured it: what a port of PoE class 2 gives. */
export const assumedWatts = 7

export interface BudgetBook {
  /** Why there is no room for one more camera, in words; `undefined`: there is, and it is promised to it. */
  refuse(budget: PowerBudget, expectedWatts: number | undefined): string | undefined
}

/** For one act on many cameras: what was promised to those before counts, although they do not draw it yet. */
export function createBudgetBook(): BudgetBook {
  const promised = new Map<string, number>()
  return {
    refuse: ({ unit, limitWatts, drawnWatts, untoldPorts, isGiving }, expectedWatts) => {
      // It is in what is drawn already.
      if (isGiving) return undefined
      const taken = Math.max(drawnWatts + untoldPorts * assumedWatts, promised.get(unit) ?? 0)
      const wanted = expectedWatts ?? assumedWatts
      if (taken + wanted <= limitWatts) { promised.set(unit, taken + wanted); return undefined }
      const untold = untoldPorts === 0 ? '' : `, ${assumedWatts} W counted for each of the ${untoldPorts} ports that do not tell`
      const measured = expectedWatts === undefined ? `${assumedWatts} W, because it was never measured` : `${round(wanted)} W, the most that was measured`
      return `not begun: ${round(taken)} W of the ${round(limitWatts)} W of ${unit} are drawn or promised${untold}, and this camera may draw ${measured}`
    },
  }
}

const round = (watts: number): string => String(Math.round(watts * 10) / 10)
