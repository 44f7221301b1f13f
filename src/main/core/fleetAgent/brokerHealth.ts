import { heartbeatTopic, healthTopic } from '../../../shared/fleet/topics.ts'

export interface BrokerHealth {
  connected(): void
  disconnected(atText: string): void
  readonly reconnects: number
  /** What is told at each look: topic and text. */
  messages(atText: string): readonly (readonly [string, string])[]
}

/** Counted from the start of this process: 0 with the first connection, one more with each later one. */
export function createBrokerHealth(clientUuid: string, isDryRun: boolean): BrokerHealth {
  let connects = 0
  let lastDisconnectAt: string | null = null
  const reconnects = (): number => Math.max(0, connects - 1)
  return {
    connected: () => { connects += 1 },
    disconnected: (atText) => { lastDisconnectAt = atText },
    get reconnects() { return reconnects() },
    messages: (atText) => [
      [heartbeatTopic(clientUuid), JSON.stringify({ client_uuid: clientUuid, at: atText })],
      [healthTopic(clientUuid), JSON.stringify({ client_uuid: clientUuid, at: atText, mock_reboot: isDryRun, broker_connection: { reconnect_count: reconnects(), last_disconnect_at: lastDisconnectAt } })],
    ],
  }
}
