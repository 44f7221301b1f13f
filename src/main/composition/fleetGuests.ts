import { toWire } from '../../shared/errors/workbenchError.ts'
import { fleetClientSchema } from '../../shared/fleet/fleetView.schema.ts'
import { clientAccount } from '../../shared/fleet/topics.ts'
import type { BrokerAccount } from '../drivers/mqtt/embeddedBroker.ts'
import type { OpenFleet } from './fleetDesk.ts'

/** Screens of a demonstration. They come to the broker within, wherever that listens, and no setting knows of them. */
export interface FleetGuests {
  /** By their ids. */
  readonly names: ReadonlyMap<string, string>
  open(brokerUrl: string, loginOf: (uuid: string) => { readonly user: string; readonly password: string }): Promise<{ close(): Promise<void> }>
}

export interface GuestRoom {
  invite(guests: FleetGuests): void
  /** Those who were asked to come, while a broker is there. */
  accounts(): readonly BrokerAccount[]
  /** Whoever has left is no news any more. */
  hasLeft(uuid: string): boolean
  welcome(brokerUrl: string, fleet: OpenFleet): Promise<void>
  /** Their connections, before the broker goes that they have them with. */
  part(): Promise<void>
  /** They leave for good, and what was issued to them stays. */
  dismiss(fleet: OpenFleet | undefined): Promise<void>
}

export function createGuestRoom(newPassword: () => string, log: (line: string) => void): GuestRoom {
  let guests: FleetGuests | undefined
  let passwords: ReadonlyMap<string, string> = new Map()
  let there: { close(): Promise<void> } | undefined
  const left = new Set<string>()
  const part = async (): Promise<void> => {
    const were = there
    there = undefined
    await were?.close()
  }
  return {
    part,
    hasLeft: (uuid) => left.has(uuid),
    invite: (invited) => {
      guests = invited
      passwords = new Map([...invited.names.keys()].map((uuid) => [uuid, newPassword()]))
      for (const uuid of invited.names.keys()) left.delete(uuid)
    },
    accounts: () => [...passwords].map(([clientUuid, password]) => ({ name: clientAccount(clientUuid), password, role: { kind: 'client', clientUuid } })),
    welcome: async (brokerUrl, { store }) => {
      if (!guests) return
      await part()
      for (const [uuid, name] of guests.names) if (!store.client(uuid)) store.putClient(fleetClientSchema.parse({ uuid, name }))
      // The broker is of use without them.
      there = await guests.open(brokerUrl, (uuid) => ({ user: clientAccount(uuid), password: passwords.get(uuid) ?? '' })).catch((error: unknown) => { log(`the demo has no screens: ${toWire(error).message}`); return undefined })
    },
    dismiss: async (fleet) => {
      const names = guests?.names.keys() ?? []
      guests = undefined
      passwords = new Map()
      for (const uuid of names) left.add(uuid)
      await part()
      for (const uuid of left) fleet?.store.removeClient(uuid)
    },
  }
}
