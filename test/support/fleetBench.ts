import { randomUUID } from 'node:crypto'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import type { AckStatus, CommandMessage } from '../../src/shared/fleet/command.schema.ts'
import type { FleetStore } from '../../src/shared/fleet/fleetStore.ts'
import { ackTopic } from '../../src/shared/fleet/topics.ts'
import type { ClientPower } from '../../src/main/core/fleet/escalateClient.ts'
import { createFleetService, type FleetService } from '../../src/main/core/fleet/commandService.ts'
import { createFrozenContract } from '../../src/main/drivers/mqtt/frozenContract.ts'
import { openSqliteFleet } from '../../src/main/drivers/storage/fleet/sqliteFleet.ts'
import { createVirtualClock, type VirtualClock } from './virtualClock.ts'

export interface Sent { readonly topic: string; readonly payload: string; readonly retain: boolean }

export interface FleetBench {
  readonly clock: VirtualClock
  readonly store: FleetStore
  readonly service: FleetService
  readonly sent: Sent[]
  readonly logged: string[]
  broker: { isUp: boolean; refuses: boolean }
  /** The commands that a client was sent on its canonical topic. */
  commandsOf(clientUuid: string): CommandMessage[]
  ack(clientUuid: string, commandId: string, status: AckStatus, topic?: string): void
  message(topic: string, payload: string | Uint8Array, retain?: boolean): void
  /** The server is gone, and starts anew on the same file. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface FleetBenchOptions {
  readonly file?: string
  readonly wallMs?: { jump: number }
  readonly transitional?: boolean
  readonly maxPages?: number
  readonly power?: ClientPower
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const ackText = (commandId: string, status: AckStatus): string => JSON.stringify({
  command_id: commandId, status, error_code: status === 'failed' ? 'execution_failed' : null, error_message: status === 'failed' ? 'exit code 1' : null,
})

/** The service on virtual time, with a broker that takes everything or nothing. */
export function openFleetBench({ file = ':memory:', wallMs = { jump: 0 }, transitional = false, maxPages, power }: FleetBenchOptions = {}): FleetBench {
  const virtual = createVirtualClock()
  const clock: VirtualClock = { ...virtual, wallMs: () => virtual.wallMs() + wallMs.jump }
  const sent: Sent[] = []
  const logged: string[] = []
  const broker = { isUp: true, refuses: false }
  const start = () => {
    const store = openSqliteFleet(file, maxPages === undefined ? {} : { maxPages })
    const service = createFleetService({
      store, clock, transitional, contract: createFrozenContract(), newId: randomUUID, via: 'here', log: (line) => { logged.push(line) },
      broker: {
        isConnected: () => broker.isUp,
        publish: async (topic, payload, { retain }) => {
          if (!broker.isUp || broker.refuses) throw new WorkbenchError('link/closed', 'The broker is away')
          sent.push({ topic, payload, retain })
          return Promise.resolve()
        },
      },
      power,
    })
    const over = new AbortController()
    return { store, service, over, running: service.run(over.signal) }
  }
  let now = start()
  const stop = async (): Promise<void> => { now.over.abort(); await now.running; now.store.close() }
  const message: FleetBench['message'] = (topic, payload, retain = false) => { now.service.receive([{ topic, payload: typeof payload === 'string' ? bytes(payload) : payload, retain }]) }
  return {
    clock, sent, logged, broker, message, stop,
    get store() { return now.store },
    get service() { return now.service },
    commandsOf: (clientUuid) => sent.filter(({ topic }) => topic === `infoscreen/${clientUuid}/commands`).map(({ payload }) => JSON.parse(payload) as CommandMessage),
    ack: (clientUuid, commandId, status, topic = ackTopic(clientUuid)) => { message(topic, ackText(commandId, status)) },
    restart: async () => { await stop(); now = start(); await clock.advance(1) },
  }
}
