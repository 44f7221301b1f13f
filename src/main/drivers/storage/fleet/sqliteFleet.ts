import type { z } from 'zod'
import { commandEventSchema, fleetCommandSchema, type FleetCommand, keptAckSchema } from '../../../../shared/fleet/commandView.schema.ts'
import type { FleetStore } from '../../../../shared/fleet/fleetStore.ts'
import { bulkItemSchema, bulkRunSchema, escalationStepSchema, fleetAlertSchema, fleetClientSchema, securityNoteSchema } from '../../../../shared/fleet/fleetView.schema.ts'
import { guarded, inTransaction, openDatabase } from '../sqliteFile.ts'
import { fleetTables } from './fleetTables.ts'

const what = 'journal of fleet commands'
/** A screen that repeats itself for ever fills no disk: four can move a command, the others only show that they came. */
const mostAcksEach = 40
const mostSecurityNotes = 5_000
const mostClients = 20_000

type Row = Readonly<Record<string, unknown>>
const wholeOf = <T extends z.ZodType>(schema: T) => (row: Row): z.infer<T> => schema.parse(JSON.parse(String(row['json'])))
const commandOf = wholeOf(fleetCommandSchema)

export interface FleetFileOptions {
  /** For tests of a disk that is full. */
  readonly maxPages?: number
}

export function openSqliteFleet(file: string, { maxPages }: FleetFileOptions = {}): FleetStore {
  const database = openDatabase(file, { what, schema: fleetTables, version: 1 })
  if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${maxPages}`)
  const all = (sql: string): ((...values: (string | number)[]) => Row[]) => { const made = database.prepare(sql); return (...values) => guarded(file, () => made.all(...values), what) }
  const run = (sql: string): ((...values: (string | number | null)[]) => void) => { const made = database.prepare(sql); return (...values) => { guarded(file, () => made.run(...values), what) } }
  const byId = all('SELECT json FROM commands WHERE id = ?')
  const byKey = all('SELECT json FROM commands WHERE idempotency_key = ?')
  const reboots = all(`SELECT json FROM commands WHERE client = ? AND action = 'reboot_host' AND issued_ms > ? ORDER BY number DESC LIMIT 1000`)
  const queued = all(`SELECT json FROM commands WHERE state = 'queued' AND via = ? ORDER BY number LIMIT ?`)
  const due = all('SELECT json FROM commands WHERE due_ms <= ? ORDER BY due_ms LIMIT ?')
  const nextDue = all('SELECT MIN(due_ms) AS due FROM commands WHERE due_ms IS NOT NULL')
  const putCommand = run(`INSERT INTO commands (id, client, action, state, issued_ms, due_ms, chosen_group, via, idempotency_key, json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, due_ms = excluded.due_ms, json = excluded.json`)
  const addEvent = run('INSERT INTO command_events (command, at_ms, what, detail) VALUES (?, ?, ?, ?)')
  const eventsOf = all('SELECT number, at_ms AS atMs, command AS commandId, what, detail FROM command_events WHERE command = ? ORDER BY number')
  const countAcks = all('SELECT COUNT(*) AS count FROM acks WHERE command = ?')
  const addAck = run('INSERT INTO acks (at_ms, command, client, status, error_code, error_message, verdict) VALUES (?, ?, ?, ?, ?, ?, ?)')
  const acksOf = all('SELECT number, at_ms AS atMs, command AS commandId, client AS clientUuid, status, error_code AS errorCode, error_message AS errorMessage, verdict FROM acks WHERE command = ? ORDER BY number')
  const oneClient = all('SELECT json FROM clients WHERE uuid = ?')
  const someClients = all('SELECT json FROM clients ORDER BY uuid LIMIT ?')
  const escalatingClients = all(`SELECT json FROM clients WHERE json_extract(json, '$.escalatesAlone') = 1 ORDER BY uuid LIMIT ?`)
  const countClients = all('SELECT COUNT(*) AS count FROM clients')
  const putClient = run('INSERT OR REPLACE INTO clients (uuid, json) VALUES (?, ?)')
  const removeClient = run('DELETE FROM clients WHERE uuid = ?')
  const oneAlert = all('SELECT json FROM alerts WHERE client = ?')
  const allAlerts = all('SELECT json FROM alerts ORDER BY client LIMIT 20000')
  const putAlert = run('INSERT OR REPLACE INTO alerts (client, json) VALUES (?, ?)')
  const addNote = run('INSERT INTO security (at_ms, kind, client, detail) VALUES (?, ?, ?, ?)')
  const dropNotes = run(`DELETE FROM security WHERE number <= (SELECT MAX(number) FROM security) - ${mostSecurityNotes}`)
  const notes = all('SELECT number, at_ms AS atMs, kind, client AS clientUuid, detail FROM security ORDER BY number DESC LIMIT ?')
  const putBulk = run('INSERT INTO bulks (id, json) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET json = excluded.json')
  const oneBulk = all('SELECT json FROM bulks WHERE id = ?')
  const someBulks = all('SELECT json FROM bulks ORDER BY number DESC LIMIT ?')
  const itemsOf = all('SELECT json FROM bulk_items WHERE bulk = ? ORDER BY position')
  const putItem = run('INSERT OR REPLACE INTO bulk_items (bulk, position, json) VALUES (?, ?, ?)')
  const addEscalation = run('INSERT INTO escalations (client, at_ms, json) VALUES (?, ?, ?)')
  const lastEscalation = all('SELECT json FROM escalations WHERE client = ? ORDER BY number DESC LIMIT 1')
  const latest = all('SELECT MAX((SELECT COALESCE(MAX(at_ms), 0) FROM command_events WHERE number = (SELECT MAX(number) FROM command_events)), (SELECT COALESCE(MAX(at_ms), 0) FROM escalations)) AS latest')
  const first = <T>(rows: Row[], read: (row: Row) => T): T | undefined => (rows[0] ? read(rows[0]) : undefined)

  // Within another one it is part of that.
  const together: FleetStore['together'] = (work) => (database.isTransaction ? work() : guarded(file, () => inTransaction(database, work), what))

  return {
    together,
    command: (id) => first(byId(id), commandOf),
    byKey: (key) => first(byKey(key), commandOf),
    commands: ({ clientUuid, group, open, limit }) => {
      const where: string[] = [], values: string[] = []
      if (clientUuid !== undefined) { where.push('client = ?'); values.push(clientUuid) }
      if (group !== undefined) { where.push('chosen_group = ?'); values.push(group) }
      if (open !== undefined) where.push(open ? 'due_ms IS NOT NULL' : 'due_ms IS NULL')
      return all(`SELECT json FROM commands ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY number DESC LIMIT ?`)(...values, limit).map(commandOf)
    },
    rebootsSince: (client, sinceMs) => reboots(client, sinceMs).map(commandOf),
    queuedFor: (via, limit) => queued(via, limit).map(commandOf),
    dueAt: (nowMs, limit) => due(nowMs, limit).map(commandOf),
    nextDueMs: () => { const at = nextDue()[0]?.['due']; return typeof at === 'number' ? at : undefined },
    put: (command, dueMs, steps) => {
      putCommand(...columnsOf(command, dueMs))
      for (const { commandId, atMs, what: step, detail } of steps) addEvent(commandId, atMs, step, detail ?? null)
    },
    events: (id) => eventsOf(id).map(({ detail, ...row }) => commandEventSchema.parse({ ...row, ...(detail === null ? {} : { detail }) })),
    keepAck: ({ command_id, status, error_code, error_message }, { atMs, clientUuid, verdict }) => {
      if (Number(countAcks(command_id)[0]?.['count']) >= mostAcksEach) return false
      addAck(atMs, command_id, clientUuid, status, error_code, error_message, verdict)
      return true
    },
    acks: (id) => acksOf(id).map((row) => keptAckSchema.parse(row)),
    client: (uuid) => first(oneClient(uuid), wholeOf(fleetClientSchema)),
    clients: (limit) => someClients(limit).map(wholeOf(fleetClientSchema)),
    escalatingClients: (limit) => escalatingClients(limit).map(wholeOf(fleetClientSchema)),
    putClient: (client) => {
      if (oneClient(client.uuid).length === 0 && Number(countClients()[0]?.['count']) >= mostClients) return false
      putClient(client.uuid, JSON.stringify(client))
      return true
    },
    removeClient: (uuid) => { removeClient(uuid) },
    putAlert: (alert) => { putAlert(alert.clientUuid, JSON.stringify(alert)) },
    alert: (client) => first(oneAlert(client), wholeOf(fleetAlertSchema)),
    alerts: () => allAlerts().map(wholeOf(fleetAlertSchema)),
    noteSecurity: ({ atMs, kind, clientUuid, detail }) => { together(() => { addNote(atMs, kind, clientUuid, detail); dropNotes() }) },
    security: (limit) => notes(limit).map((row) => securityNoteSchema.parse(row)),
    putBulk: (bulk) => { putBulk(bulk.id, JSON.stringify(bulk)) },
    bulk: (id) => first(oneBulk(id), wholeOf(bulkRunSchema)),
    bulks: (limit) => someBulks(limit).map(wholeOf(bulkRunSchema)),
    bulkItems: (id) => itemsOf(id).map(wholeOf(bulkItemSchema)),
    putBulkItem: (id, item) => { putItem(id, item.position, JSON.stringify(item)) },
    addEscalation: (step) => { addEscalation(step.clientUuid, step.atMs, JSON.stringify(step)) },
    lastEscalation: (client) => first(lastEscalation(client), wholeOf(escalationStepSchema)),
    latestMs: () => Number(latest()[0]?.['latest'] ?? 0),
    close: () => { if (database.isOpen) database.close() },
  }
}

const columnsOf = (command: FleetCommand, dueMs: number | undefined): (string | number | null)[] => [
  command.id, command.clientUuid, command.action, command.state, command.issuedAtMs, dueMs ?? null, command.group ?? null, command.via, command.idempotencyKey ?? null, JSON.stringify(command),
]
