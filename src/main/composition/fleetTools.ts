import { access, readFile } from 'node:fs/promises'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { CommandAction } from '../../shared/fleet/command.schema.ts'
import { type FleetCommand, isFinal } from '../../shared/fleet/commandView.schema.ts'
import type { FleetStore } from '../../shared/fleet/fleetStore.ts'
import type { FleetService } from '../core/fleet/commandService.ts'
import { reasonOf } from '../drivers/errors/reasonOf.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { openSqliteFleet } from '../drivers/storage/fleet/sqliteFleet.ts'
import { fleetFile, openFleet, type OpenFleet } from './fleetDesk.ts'

interface FleetDoor {
  readonly dataFolder: string
  readonly login?: { readonly user: string; readonly password: string } | undefined
  /** Of the authority that the broker's certificate comes from; the system's own ones otherwise. */
  readonly caFile?: string | undefined
  readonly log: (line: string) => void
  /** Each time that its state is another, and once at the start. */
  readonly tell: (command: FleetCommand) => void
}

export interface FleetSendRequest extends FleetDoor {
  readonly url: string
  readonly clientUuid: string
  readonly action: CommandAction
  readonly reason?: string | undefined
  readonly idempotencyKey?: string | undefined
  readonly lifeMs: number
  readonly transitional: boolean
}

export interface FleetWaitRequest extends FleetDoor {
  readonly id: string
  /** Absent: the broker that it was issued for. */
  readonly url?: string | undefined
}

export interface FleetSent {
  readonly command: FleetCommand
  /** It goes on without us. */
  readonly wasLeft: boolean
}

/** One command, until its final state. When the signal aborts it is taken back if it was not handed over yet; else it goes its way, and that is said. */
async function send({ clientUuid, action, reason, idempotencyKey, lifeMs, ...door }: FleetSendRequest, signal: AbortSignal): Promise<FleetSent> {
  return withFleet(door, async ({ service }) => {
    const { command } = service.issue({ clientUuid, action, reason: reason ?? null, idempotencyKey, lifeMs })
    const now = await followed(service, command, door.tell, signal)
    if (isFinal(now.state)) return { command: now, wasLeft: false }
    try { return { command: service.cancel(command.id), wasLeft: false } } catch { return { command: now, wasLeft: true } }
  })
}

/** A command that was issued earlier, until its final state. What its client said while nobody listened is not told again; without that word it ends as timed out. */
async function wait({ id, url, ...door }: FleetWaitRequest, signal: AbortSignal): Promise<FleetSent> {
  const command = await kept(door.dataFolder, id)
  if (isFinal(command.state)) { door.tell(command); return { command, wasLeft: false } }
  const broker = url ?? command.via
  if (!/^mqtts?:/.test(broker)) throw new WorkbenchError('input/malformed', `The command ${id} was issued for the broker ${broker}, which is no address`, { hint: 'Say where that is: --broker mqtt://HOST:PORT' })
  return withFleet({ ...door, url: broker, via: command.via, transitional: false }, async ({ service }) => {
    const now = await followed(service, command, door.tell, signal)
    return { command: now, wasLeft: !isFinal(now.state) }
  })
}

interface OpenDoor extends Omit<FleetDoor, 'tell'> {
  readonly url: string
  readonly via?: string
  readonly transitional: boolean
}

async function withFleet<T>({ dataFolder, url, via, login, caFile, transitional, log }: OpenDoor, work: (fleet: OpenFleet) => Promise<T>): Promise<T> {
  const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8').catch((cause: unknown) => { throw new WorkbenchError('input/not-found', `The certificate ${caFile} cannot be read: ${reasonOf(cause)}`, { cause, hint: 'It is a file in PEM, of the authority that vouches for the broker' }) })
  const fleet = openFleet({ dataFolder, clock: createSystemClock(), broker: { url, login, ...(ca === undefined ? {} : { tls: { ca } }) }, transitional, log, ...(via === undefined ? {} : { via }) })
  try {
    return await work(fleet)
  } finally {
    await fleet.close()
  }
}

/** Until it ends or the signal aborts; gives it as it is then. */
async function followed(service: FleetService, command: FleetCommand, tell: FleetDoor['tell'], signal: AbortSignal): Promise<FleetCommand> {
  let told: FleetCommand['state'] | undefined
  const tellOnce = (changed: FleetCommand): void => { if (changed.id === command.id && changed.state !== told) { told = changed.state; tell(changed) } }
  tellOnce(command)
  service.listen(tellOnce)
  try {
    return await service.ended(command.id, signal)
  } catch (error) {
    if (!signal.aborted) throw error
    return service.get(command.id).command
  }
}

async function kept(dataFolder: string, id: string): Promise<FleetCommand> {
  const command = await reading(dataFolder, (store) => store.command(id))
  if (!command) throw new WorkbenchError('input/not-found', `There is no command ${id} in this data folder`, { hint: '"rackbench fleet list" names them' })
  return command
}

/** What was issued from this data folder, most recent first. */
const list = async (dataFolder: string, query: { readonly clientUuid?: string | undefined; readonly open?: boolean | undefined; readonly limit: number }): Promise<FleetCommand[]> => await reading(dataFolder, (store) => store.commands(query)) ?? []

async function reading<T>(dataFolder: string, look: (store: FleetStore) => T): Promise<T | undefined> {
  // A folder that nothing was issued from gets no file by being asked.
  if (!await access(fleetFile(dataFolder)).then(() => true, () => false)) return undefined
  const store = openSqliteFleet(fleetFile(dataFolder))
  try { return look(store) } finally { store.close() }
}

export const fleetTools = { send, wait, list }
export type FleetTools = typeof fleetTools
