import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { AckMessage } from '../../../shared/fleet/command.schema.ts'
import { ackTopic, transitionalAckTopic } from '../../../shared/fleet/topics.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { agentLimits, type AgentLink } from './agentParts.ts'

/** Acknowledgements on their way: kept while there is no broker, told in order, gone when the broker has confirmed them. */
export interface Outbox {
  waiting(): readonly AckMessage[]
  push(acks: readonly AckMessage[]): void
  /** Until nothing waits, or the broker is away; what could not be told stays first in the queue. */
  pump(signal: AbortSignal): Promise<void>
}

export interface OutboxOptions {
  readonly clientUuid: string
  readonly clock: Clock
  readonly link: AgentLink
  readonly first: readonly AckMessage[]
  readonly onDrained: () => void
}

export function createOutbox({ clientUuid, clock, link, first, onDrained }: OutboxOptions): Outbox {
  const items: AckMessage[] = [...first]
  let pumping: Promise<void> | undefined
  const tell = async (ack: AckMessage, signal: AbortSignal): Promise<void> => {
    const text = JSON.stringify(ack)
    // Both names, as long as there are servers that listen to one of them only.
    for (const topic of [ackTopic(clientUuid), transitionalAckTopic(clientUuid)]) {
      await withDeadline(clock, agentLimits.publishMs, 'An acknowledgement', signal, async (within) => link.publish(topic, text, within))
    }
  }
  const run = async (signal: AbortSignal): Promise<void> => {
    for (let ack = items[0]; ack && link.isConnected; ack = items[0]) {
      try {
        await tell(ack, signal)
      } catch (error) {
        signal.throwIfAborted()
        // The broker went away in between. It is told again then, and twice is no harm.
        if (error instanceof WorkbenchError) return
        throw error
      }
      items.shift()
    }
    if (items.length === 0) onDrained()
  }
  return {
    waiting: () => items,
    push: (acks) => {
      // One that waits already says all that a second one would.
      items.push(...acks.filter((ack) => !items.some((each) => each.command_id === ack.command_id && each.status === ack.status)))
    },
    pump: async (signal) => {
      if (items.length === 0) return
      pumping ??= run(signal).finally(() => { pumping = undefined })
      await pumping
    },
  }
}
