import { access, readFile } from 'node:fs/promises'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { CommandAction } from '../../shared/fleet/command.schema.ts'
import { type FleetCommand, isFinal } from '../../shared/fleet/commandView.schema.ts'
import { reasonOf } from '../drivers/errors/reasonOf.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { openSqliteFleet } from '../drivers/storage/fleet/sqliteFleet.ts'
import { fleetFile, openFleet } from './fleetDesk.ts'

export interface FleetSendRequest {
  readonly dataFolder: string
  readonly url: string
  readonly login?: { readonly user: string; readonly password: string } | undefined
  /** Of the authority that the broker's certificate comes from; the system's own ones otherwise. */
  readonly caFile?: string | undefined
  readonly clientUuid: string
  readonly action: CommandAction
  readonly reason?: string | undefined
  readonly idempotencyKey?: string | undefined
  readonly lifeMs: number
  readonly transitional: boolean
  readonly log: (line: string) => void
  /** Each time that its state is another, and once at the start. */
  readonly tell: (command: FleetCommand) => void
}

export interface FleetSent {
  readonly command: FleetCommand
  /** It goes on without us. */
  readonly wasLeft: boolean
}

/** One command, until its final state. When the signal aborts it is taken back if it was not handed over yet; else it goes its way, and that is said. */
async function send({ dataFolder, url, login, caFile, clientUuid, action, reason, idempotencyKey, lifeMs, transitional, log, tell }: FleetSendRequest, signal: AbortSignal): Promise<FleetSent> {
  const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8').catch((cause: unknown) => { throw new WorkbenchError('input/not-found', `The certificate ${caFile} cannot be read: ${reasonOf(cause)}`, { cause, hint: 'It is a file in PEM, of the authority that vouches for the broker' }) })
  const fleet = openFleet({ dataFolder, clock: createSystemClock(), broker: { url, login, ...(ca === undefined ? {} : { tls: { ca } }) }, transitional, log })
  const { service } = fleet
  try {
    let told: FleetCommand['state'] | undefined
    const { command } = service.issue({ clientUuid, action, reason: reason ?? null, idempotencyKey, lifeMs })
    const tellOnce = (changed: FleetCommand): void => { if (changed.id === command.id && changed.state !== told) { told = changed.state; tell(changed) } }
    tellOnce(command)
    service.listen(tellOnce)
    try {
      return { command: await service.ended(command.id, signal), wasLeft: false }
    } catch (error) {
      if (!signal.aborted) throw error
      const now = service.get(command.id).command
      if (isFinal(now.state)) return { command: now, wasLeft: false }
      try { return { command: service.cancel(command.id), wasLeft: false } } catch { return { command: now, wasLeft: true } }
    }
  } finally {
    await fleet.close()
  }
}

/** What was issued from this data folder, most recent first. */
async function list(dataFolder: string, query: { readonly clientUuid?: string | undefined; readonly open?: boolean | undefined; readonly limit: number }): Promise<FleetCommand[]> {
  // A folder that nothing was issued from gets no file by being asked.
  if (!await access(fleetFile(dataFolder)).then(() => true, () => false)) return []
  const store = openSqliteFleet(fleetFile(dataFolder))
  try { return store.commands(query) } finally { store.close() }
}

export const fleetTools = { send, list }
export type FleetTools = typeof fleetTools
