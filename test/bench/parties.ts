import { cpus } from 'node:os'
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

/** Seconds of the processor of everything on this computer. */
export const computerUse = (): number => cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0) / 1000

/** Who had the processor meanwhile: frames of a wall are told for this computer and with its other work, and not for another. */
export function partyRows(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>, computerSeconds: number, elapsedMs: number): BenchRow[] {
  const shares = [...now].map(([name, seconds]) => ({ name, value: 100_000 * (seconds - (before.get(name) ?? 0)) / elapsedMs }))
  const told = (name: string, value: number): BenchRow => ({ name: `processor meanwhile, one core: ${name}`, value, unit: '%', goal: 'told', ok: true })
  const all = shares.reduce((sum, { value }) => sum + value, 0)
  return [...shares.filter(({ value }) => value >= 1).map(({ name, value }) => told(name, value)), told('all of them', all), told('whatever else ran on this computer', Math.max(0, 100_000 * computerSeconds / elapsedMs - all))]
}
