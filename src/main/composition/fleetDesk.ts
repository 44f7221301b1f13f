import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { FleetStore } from '../../shared/fleet/fleetStore.ts'
import { serverSubscriptions } from '../../shared/fleet/topics.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { createFleetService, type FleetService } from '../core/fleet/commandService.ts'
import type { ClientPower } from '../core/fleet/escalateClient.ts'
import type { BrokerDoor } from '../core/fleet/publisher.ts'
import { type BrokerLink, type LinkState, openBrokerLink } from '../drivers/mqtt/brokerLink.ts'
import { createFrozenContract } from '../drivers/mqtt/frozenContract.ts'
import { openSqliteFleet } from '../drivers/storage/fleet/sqliteFleet.ts'

export interface BrokerAddress {
  readonly url: string
  readonly login?: { readonly user: string; readonly password: string } | undefined
  readonly tls?: { readonly ca?: string | undefined; readonly cert?: string | undefined; readonly key?: string | undefined } | undefined
}

export interface OpenFleetOptions {
  readonly dataFolder: string
  readonly clock: Clock
  readonly broker: BrokerAddress
  /** Of this server at the broker. One that lasts is told what came while it was away; a command of a moment takes a new one. */
  readonly clientId?: string | undefined
  readonly transitional: boolean
  /** Its name among the commands that are kept, where its address may change. */
  readonly via?: string
  readonly onLink?: (state: LinkState) => void
  /** Absent for a command, which has no rack: then nothing is switched. */
  readonly power?: ClientPower | undefined
  /** Clients that left for good: what of them was still on its way is no news. */
  readonly ignores?: (clientUuid: string) => boolean
  readonly log: (line: string) => void
}

export interface OpenFleet {
  readonly service: FleetService
  readonly store: FleetStore
  readonly link: BrokerLink
  close(): Promise<void>
}

export const fleetFile = (dataFolder: string): string => join(dataFolder, 'fleet.sqlite')

/** The commands of one data folder and one broker. Other processes may have the same folder open; the lockout counts what all of them issued. */
export function openFleet({ dataFolder, clock, broker, clientId, transitional, via = broker.url, onLink, power, ignores, log }: OpenFleetOptions): OpenFleet {
  const store = openSqliteFleet(fleetFile(dataFolder))
  try {
    let link: BrokerLink | undefined
    const door: BrokerDoor = {
      isConnected: () => link?.isConnected() ?? false,
      publish: async (topic, payload, options, signal) => link?.publish(topic, payload, options, signal),
    }
    const service = createFleetService({ store, clock, broker: door, contract: createFrozenContract(), newId: randomUUID, via, transitional, power, log })
    const open = openBrokerLink({
      ...broker, clock, clientId: clientId ?? `rackbench-${randomUUID().slice(0, 12)}`, isLasting: clientId !== undefined, subscriptions: serverSubscriptions, log: (line) => { log(`broker: ${line}`) },
      onMessages: ignores ? (messages) => { service.receive(messages.filter(({ topic }) => !ignores(topic.split('/')[1] ?? ''))) } : service.receive, onState: (state) => { service.wake(); onLink?.(state) },
    })
    link = open
    const over = new AbortController()
    const running = service.run(over.signal)
    return {
      service, store, link: open,
      close: async () => {
        over.abort()
        await running
        await open.close()
        store.close()
      },
    }
  } catch (error) {
    store.close()
    throw error
  }
}
