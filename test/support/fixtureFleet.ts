import { implement, ORPCError } from '@orpc/server'
import { approvalsContract } from '../../src/shared/contracts/approvals.contract.ts'
import { fleetContract, type FleetClientView, type FleetView } from '../../src/shared/contracts/fleet.contract.ts'
import type { Approval } from '../../src/shared/doors/doors.schema.ts'
import { type ErrorCode, toWire, WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import type { CommandAction } from '../../src/shared/fleet/command.schema.ts'
import { type FleetCommand, isFinal, type KeptAck } from '../../src/shared/fleet/commandView.schema.ts'
import { type BulkItem, type BulkRun, confirmationOf, type SecurityNote } from '../../src/shared/fleet/fleetView.schema.ts'
import { fleetSettingsSchema } from '../../src/shared/fleet/fleetSettings.schema.ts'

type Stream = <T>(first: readonly T[], listen: (tell: (value: T) => void) => () => void, signal: AbortSignal | undefined) => AsyncGenerator<T, void>

const hex = (number: number): string => number.toString(16).padStart(12, '0')
export const fixtureClient = (number: number): string => `5c4e${hex(number).slice(-4)}-0000-4000-8000-${hex(number)}`
const commandId = (number: number): string => `c0de0000-0000-4000-8000-${hex(number)}`
export const fixtureBulk = 'b0000000-0000-4000-8000-000000000001'
const fail = (code: ErrorCode, message: string, hint?: string): never => { throw new ORPCError('WORKBENCH', { status: 500, message, data: toWire(new WorkbenchError(code, message, { hint })) }) }

function newCommand(number: number, client: number, nowMs: number, more: Partial<FleetCommand> = {}): FleetCommand {
  const issuedAtMs = more.issuedAtMs ?? nowMs - 60_000
  return {
    id: commandId(number), clientUuid: fixtureClient(client), action: 'reboot_host', requestedBy: null, reason: null, issuedAt: new Date(issuedAtMs).toISOString(), expiresAt: new Date(issuedAtMs + 240_000).toISOString(),
    expiresWallMs: issuedAtMs + 240_000, issuedAtMs, expiresAtMs: issuedAtMs + 240_000, state: 'queued', times: { queued: issuedAtMs }, overdue: false, untimed: false, via: 'embedded', ...more,
  }
}

/** One client for each thing that can be seen of one. */
function firstCommands(nowMs: number): FleetCommand[] {
  const at = nowMs - 60_000
  const begun = { queued: at, published: at + 120, accepted: at + 340, execution_started: at + 900 }
  return [
    newCommand(1, 1, nowMs, { state: 'completed', times: { ...begun, awaiting_reconnect: at + 900, completed: at + 41_000 }, endedBy: 'ack', reason: 'Picture frozen since noon' }),
    newCommand(2, 2, nowMs, { state: 'awaiting_reconnect', times: { ...begun, awaiting_reconnect: at + 900 }, sentAtMs: at + 100 }),
    newCommand(3, 3, nowMs, { state: 'failed', times: { ...begun, failed: at + 1_400 }, endedBy: 'ack', errorCode: 'helper_missing', errorMessage: 'the helper is not installed' }),
    newCommand(4, 4, nowMs, { issuedAtMs: nowMs - 200_000, state: 'timed_out', times: { queued: nowMs - 200_000, published: nowMs - 199_900, timed_out: nowMs - 50_000 }, endedBy: 'timer' }),
    newCommand(5, 5, nowMs, { state: 'blocked', times: { queued: at, blocked: at }, endedBy: 'policy', blockedBy: 'lockout', retryAfterS: 540 }),
    newCommand(6, 6, nowMs, { times: { queued: at } }),
    newCommand(7, 7, nowMs, { action: 'shutdown_host', state: 'completed', times: { ...begun, completed: at + 31_000 }, endedBy: 'observed' }),
    newCommand(8, 8, nowMs, { state: 'awaiting_reconnect', times: { ...begun, awaiting_reconnect: at + 900 }, overdue: true, sentAtMs: at + 100 }),
  ]
}
function clientOf(number: number, nowMs: number, more: Partial<FleetClientView> = {}): FleetClientView {
  return { uuid: fixtureClient(number), name: `screen-${String(number).padStart(2, '0')}`, lastSeenMs: nowMs - 8_000, lastHeartbeatMs: nowMs - 8_000, reconnectCount: 0, lastDisconnectAt: null, reconnects: [], hasPoe: false, powerCycleAllowed: false, escalatesAlone: false, lockout: { used: 0, most: 3 }, hasPoorLink: false, recentReconnects: 0, ...more }
}
function firstClients(nowMs: number, count: number): FleetClientView[] {
  const special: Readonly<Record<number, Partial<FleetClientView>>> = {
    2: { lockout: { used: 1, most: 3 } }, 4: { lastSeenMs: nowMs - 240_000, lastHeartbeatMs: nowMs - 240_000, lockout: { used: 1, most: 3 } }, 5: { lockout: { used: 3, most: 3, retryAfterS: 480 } },
    7: { lastDisconnectMs: nowMs - 2_000 }, 9: { hasPoorLink: true, recentReconnects: 7, reconnectCount: 31, lastDisconnectAt: '2026-11-21T10:12:00Z' },
    10: { alert: { clientUuid: fixtureClient(10), unit: 'infoscreen.service', failedAt: '2026-11-21T10:02:11Z', seenAtMs: nowMs - 700_000 } },
  }
  return Array.from({ length: count }, (_, index) => clientOf(index + 1, nowMs, special[index + 1]))
}
function firstNotes(nowMs: number): SecurityNote[] {
  return [
    { number: 3, atMs: nowMs - 5_000, kind: 'foreign_client', clientUuid: fixtureClient(9), detail: `ack for ${commandId(1)}` },
    { number: 2, atMs: nowMs - 65_000, kind: 'malformed', clientUuid: fixtureClient(3), detail: 'an ack that breaks the contract: status is none of accepted, execution_started, completed, failed' },
    { number: 1, atMs: nowMs - 900_000, kind: 'foreign_topic', clientUuid: '', detail: 'infoscreen/all/commands/ack' },
  ]
}

/** Clients, commands and a bulk run that stand still until a test moves them; a new one has no broker. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the routes' type is oRPC's
export function createFixtureFleet(stream: Stream, calls: string[], nowMs: () => number, isNew: boolean) {
  const contract = implement(fleetContract)
  let clients = isNew ? [] : firstClients(nowMs(), 12)
  let commands = isNew ? [] : firstCommands(nowMs())
  let notes = isNew ? [] : firstNotes(nowMs())
  const items: BulkItem[] = Array.from({ length: 40 }, (_, index) => ({ clientUuid: fixtureClient(index + 1), position: index, ...(index < 8 ? { state: 'issued' as const, commandId: commandId(index + 1) } : { state: 'stopped' as const }) }))
  const bulk: BulkRun = { id: fixtureBulk, action: 'reboot_host', reason: 'Nightly restart', requestedBy: null, via: 'embedded', createdAtMs: nowMs() - 220_000, state: 'stopped', why: '2 of 4 failed or timed out, which is more than 5 %: roll back, and look at those first' }
  let view: FleetView = {
    broker: isNew ? { state: 'off', reconnectCount: 0 } : { state: 'connected', url: 'mqtt://127.0.0.1:1883', reconnectCount: 0 },
    settings: fleetSettingsSchema.parse(isNew ? {} : { enabled: true, clients: [1, 2, 3].map(fixtureClient) }), nowMs: nowMs(), open: commands.filter(({ state }) => !isFinal(state)).length,
    alerts: clients.flatMap(({ alert }) => alert ?? []), bulks: isNew ? [] : [bulk],
  }
  const viewers = new Set<(view: FleetView) => void>()
  const hearers = new Set<(command: FleetCommand) => void>()
  const change = (more: Partial<FleetView> = {}): void => { view = { ...view, ...more, open: commands.filter(({ state }) => !isFinal(state)).length, alerts: clients.flatMap(({ alert }) => alert ?? []) }; for (const tell of viewers) tell(view) }
  const told = {
    change,
    put: (command: FleetCommand): void => { commands = [command, ...commands.filter(({ id }) => id !== command.id)]; for (const tell of hearers) tell(command); change() },
    commands: () => commands,
    clients: (how: (list: FleetClientView[]) => FleetClientView[]): void => { clients = how(clients); change() },
    /** As many as a large fleet has. */
    grow: (count: number): void => { clients = firstClients(nowMs(), count); change() },
    notes: (list: SecurityNote[]): void => { notes = list; change() },
    newCommand: (number: number, client: number, more: Partial<FleetCommand> = {}) => newCommand(number, client, nowMs(), more),
  }
  const isFree = (uuid: string, action: CommandAction): boolean => !commands.some((each) => each.clientUuid === uuid && !isFinal(each.state) && each.action === action)
  const verdictOf = (uuid: string, action: CommandAction) => {
    const retryAfterS = clients.find((each) => each.uuid === uuid)?.lockout.retryAfterS
    return !isFree(uuid, action) ? { clientUuid: uuid, verdict: 'busy' as const } : action === 'reboot_host' && retryAfterS !== undefined ? { clientUuid: uuid, verdict: 'blocked' as const, retryAfterS } : { clientUuid: uuid, verdict: 'ready' as const }
  }
  const find = (id: string): FleetCommand => commands.find((each) => each.id === id) ?? fail('input/not-found', `There is no command ${id}`)
  const acksOf = (command: FleetCommand): KeptAck[] => {
    const ack = (number: number, afterMs: number, status: KeptAck['status'], verdict: KeptAck['verdict'], clientUuid = command.clientUuid): KeptAck => ({ number, atMs: command.issuedAtMs + afterMs, commandId: command.id, clientUuid, status, errorCode: null, errorMessage: null, verdict })
    if (command.times.accepted === undefined) return command.state === 'timed_out' ? [ack(1, 151_000, 'completed', 'late')] : []
    return [ack(1, 340, 'accepted', 'moved'), ack(2, 350, 'accepted', 'repeated'), ack(3, 900, 'execution_started', 'moved'), ...(command.state === 'completed' && command.endedBy === 'ack' ? [ack(4, 20_000, 'completed', 'foreign', fixtureClient(9)), ack(5, 41_000, 'completed', 'moved')] : [])]
  }
  const canary = { ended: 4, bad: 2, ratio: 0.5, isTriggered: true }
  const routes = {
    watch: contract.watch.handler(({ signal }) => stream([view], (tell) => { viewers.add(tell); return () => { viewers.delete(tell) } }, signal)),
    watchCommands: contract.watchCommands.handler(({ signal }) => stream<FleetCommand>([], (tell) => { hearers.add(tell); return () => { hearers.delete(tell) } }, signal)),
    list: contract.list.handler(({ input }) => commands.filter(({ clientUuid }) => input.clientUuid === undefined || input.clientUuid === clientUuid).toSorted((a, b) => b.issuedAtMs - a.issuedAtMs).slice(0, input.limit)),
    get: contract.get.handler(({ input }) => {
      const command = find(input.id)
      return { command, acks: acksOf(command), events: Object.entries(command.times).toSorted(([, a], [, b]) => a - b).map(([what, atMs], index) => ({ number: index + 1, atMs, commandId: command.id, what: what as FleetCommand['state'] })) }
    }),
    issue: contract.issue.handler(({ input }) => {
      calls.push(`fleet ${input.action} ${input.clientUuid} ${input.reason ?? ''}`.trim())
      if (!isFree(input.clientUuid, input.action)) return fail('input/conflict', `This client has a ${input.action} that has not ended yet`, 'Wait for its end, or cancel it while it is queued')
      const command = newCommand(100 + commands.length, Number.parseInt(input.clientUuid.slice(-12), 16), nowMs(), { action: input.action, issuedAtMs: nowMs(), reason: input.reason ?? null })
      told.put(command)
      return { command, repeated: false }
    }),
    cancel: contract.cancel.handler(({ input }) => {
      calls.push(`fleet cancel ${input.id}`)
      const command = find(input.id)
      const canceled: FleetCommand = { ...command, state: 'canceled', times: { ...command.times, canceled: nowMs() }, endedBy: 'person' }
      told.put(canceled)
      return canceled
    }),
    previewBulk: contract.previewBulk.handler(({ input }) => ({ confirmation: confirmationOf(input.action, input.clients.length), items: input.clients.map((uuid) => verdictOf(uuid, input.action)) })),
    issueBulk: contract.issueBulk.handler(({ input }) => {
      if (input.confirmation !== confirmationOf(input.action, input.clients.length)) return fail('input/conflict', 'The confirmation is not for this run')
      calls.push(`fleet bulk ${input.action} ${String(input.clients.length)}`)
      return { run: bulk, items, canary }
    }),
    bulk: contract.bulk.handler(() => ({ run: bulk, items, canary })),
    clients: contract.clients.handler(({ input }) => clients.slice(0, input.limit)),
    setClient: contract.setClient.handler(({ input: { uuid, cameraId, escalatesAlone, ...given } }) => {
      const rules = { ...given, ...(escalatesAlone === undefined ? {} : { escalatesAlone }) }
      calls.push(`fleet client ${uuid} ${JSON.stringify({ ...rules, ...(cameraId === undefined ? {} : { cameraId }) })}`)
      told.clients((list) => list.map((each) => (each.uuid === uuid ? { ...each, ...rules, ...(cameraId === undefined ? {} : { cameraId: cameraId ?? undefined }) } : each)))
      return {}
    }),
    clearAlert: contract.clearAlert.handler(({ input }) => { calls.push(`fleet clear ${input.clientUuid}`); told.clients((list) => list.map(({ alert, ...each }) => (each.uuid === input.clientUuid || !alert ? each : { ...each, alert }))); return {} }),
    escalate: contract.escalate.handler(({ input }) => { calls.push(`fleet escalate ${input.id}`); return { step: 'manual' as const, why: 'No managed PoE port is known for this client' } }),
    security: contract.security.handler(({ input }) => notes.slice(0, input.limit)),
    setBroker: contract.setBroker.handler(({ input: { password, ...settings } }) => {
      calls.push(`fleet broker ${settings.broker} ${settings.enabled ? 'open' : 'closed'}${password === undefined ? '' : ' with a password'}`)
      if (settings.port === 1) return fail('host/io', 'Port 1 of 127.0.0.1 is in use', 'Choose another port')
      change({ settings, broker: settings.enabled ? { state: 'connected', url: settings.url ?? `mqtt://${settings.address}:${String(settings.port)}`, reconnectCount: 0 } : { state: 'off', reconnectCount: 0 } })
      return view.broker
    }),
    addAccount: contract.addAccount.handler(({ input }) => { calls.push(`fleet account ${input.uuid}`); change({ settings: { ...view.settings, clients: [...view.settings.clients, input.uuid] } }); return { user: `infoscreen-client-${input.uuid.slice(0, 8)}`, password: '6d0c5a2f9e1b4c7d8a3e' } }),
  }
  return { routes, told }
}

/** No plan waits until a test asks for one. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the routes' type is oRPC's
export function createFixtureApprovals(stream: Stream, calls: string[], nowMs: () => number) {
  const contract = implement(approvalsContract)
  let list: Approval[] = []
  const listeners = new Set<(list: Approval[]) => void>()
  const set = (next: Approval[]): void => { list = next; for (const tell of listeners) tell(list) }
  return {
    told: { ask: (hash: string, words: string): void => { set([...list, { hash, words, askedAtMs: nowMs() - 40_000, state: 'waiting' }]) }, list: () => list },
    routes: {
      watch: contract.watch.handler(({ signal }) => stream([list], (tell) => { listeners.add(tell); return () => { listeners.delete(tell) } }, signal)),
      decide: contract.decide.handler(({ input }) => {
        calls.push(`approve ${input.isApproved ? 'yes' : 'no'} ${input.hash.slice(0, 4)}`)
        const found = list.find(({ hash }) => hash === input.hash) ?? fail('input/not-found', 'No plan of that hash waits')
        const decided: Approval = { ...found, state: input.isApproved ? 'approved' : found.state }
        set(list.flatMap((each) => (each.hash !== input.hash ? [each] : input.isApproved ? [decided] : [])))
        return decided
      }),
    },
  }
}
