import type { MpyConfig } from '../../../../shared/ota/mpyConfig.schema.ts'

const dayMs = 24 * 3_600_000
/** Both included: when the sun feeds the board. */
const sunHours = { first: 10, last: 15 } as const

export interface BoardConditions {
  readonly nowMs: number
  /** When it crashed, in seconds since 1970 as the board notes it. */
  readonly crashedAtSec: readonly number[]
  /** When it was brought to a version, in the same seconds. */
  readonly updatedAtSec?: readonly number[] | undefined
  /** Absent where nobody can tell. */
  readonly batteryPercent?: number | undefined
}

export type ScheduleRules = Pick<MpyConfig, 'max_crashes_before_delay' | 'min_update_interval_sec' | 'min_battery_percent' | 'update_window_start_hour' | 'update_window_end_hour' | 'power_source'>

/** Why a board waits with an update, in words; `undefined` when nothing speaks against it. Hours are UTC, as the board's own clock is. */
export function whyWait(rules: ScheduleRules, conditions: BoardConditions): string | undefined {
  const hour = Math.floor(conditions.nowMs / 3_600_000) % 24
  return crashWords(rules, conditions) ?? intervalWords(rules, conditions) ?? batteryWords(rules, conditions) ?? windowWords(rules, hour) ?? sunWords(rules, hour)
}

function crashWords({ max_crashes_before_delay: most }: ScheduleRules, { nowMs, crashedAtSec }: BoardConditions): string | undefined {
  const lately = crashedAtSec.filter((second) => second * 1000 > nowMs - dayMs && second * 1000 <= nowMs).length
  return lately > most ? `The board crashed ${lately} times within a day, and is left alone after more than ${most}` : undefined
}

/** An update in the future is of a clock that ran ahead, and tells nothing. */
function intervalWords({ min_update_interval_sec: least }: ScheduleRules, { nowMs, updatedAtSec = [] }: BoardConditions): string | undefined {
  if (least === undefined) return undefined
  const last = Math.max(...updatedAtSec.filter((second) => second * 1000 <= nowMs))
  const agoSec = Math.floor(nowMs / 1000 - last)
  return agoSec < least ? `The board was updated ${agoSec} s ago, and min_update_interval_sec wants ${least} s between two updates` : undefined
}

function batteryWords({ min_battery_percent: least }: ScheduleRules, { batteryPercent }: BoardConditions): string | undefined {
  if (least === undefined || batteryPercent === undefined || batteryPercent >= least) return undefined
  return `The battery has ${batteryPercent} %, and an update wants ${least} %`
}

/** The end is outside; a window may go over midnight. */
function windowWords({ update_window_start_hour: start, update_window_end_hour: end }: ScheduleRules, hour: number): string | undefined {
  if (start === undefined || end === undefined || start === end) return undefined
  const isInside = start < end ? hour >= start && hour < end : hour >= start || hour < end
  return isInside ? undefined : `It is ${hour} o'clock (UTC), and this board is updated between ${start} and ${end}`
}

function sunWords({ power_source: source }: ScheduleRules, hour: number): string | undefined {
  if (source !== 'solar' || hour >= sunHours.first && hour <= sunHours.last) return undefined
  return `It is ${hour} o'clock (UTC), and a board on solar power is updated from ${sunHours.first} to ${sunHours.last}`
}
