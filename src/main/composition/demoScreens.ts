import type { Clock } from '../../shared/lifecycle/clock.ts'
import { helperFails, neverReturns, rebootTakes } from '../sim/screens/screenBehaviours.ts'
import { simScreenUuid, startSimScreens } from '../sim/screens/startSimScreens.ts'
import type { FleetGuests } from './fleetGuests.ts'

const screens = 8
/** A restart can be watched, and nobody waits for it. */
const rebootMs = 8_000
const heartbeatMs = 10_000
/** One of each end that a command can come to: late, refused by the screen itself, and never heard of again. */
const behaviours = { 6: [rebootTakes(100_000)], 7: [helperFails('permission_denied')], 8: [neverReturns] }

const nameOf = (number: number): string => `sim-screen-${String(number).padStart(2, '0')}`

/** Simulated screens for Commands, by the same broker, accounts and contract as real ones. */
export const demoScreens = (clock: Clock): FleetGuests => ({
  names: new Map(Array.from({ length: screens }, (_, index) => [simScreenUuid(index + 1), nameOf(index + 1)])),
  open: async (brokerUrl, loginOf) => startSimScreens({ brokerUrl, clock, count: screens, rebootMs, heartbeatMs, behaviours, loginOf }),
})
