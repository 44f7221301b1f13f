import { toWire, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { CommandMessage } from '../../../shared/fleet/command.schema.ts'
import { type CommandEvent, type FleetCommand, isFinal, type KeptAck } from '../../../shared/fleet/commandView.schema.ts'
import type { CommandQuery, FleetStore } from '../../../shared/fleet/fleetStore.ts'
import type { SecurityNote } from '../../../shared/fleet/fleetView.schema.ts'
import { readTopic, serviceFailedTopic } from '../../../shared/fleet/topics.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { type FleetMessage, takeAck } from './ackIntake.ts'
import { type BulkRuns, createBulkRuns } from './bulkRuns.ts'
import { createClientBook } from './clientBook.ts'
import { issueOn, type Issued, type IssueWish } from './issuing.ts'
import { type ClientPower, escalateClient, type Escalated } from './escalateClient.ts'
import { createLedger } from './ledger.ts'
import { createLoneEscalation } from './loneEscalation.ts'
import { newsOrLate } from './newsOrLate.ts'
import { type BrokerDoor, createPublisher } from './publisher.ts'
import { createSteadyTime } from './steadyTime.ts'

const lookEveryMs = 5_000
const dueAtOnce = 200

export interface FleetServiceDeps {
  readonly store: FleetStore
  readonly clock: Clock
  readonly broker: BrokerDoor
  readonly contract: { readonly command: (message: CommandMessage) => string | undefined; readonly ack: (value: unknown) => string | undefined }
  readonly newId: () => string
  readonly via: string
  readonly transitional: boolean
  readonly log: (line: string) => void
  /** Absent where there is no rack: then every escalation is for a person. */
  readonly power?: ClientPower | undefined
}

export interface CommandHistory {
  readonly command: FleetCommand
  readonly events: readonly CommandEvent[]
  readonly acks: readonly KeptAck[]
}

export interface FleetService {
  issue(wish: IssueWish): Issued
  cancel(id: string): FleetCommand
  get(id: string): CommandHistory
  list(query: CommandQuery): FleetCommand[]
  readonly bulk: BulkRuns
  /** All are kept or none. Throws only when they cannot be kept; the broker is to send them again then. */
  receive(messages: readonly FleetMessage[]): void
  /** What a broker of our own sees of a client's connection. */
  clientGone(clientUuid: string): void
  clientSeen(clientUuid: string): void
  /** At the broker first, and only then here. */
  clearAlert(clientUuid: string, signal: AbortSignal): Promise<void>
  /** The step behind a command that did not bring its client back. */
  escalate(commandId: string): Promise<Escalated>
  /** Timers that are up; all of them are on the disk, so that a start is nothing special. */
  sweep(): void
  /** Looks at timers and hands commands over, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  /** The link is there, or something else is worth a look. */
  wake(): void
  listen(heard: (command: FleetCommand) => void): () => void
  onChange(heard: () => void): () => void
  ended(id: string, signal: AbortSignal): Promise<FleetCommand>
  now(): number
}

export function createFleetService(deps: FleetServiceDeps): FleetService {
  const { store, clock, broker, contract, newId, via, log } = deps
  const now = createSteadyTime(clock, store.latestMs())
  const ledger = createLedger(store, now)
  const bell = createBell()
  const changes = new Set<() => void>()
  const changed = (): void => { ledger.afterwards(() => { for (const heard of [...changes]) heard() }) }
  const note = (kind: SecurityNote['kind'], clientUuid: string, detail: string): void => { store.noteSecurity({ atMs: now(), kind, clientUuid, detail: detail.slice(0, 500) }); changed() }
  const clients = createClientBook({ store, now, note, changed })
  const issuing = { store, newId, wallMs: clock.wallMs, via, check: contract.command }
  const bulk = createBulkRuns({ ledger, issuing, now, changed: () => { changed(); bell.ring() } })
  const publish = createPublisher({ ...deps, ledger })
  const intake = { store, ledger, note, check: contract.ack }

  const escalate = async (command: FleetCommand): Promise<Escalated> => escalateClient(command, { store, now, changed, power: deps.power })
  const lone = deps.power ? createLoneEscalation({ store, now, isConnected: broker.isConnected, escalate, log }) : undefined

  const moveOpen = (clientUuid: string, kind: 'gone' | 'seen'): void => {
    for (const command of store.commands({ clientUuid, open: true, limit: 20 })) ledger.write((page) => { const fresh = store.command(command.id); if (fresh) page.move(fresh, { kind }) })
  }
  const receive = (message: FleetMessage): void => {
    const topic = readTopic(message.topic)
    if (!topic) { note('foreign_topic', '', message.topic.slice(0, 200)); return }
    switch (topic.kind) {
      case 'ack': takeAck(intake, topic.clientUuid, message); return
      case 'heartbeat': case 'health':
        clients[topic.kind](topic.clientUuid, message)
        if (!message.retain) moveOpen(topic.clientUuid, 'seen')
        return
      case 'serviceFailed': clients.serviceFailed(topic.clientUuid, message); return
      case 'command': case 'logs': return
    }
  }
  const sweep = (): void => {
    for (let rounds = 0; rounds < 1_000; rounds += 1) {
      const due = store.dueAt(now(), dueAtOnce)
      if (due.length === 0) break
      ledger.write((page) => { for (const { id } of due) { const fresh = store.command(id); if (fresh) page.move(fresh, { kind: 'tick' }) } })
    }
    bulk.pumpAll()
  }
  const known = (id: string): FleetCommand => {
    const command = store.command(id)
    if (!command) throw new WorkbenchError('input/not-found', `There is no command ${id}`)
    return command
  }
  ledger.listen((command) => {
    changed()
    bell.ring()
    if (command.group !== undefined && isFinal(command.state)) bulk.pump(command.group)
  })

  return {
    bulk, sweep, now,
    wake: bell.ring,
    listen: ledger.listen,
    onChange: (heard) => { changes.add(heard); return () => { changes.delete(heard) } },
    issue: (wish) => ledger.write((page) => issueOn(page, wish, issuing)),
    cancel: (id) => {
      const { command } = ledger.write((page) => page.move(known(id), { kind: 'cancel' }))
      if (command.state === 'canceled') return command
      throw new WorkbenchError('input/conflict', isFinal(command.state) ? `This command has ended: ${command.state}` : 'This command was handed over already; nobody can take it back', { context: { state: command.state, reason: 'HandedOver' } })
    },
    get: (id) => ({ command: known(id), events: store.events(id), acks: store.acks(id) }),
    list: store.commands,
    receive: (messages) => { ledger.together(() => { for (const message of messages) receive(message) }) },
    clientGone: (clientUuid) => { clients.gone(clientUuid); moveOpen(clientUuid, 'gone') },
    clientSeen: (clientUuid) => { clients.seen(clientUuid); moveOpen(clientUuid, 'seen') },
    clearAlert: async (clientUuid, signal) => {
      const alert = store.alert(clientUuid)
      if (!alert || alert.clearedAtMs !== undefined) return
      await broker.publish(serviceFailedTopic(clientUuid), '', { retain: true }, signal)
      store.putAlert({ ...alert, clearedAtMs: now() })
      changed()
    },
    escalate: async (commandId) => escalate(known(commandId)),
    ended: async (id, signal) => {
      for (;;) {
        const news = bell.next(signal)
        news.catch(() => undefined)
        const command = known(id)
        if (isFinal(command.state)) return command
        await newsOrLate(clock, news, lookEveryMs, signal)
        signal.throwIfAborted()
      }
    },
    run: async (signal) => {
      let publishing: Promise<void> | undefined
      while (!signal.aborted) {
        const news = bell.next(signal)
        news.catch(() => undefined)
        let waitMs = lookEveryMs
        try {
          sweep()
          lone?.look()
          publishing ??= publish(signal).catch((error: unknown) => { log(`commands are not handed over: ${toWire(error).message}`) }).finally(() => { publishing = undefined })
          waitMs = Math.min(lookEveryMs, Math.max(1, (store.nextDueMs() ?? Infinity) - now()))
        } catch (error) {
          // A disk that is full today has room tomorrow; until then nothing is told that is not kept.
          log(`the journal of fleet commands cannot be written: ${toWire(error).message}`)
        }
        await newsOrLate(clock, news, waitMs, signal)
      }
      await publishing
      await lone?.settled()
    },
  }
}
