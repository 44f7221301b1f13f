import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { FleetCommand } from '../../../shared/fleet/commandView.schema.ts'
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

  /** Kept for all of them at once, before any is sent. */
  const markSent = (ids: readonly string[]): FleetCommand[] => ledger.write((page) => ids.flatMap((id) => {
    const found = store.command(id)
    if (found?.state !== 'queued') return []
    // The wire has the time of the wall; a message that is over by that clock is not sent, whatever ours says.
    const moved = page.move(found, { kind: clock.wallMs() >= found.expiresWallMs ? 'stale' : 'sent' }).command
    return moved.state === 'queued' ? [moved] : []
  }))
  const handOver = async (command: FleetCommand, signal: AbortSignal): Promise<string> => {
    const payload = JSON.stringify(messageOf(command))
    await broker.publish(commandTopic(command.clientUuid), payload, { retain: false }, signal)
    if (transitional) await broker.publish(transitionalCommandTopic(command.clientUuid), payload, { retain: false }, signal)
    return command.id
  }
  return async (signal) => {
    while (broker.isConnected() && !signal.aborted) {
      const ready = store.queuedFor(via, mostAtOnce * 2).filter(({ id }) => !underWay.has(id)).slice(0, mostAtOnce)
      if (ready.length === 0) return
      for (const { id } of ready) underWay.add(id)
      let results: PromiseSettledResult<string>[]
      try {
        results = await Promise.allSettled(markSent(ready.map(({ id }) => id)).map(async (command) => handOver(command, signal)))
        const taken = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
        ledger.write((page) => { for (const id of taken) { const now = store.command(id); if (now) page.move(now, { kind: 'published' }) } })
      } finally {
        for (const { id } of ready) underWay.delete(id)
      }
      const failed = results.find((each) => each.status === 'rejected')
      // It stays queued, and is tried again when there is a connection, or in a while.
      if (failed) { log(`a command was not handed over: ${failed.reason instanceof Error ? failed.reason.message : String(failed.reason)}`); return }
    }
  }
}
