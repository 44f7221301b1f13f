import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { FleetStore } from '../../../shared/fleet/fleetStore.ts'
import { commandTopic, transitionalCommandTopic } from '../../../shared/fleet/topics.ts'
import { messageOf } from './issuing.ts'
import type { Ledger } from './ledger.ts'

/** The connection to a broker, as far as it is needed here. */
export interface BrokerDoor {
  isConnected(): boolean
  /** Resolves when the broker has it; rejects at once without a connection, and when the connection ends first. Never kept back for later. */
  publish(topic: string, payload: string, options: { readonly retain: boolean }, signal: AbortSignal): Promise<void>
}

const mostAtOnce = 64

export interface PublisherDeps {
  readonly store: FleetStore
  readonly ledger: Ledger
  readonly broker: BrokerDoor
  readonly clock: Pick<Clock, 'wallMs'>
  readonly via: string
  /** Also on the singular topics, for screens from before the contract was frozen. */
  readonly transitional: boolean
  readonly log: (line: string) => void
}

/** Hands queued commands to the broker, each until the broker says that it has it, and none whose time is over. */
export function createPublisher({ store, ledger, broker, clock, via, transitional, log }: PublisherDeps): (signal: AbortSignal) => Promise<void> {
  const underWay = new Set<string>()

  const publishOne = async (id: string, signal: AbortSignal): Promise<void> => {
    const command = ledger.write((page) => {
      const found = store.command(id)
      if (found?.state !== 'queued') return undefined
      // The wire has the time of the wall; a message that is over by that clock is not sent, whatever ours says.
      const moved = page.move(found, { kind: clock.wallMs() >= found.expiresWallMs ? 'stale' : 'sent' }).command
      return moved.state === 'queued' ? moved : undefined
    })
    if (!command) return
    const payload = JSON.stringify(messageOf(command))
    await broker.publish(commandTopic(command.clientUuid), payload, { retain: false }, signal)
    if (transitional) await broker.publish(transitionalCommandTopic(command.clientUuid), payload, { retain: false }, signal)
    ledger.write((page) => { const now = store.command(id); if (now) page.move(now, { kind: 'published' }) })
  }
  return async (signal) => {
    while (broker.isConnected() && !signal.aborted) {
      const ready = store.queuedFor(via, mostAtOnce * 2).filter(({ id }) => !underWay.has(id)).slice(0, mostAtOnce)
      if (ready.length === 0) return
      const results = await Promise.allSettled(ready.map(async ({ id }) => {
        underWay.add(id)
        try { await publishOne(id, signal) } finally { underWay.delete(id) }
      }))
      const failed = results.find((each) => each.status === 'rejected')
      // It stays queued, and is tried again when there is a connection, or in a while.
      if (failed) { log(`a command was not handed over: ${failed.reason instanceof Error ? failed.reason.message : String(failed.reason)}`); return }
    }
  }
}
