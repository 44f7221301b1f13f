import type { PodSpec } from '../core/rack/rackBook.ts'
import { placesFrom, podService } from '../core/rack/discovery.ts'
import { browseMdns, type MdnsPlace } from '../drivers/network/mdnsBrowse.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { DiscoveryView } from '../../shared/rack/discovery.schema.ts'
import type { PortInUse } from './serialPorts.ts'

export interface AroundDeps {
  readonly clock: Pick<Clock, 'sleep'>
  readonly ports: () => Promise<readonly PortInUse[]>
  readonly pods: readonly PodSpec[]
  readonly nameOfLine: (url: string) => Promise<string>
  readonly mdns?: MdnsPlace | undefined
}

/** What could be added, and what of it is in the rack already. */
export async function discoverAround({ clock, ports, pods, nameOfLine, mdns = {} }: AroundDeps, seconds: number, signal: AbortSignal): Promise<DiscoveryView> {
  const userOf = new Map<string, string>()
  for (const { url, cameraName } of pods) userOf.set(await nameOfLine(url).catch(() => url), cameraName)
  let problem = ''
  const records = await browseMdns({ ...mdns, types: [podService], forMs: seconds * 1000, clock }, signal).catch((error: unknown) => {
    if (!(error instanceof WorkbenchError)) throw error
    problem = error.message
    return []
  })
  const places = await Promise.all(placesFrom(records).map(async (place) => {
    const usedBy = userOf.get(await nameOfLine(place.address).catch(() => place.address))
    return usedBy === undefined ? place : { ...place, usedBy }
  }))
  const adapters = (await ports()).map((port) => ({ ...port, ...(port.usedBy === undefined && userOf.has(port.address) ? { usedBy: userOf.get(port.address) ?? '' } : {}) }))
  return { places, adapters, problem }
}
