import { describe, expect, test } from 'vitest'
import { type BoardConditions, type ScheduleRules, whyWait } from './schedule.ts'

const atHour = (hour: number, more: Partial<BoardConditions> = {}): BoardConditions => ({ nowMs: Date.UTC(2026, 5, 1, hour, 30), crashedAtSec: [], ...more })
const rules: ScheduleRules = { max_crashes_before_delay: 3 }

describe('when a board waits', () => {
  test('nothing speaks against it', () => { expect(whyWait(rules, atHour(3))).toBeUndefined() })
  test('three crashes within a day pass, the fourth does not; older ones and those of a clock that ran ahead do not count', () => {
    const now = atHour(12)
    const second = now.nowMs / 1000
    const ago = (...hours: number[]): number[] => hours.map((each) => second - each * 3600)
    expect(whyWait(rules, { ...now, crashedAtSec: ago(1, 2, 3, 24, 30, -1) })).toBeUndefined()
    expect(whyWait(rules, { ...now, crashedAtSec: ago(1, 2, 3, 23.9) })).toMatch(/4 times/)
  })
  test('a battery below the limit; one that nobody can read does not stop it', () => {
    const careful = { ...rules, min_battery_percent: 40 }
    expect(whyWait(careful, atHour(3, { batteryPercent: 39 }))).toMatch(/39 %/)
    expect([whyWait(careful, atHour(3, { batteryPercent: 40 })), whyWait(careful, atHour(3))]).toEqual([undefined, undefined])
  })
  test.each([[2, 5, [2, 4], [1, 5]], [22, 4, [22, 23, 0, 3], [4, 12, 21]]] as const)('a window from %i to %i', (start, end, inside, outside) => {
    const within = { ...rules, update_window_start_hour: start, update_window_end_hour: end }
    expect(inside.map((hour) => whyWait(within, atHour(hour)))).toEqual(inside.map(() => undefined))
    for (const hour of outside) expect(whyWait(within, atHour(hour))).toMatch(/between/)
  })
  test('on solar power from 10 to 15, both included', () => {
    const solar = { ...rules, power_source: 'solar' }
    expect([10, 15].map((hour) => whyWait(solar, atHour(hour)))).toEqual([undefined, undefined])
    for (const hour of [9, 16]) expect(whyWait(solar, atHour(hour))).toMatch(/solar/)
  })
  test('so long after an update; one of a clock that ran ahead, and none, do not count', () => {
    const patient = { ...rules, min_update_interval_sec: 3600 }
    const second = atHour(12).nowMs / 1000
    expect(whyWait(patient, atHour(12, { updatedAtSec: [second - 7200, second - 3599] }))).toMatch(/3599 s ago/)
    expect([[second - 3600], [second + 60], []].map((updatedAtSec) => whyWait(patient, atHour(12, { updatedAtSec })))).toEqual([undefined, undefined, undefined])
    expect(whyWait(rules, atHour(12, { updatedAtSec: [second - 1] }))).toBeUndefined()
  })
})
