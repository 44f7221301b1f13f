import type { Browser } from 'playwright-core'
import type { BenchRow } from './row.ts'

/** Seconds of the processor that each kind of process of this browser has used: `browser`, `renderer` (pages), `GPU` (draws in software here), `utility`. */
export async function chromiumUse(browser: Browser): Promise<ReadonlyMap<string, number>> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const use = new Map<string, number>()
  for (const { type, cpuTime } of processInfo) use.set(type, (use.get(type) ?? 0) + cpuTime)
  return use
}

/** Who had the processor meanwhile: frames of a wall are told for this computer and with its other work, and not for another. */
export function partyRows(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>, elapsedMs: number): BenchRow[] {
  const shares = [...now].map(([name, seconds]) => ({ name, value: 100_000 * (seconds - (before.get(name) ?? 0)) / elapsedMs }))
  const told = (name: string, value: number): BenchRow => ({ name: `processor meanwhile, one core: ${name}`, value, unit: '%', goal: 'told', ok: true })
  return [...shares.filter(({ value }) => value >= 1).map(({ name, value }) => told(name, value)), told('all of them', shares.reduce((sum, { value }) => sum + value, 0))]
}
