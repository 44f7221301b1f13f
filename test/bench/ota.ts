import { fiftyFiles } from '../support/otaRig.ts'
import { cutPowerEverywhere } from '../support/powerCuts.ts'
import type { BenchRow } from './row.ts'

/** The power goes after every call of an update of 50 files, on a disk that forgets what was not synced, and again in each recovery. */
export async function otaRows(): Promise<BenchRow[]> {
  const startedMs = performance.now()
  let [points, wrong] = [0, 0]
  for (const seed of [11, 12]) {
    const result = await cutPowerEverywhere({ update: fiftyFiles(), options: {}, outcomes: 2, seed, again: 1 })
    points += result.points
    wrong += result.failures.length
  }
  const seconds = (performance.now() - startedMs) / 1000
  return [
    { name: 'power cuts in an update of 50 files, each recovered', value: points, unit: 'points', goal: 'at least 2000', ok: points >= 2000 },
    { name: 'of them neither old nor new', value: wrong, unit: '', goal: 'none', ok: wrong === 0 },
    { name: 'time for all of them', value: seconds, unit: 's', goal: 'under 60', ok: seconds < 60 },
  ]
}
