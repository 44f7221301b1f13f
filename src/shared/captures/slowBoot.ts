import type { Boot } from './boots.schema.ts'
import { median, outlierDistance, totalOf } from './bootStats.ts'

/** What "as usual" is said of: so many boots before it that came to the login prompt. */
export const bootsCompared = 20
/** Of fewer nobody knows yet what is usual. */
export const leastBoots = 5

export interface SlowBoot {
  readonly ms: number
  readonly usualMs: number
  /** How many boots the usual time is of. */
  readonly of: number
  /** What it runs, where the boot before ran something else. */
  readonly firmware: string | undefined
}

/** Whether the first of these, which are one camera's and stand newest first, took that much longer than those before it. */
function slowness(boots: readonly Boot[], percent: number): SlowBoot | undefined {
  const [boot, before] = boots
  const ms = boot && totalOf(boot)
  const usual = boots.slice(1, 1 + bootsCompared).flatMap((each) => totalOf(each) ?? [])
  const usualMs = median(usual)
  if (boot === undefined || ms === undefined || usualMs === undefined || usual.length < leastBoots) return undefined
  // Boots that are never alike have to be further off than they usually are.
  if (ms - usualMs <= Math.max(usualMs * percent / 100, outlierDistance(usual))) return undefined
  const isOther = before !== undefined && before.firmware !== '' && boot.firmware !== '' && before.firmware !== boot.firmware
  return { ms, usualMs, of: usual.length, firmware: isOther ? boot.firmware : undefined }
}

/** The same, but only for the first slow one of several: a firmware that is slower is told once, and not at each of its boots. */
export function slowBootOf(boots: readonly Boot[], percent: number): SlowBoot | undefined {
  const finished = boots.filter((boot) => totalOf(boot) !== undefined)
  if (boots[0] === undefined || finished[0] !== boots[0]) return undefined
  return slowness(finished.slice(1), percent) === undefined ? slowness(finished, percent) : undefined
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`

export const slowBootWords = ({ ms, usualMs, of, firmware }: SlowBoot): string =>
  `${seconds(ms)} to the login prompt, usually ${seconds(usualMs)} (${of} boots before)${firmware === undefined ? '' : `; it runs another firmware now: ${firmware.slice(0, 120)}`}`
