import type { AckMessage } from './command.schema.ts'
import type { CommandEvent, FleetCommand, KeptAck } from './commandView.schema.ts'
import type { BulkItem, BulkRun, EscalationStep, FleetAlert, FleetClient, SecurityNote } from './fleetView.schema.ts'

export interface CommandQuery {
  readonly clientUuid?: string | undefined
  readonly group?: string | undefined
  readonly open?: boolean | undefined
  readonly limit: number
}

/** What a fleet has been told and what it said. Shared by every process that opens the same file; each method sees what the others wrote. */
export interface FleetStore {
  /** All of it or nothing, and nobody comes between; what is called within another one is part of that. Whatever is told to anybody is told after this has returned. */
  together<T>(work: () => T): T
  command(id: string): FleetCommand | undefined
  byKey(idempotencyKey: string): FleetCommand | undefined
  /** Most recent first. */
  commands(query: CommandQuery): FleetCommand[]
  /** Reboots of one client issued after that moment. */
  rebootsSince(clientUuid: string, sinceMs: number): FleetCommand[]
  /** Those not yet acknowledged by the broker. */
  queuedFor(via: string, limit: number): FleetCommand[]
  /** Those whose timer is up. */
  dueAt(nowMs: number, limit: number): FleetCommand[]
  nextDueMs(): number | undefined
  put(command: FleetCommand, dueMs: number | undefined, steps: readonly Omit<CommandEvent, 'number'>[]): void
  events(commandId: string): CommandEvent[]
  /** At most so many for each command; what comes beyond is not kept, and false is given. */
  keepAck(ack: AckMessage, more: Pick<KeptAck, 'atMs' | 'clientUuid' | 'verdict'>): boolean
  acks(commandId: string): KeptAck[]
  client(uuid: string): FleetClient | undefined
  clients(limit: number): FleetClient[]
  /** Those whose rule takes the step behind a lost reboot by itself. */
  escalatingClients(limit: number): FleetClient[]
  /** False when there is no room for another. */
  putClient(client: FleetClient): boolean
  /** Its commands stay. */
  removeClient(uuid: string): void
  putAlert(alert: FleetAlert): void
  alert(clientUuid: string): FleetAlert | undefined
  alerts(): FleetAlert[]
  /** Only the last of them are kept. */
  noteSecurity(note: Omit<SecurityNote, 'number'>): void
  security(limit: number): SecurityNote[]
  putBulk(run: BulkRun): void
  bulk(id: string): BulkRun | undefined
  bulks(limit: number): BulkRun[]
  bulkItems(id: string): BulkItem[]
  putBulkItem(id: string, item: BulkItem): void
  addEscalation(step: EscalationStep): void
  lastEscalation(clientUuid: string): EscalationStep | undefined
  /** The latest time that anything in it has; time of the server never goes back behind it. */
  latestMs(): number
  close(): void
}
