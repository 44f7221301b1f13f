import process from 'node:process'
import { expect, onTestFinished, test } from 'vitest'
import { busyWith, timeOfDay } from '../../core/rack/leases.ts'
import { createScaledClock, createSystemClock } from './systemClock.ts'

/** The zone of this process, until the test ends. */
function setZone(zone: string): void {
  const before = process.env['TZ']
  onTestFinished(() => { if (before === undefined) delete process.env['TZ']; else process.env['TZ'] = before })
  process.env['TZ'] = zone
}

const clock = createSystemClock()
const atMs = Date.UTC(2026, 0, 12, 23, 5, 9)

test.each([
  ['UTC', '23:05:09'],
  ['Asia/Kolkata', '04:35:09'],
  ['America/New_York', '18:05:09'],
])('a time of day is that of this computer: in %s it is %s', (zone, words) => {
  setZone(zone)
  expect(timeOfDay(atMs, clock)).toBe(words)
  expect(timeOfDay(atMs, createScaledClock(clock, 10))).toBe(words)
  expect(busyWith('cam-01', { holder: 'Ann', sinceMs: atMs }, clock).message).toBe(`cam-01 is in use by Ann since ${words}`)
})
test('it follows the clocks of its zone, in summer too', () => {
  setZone('Europe/Berlin')
  expect([timeOfDay(atMs, clock), timeOfDay(Date.UTC(2026, 6, 12, 23, 5, 9), clock)]).toEqual(['00:05:09', '01:05:09'])
})
