import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FleetClientWish, FleetView } from '../../shared/contracts/fleet.contract.ts'
import { toWire, WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { FleetCommand } from '../../shared/fleet/commandView.schema.ts'
import { type FleetBrokerState, type FleetSettings, fleetSettingsSchema } from '../../shared/fleet/fleetSettings.schema.ts'
import { clientAccount, serverAccount } from '../../shared/fleet/topics.ts'
import { createBell } from '../../shared/lifecycle/bell.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { createLane } from '../../shared/lifecycle/lane.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import type { ClientPower } from '../core/fleet/escalateClient.ts'
import { reasonOf } from '../drivers/errors/reasonOf.ts'
import { secretBytes } from '../drivers/host/randomness.ts'
import type { BrokerAccount, EmbeddedBroker } from '../drivers/mqtt/embeddedBroker.ts'
import type { Secrets } from '../drivers/storage/secretsBox.ts'
import { createWholeFile } from '../drivers/storage/wholeFile.ts'
import type { BrokerAddress, OpenFleet } from './fleetDesk.ts'
import { createGuestRoom, type FleetGuests } from './fleetGuests.ts'
import { setFleetClient } from './setFleetClient.ts'

const viewEveryMs = 250
const passwordRef = 'fleet broker'
const serverClientId = 'rackbench-server'
const accountRef = (uuid: string): string => `fleet client ${uuid}`
const newPassword = (): string => [...secretBytes(18)].map((byte) => byte.toString(16).padStart(2, '0')).join('')

export interface FleetDeskDeps {
  readonly clock: Clock
  readonly dataFolder: string
  readonly secrets: Pick<Secrets, 'get' | 'put' | 'remove'>
  /** The rack's; without it an escalation is always for a person. */
  readonly power?: ClientPower | undefined
  readonly audit: Pick<AuditLog, 'around'>
  readonly log: (line: string) => void
}

/** The workbench's own server of fleet commands, with a broker within or elsewhere. */
export interface FleetDesk {
  /** `input/not-supported` while no broker is chosen. */
  fleet(): OpenFleet
  watch(signal: AbortSignal): AsyncGenerator<FleetView, void, void>
  watchCommands(signal: AbortSignal): AsyncGenerator<FleetCommand, void, void>
  setBroker(settings: FleetSettings, password: string | undefined): Promise<FleetBrokerState>
  /** Its name, its rule, and whose power it has: written down first, because it decides what may be switched. */
  setClient(wish: FleetClientWish): Promise<void>
  addAccount(uuid: string): Promise<{ readonly user: string; readonly password: string }>
  /** Simulated screens, until it is told that they go. Where no broker was chosen one of this computer alone is open that long, and that is kept nowhere. */
  invite(guests: FleetGuests): Promise<() => Promise<void>>
  /** As it was left; what cannot be opened is told in its state, and nothing else fails because of it. */
  start(): Promise<void>
  close(): Promise<void>
}

export function createFleetDesk({ clock, dataFolder, secrets, power, audit, log }: FleetDeskDeps): FleetDesk {
  const file = createWholeFile<FleetSettings>({ path: join(dataFolder, 'fleet.json'), schema: fleetSettingsSchema, first: fleetSettingsSchema.parse({}), hint: 'Move it away; no broker is used until one is chosen again' })
  const lane = createLane()
  const always = new AbortController().signal
  const changes = createBell()
  let accounts: readonly BrokerAccount[] = []
  let broker: EmbeddedBroker | undefined
  let open: OpenFleet | undefined
  let problem: string | undefined
  let isClosed = false
  const guests = createGuestRoom(newPassword, log)
  /** The broker is there for them only. */
  let isBorrowed = false

  const stateOf = (): FleetBrokerState => {
    if (!open) return { state: problem === undefined ? 'off' : 'failed', reconnectCount: 0, ...(problem === undefined ? {} : { problem }) }
    return { ...open.link.state(), ...(broker ? { url: broker.url } : {}), ...(isBorrowed ? { forDemo: true } : {}) }
  }
  const shut = async (): Promise<void> => {
    const [was, within] = [open, broker]
    open = undefined
    broker = undefined
    isBorrowed = false
    await guests.part()
    await was?.close()
    await within?.close()
  }
  const accountsOf = async ({ clients }: FleetSettings, own: string): Promise<BrokerAccount[]> => {
    const made: BrokerAccount[] = [{ name: serverAccount, password: own, role: { kind: 'server' } }]
    for (const clientUuid of clients) {
      const password = await secrets.get(accountRef(clientUuid))
      if (password !== undefined) made.push({ name: clientAccount(clientUuid), password, role: { kind: 'client', clientUuid } })
    }
    return made
  }
  const addressOf = async (settings: FleetSettings): Promise<BrokerAddress> => {
    if (settings.broker === 'external') {
      if (settings.url === undefined) throw new WorkbenchError('input/malformed', 'A broker elsewhere has an address', { hint: 'As in mqtts://broker.lab:8883' })
      const ca = settings.caFile === undefined ? undefined : await readFile(settings.caFile, 'utf8').catch((cause: unknown) => { throw new WorkbenchError('input/not-found', `The certificate ${settings.caFile ?? ''} cannot be read: ${reasonOf(cause)}`, { cause, hint: 'It is a file in PEM, of the authority that vouches for the broker' }) })
      return { url: settings.url, ...(ca === undefined ? {} : { tls: { ca } }), ...(settings.user === undefined ? {} : { login: { user: settings.user, password: await secrets.get(passwordRef) ?? '' } }) }
    }
    const own = newPassword()
    accounts = await accountsOf(settings, own)
    const { openEmbeddedBroker } = await import('../drivers/mqtt/embeddedBroker.ts')
    broker = await openEmbeddedBroker({
      address: settings.address, port: settings.port, accounts: () => [...accounts, ...guests.accounts()], log,
      onClient: (uuid, what) => { if (guests.hasLeft(uuid)) return; try { if (what === 'gone') open?.service.clientGone(uuid); else open?.service.clientSeen(uuid) } catch (error) { log(`the journal of fleet commands cannot be written: ${toWire(error).message}`) } },
    })
    return { url: broker.url, login: { user: serverAccount, password: own } }
  }
  const openAs = async (settings: FleetSettings, forGuests = false): Promise<void> => {
    await shut()
    problem = undefined
    if (!settings.enabled) return
    try {
      isBorrowed = forGuests
      const address = await addressOf(settings)
      // A workbench without fleet commands loads nothing of MQTT.
      const { openFleet } = await import('./fleetDesk.ts')
      open = openFleet({ dataFolder, clock, broker: address, clientId: serverClientId, transitional: settings.transitional, onLink: changes.ring, power, ignores: guests.hasLeft, log, ...(forGuests ? { via: 'demo' } : settings.broker === 'embedded' ? { via: 'embedded' } : {}) })
      open.service.onChange(changes.ring)
      if (broker) await guests.welcome(broker.url, open)
    } catch (error) {
      problem = toWire(error).message
      await shut()
      throw error
    }
  }
  const fleet = (): OpenFleet => {
    if (open) return open
    throw new WorkbenchError('input/not-supported', problem ?? 'No broker is chosen for fleet commands', { hint: 'Choose one, or use the built-in one' })
  }
  return {
    fleet,
    watch: async function* (signal) {
      while (!signal.aborted && !isClosed) {
        const next = changes.next(signal)
        next.catch(() => undefined)
        const store = open?.store
        yield {
          broker: stateOf(), settings: await file.read(), nowMs: open?.service.now() ?? clock.wallMs(), open: store?.commands({ open: true, limit: 10_000 }).length ?? 0,
          alerts: store?.alerts().filter(({ clearedAtMs }) => clearedAtMs === undefined) ?? [], bulks: store?.bulks(50) ?? [],
        }
        await next.catch(() => undefined)
        await clock.sleep(viewEveryMs, signal).catch(() => undefined)
      }
    },
    watchCommands: async function* (signal) {
      const waiting = new Map<string, FleetCommand>()
      const bell = createBell()
      const current = open
      const stop = current?.service.listen((command) => { waiting.set(command.id, command); bell.ring() })
      try {
        // A broker that is chosen anew ends it; whoever looks asks again.
        while (!signal.aborted && !isClosed && current !== undefined && current === open) {
          const next = bell.next(signal)
          next.catch(() => undefined)
          for (const [id, command] of waiting) { waiting.delete(id); yield command }
          await Promise.race([next, changes.next(signal)]).catch(() => undefined)
        }
      } finally {
        stop?.()
      }
    },
    setBroker: async (settings, password) => lane(always, async () => {
      if (password === '') await secrets.remove(passwordRef)
      else if (password !== undefined) await secrets.put(passwordRef, password)
      await file.change(() => settings)
      try { await openAs(settings) } finally { changes.ring() }
      return stateOf()
    }),
    setClient: async (wish) => setFleetClient(wish, { store: fleet().store, power, audit }).then(changes.ring),
    addAccount: async (uuid) => lane(always, async () => {
      const settings = await file.read()
      const twin = settings.clients.find((each) => each !== uuid && clientAccount(each) === clientAccount(uuid))
      if (twin !== undefined) throw new WorkbenchError('input/conflict', `The account ${clientAccount(uuid)} belongs to ${twin}`, { hint: 'Two ids that begin with the same eight letters cannot both have one' })
      const password = newPassword()
      await secrets.put(accountRef(uuid), password)
      await file.change((before) => ({ ...before, clients: [...before.clients.filter((each) => each !== uuid), uuid] }))
      accounts = [...accounts.filter(({ name }) => name !== clientAccount(uuid)), { name: clientAccount(uuid), password, role: { kind: 'client', clientUuid: uuid } }]
      // Whoever keeps settings next must know of it, or would take it away.
      changes.ring()
      return { user: clientAccount(uuid), password }
    }),
    invite: async (invited) => lane(always, async () => {
      const settings = await file.read()
      if (settings.enabled && settings.broker === 'external') throw new WorkbenchError('input/not-supported', 'A broker elsewhere is chosen, and simulated screens do not go there')
      guests.invite(invited)
      try {
        if (open && broker) await guests.welcome(broker.url, open)
        else if (!settings.enabled) await openAs({ ...settings, enabled: true, broker: 'embedded', address: '127.0.0.1', port: 0 }, true)
      } finally {
        changes.ring()
      }
      return async () => lane(always, async () => {
        await guests.dismiss(open)
        if (isBorrowed) await shut()
        changes.ring()
      })
    }),
    start: async () => lane(always, async () => {
      try { await openAs(await file.read()) } catch (error) { log(`fleet commands: ${toWire(error).message}`) }
    }),
    close: async () => {
      isClosed = true
      changes.ring()
      await lane(always, shut)
    },
  }
}
