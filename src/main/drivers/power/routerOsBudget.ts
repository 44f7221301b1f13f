import type { RouterOsConnection, Row } from './routerOsConnection.ts'
import { monitor, orNothing, poeRows } from './routerOsPorts.ts'
import { givesPower, wattsOf } from './routerOsReading.ts'
import type { PowerBudget } from '../../../shared/devices/power.ts'

/** Models that know their power supplies say what their ports may have together; others say nothing. */
async function toldLimit(connection: RouterOsConnection, signal: AbortSignal): Promise<number | undefined> {
  const [row] = await orNothing(connection, ['/interface/ethernet/poe/settings/print'], signal) ?? []
  const watts = Number.parseFloat(row?.get('poe-out-limit-power') ?? '')
  return Number.isFinite(watts) && watts > 0 ? watts : undefined
}

/** `undefined` where neither the switch nor a person says what it can give. Reads only. */
export async function readRouterOsBudget(connection: RouterOsConnection, own: string, givenWatts: number | undefined, signal: AbortSignal): Promise<PowerBudget | undefined> {
  const told = await toldLimit(connection, signal)
  // What a person says is for a supply that is smaller than the switch believes.
  const limitWatts = told === undefined ? givenWatts : Math.min(told, givenWatts ?? Infinity)
  if (limitWatts === undefined) return undefined
  let [drawnWatts, untoldPorts, isGiving] = [0, 0, false]
  for (const row of await poeRows(connection, signal)) {
    if (row.get('poe-out') === 'off') continue
    const reading = await monitor(connection, row, signal)
    if (!isLoaded(reading)) continue
    const watts = wattsOf(reading)
    if (watts === undefined) untoldPorts += 1
    drawnWatts += watts ?? 0
    if (row.get('name') === own) isGiving = true
  }
  return { unit: connection.label, limitWatts, drawnWatts, untoldPorts, isGiving }
}

/** Small models have no status; their ports that are not off may all have a camera. */
const isLoaded = (reading: Row): boolean => {
  const status = reading.get('poe-out-status')
  return status === undefined || givesPower(status)
}
