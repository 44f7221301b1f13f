import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { fleetUuidSchema } from '../../../shared/fleet/command.schema.ts'
import { clientSubscriptions } from '../../../shared/fleet/topics.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { type BrokerLink, type BrokerLinkOptions, openBrokerLink } from '../mqtt/brokerLink.ts'

const firstPauseMs = 1_000
const mostPauseMs = 60_000

export interface AgentLinkOptions {
  /** mqtt:// or mqtts:// */
  readonly url: string
  readonly clientUuid: string
  readonly clock: Clock
  /** The login at the broker, which is not who the screen is. */
  readonly user?: string | undefined
  readonly password?: string | undefined
  readonly tls?: BrokerLinkOptions['tls']
  /** From 0 to 1: a thousand screens do not come back in the same moment. */
  readonly random: () => number
  readonly firstPauseMs?: number | undefined
  readonly log: (line: string) => void
  /** Another voice of the same screen: it takes no session over, and hears no commands. */
  readonly speaksOnly?: boolean | undefined
}

export interface AgentListener {
  /** The broker may forget the message once this resolves. */
  onMessage(message: { readonly bytes: Uint8Array; readonly retained: boolean }): Promise<void>
  onConnected(): void
  onDisconnected(): void
}

export interface BrokerOfAgent {
  readonly isConnected: boolean
  publish(topic: string, text: string, signal: AbortSignal, how?: { readonly retain: boolean }): Promise<void>
  /** Tries until it is closed, and waits for nothing. */
  open(listener: AgentListener): void
  close(): Promise<void>
}

/** One screen at its broker: a session that outlives the connection, so that what comes meanwhile is kept. */
export function createAgentLink({ url, clientUuid, clock, user, password = '', tls, random, firstPauseMs: firstMs = firstPauseMs, log, speaksOnly = false }: AgentLinkOptions): BrokerOfAgent {
  fleetUuidSchema.parse(clientUuid)
  let link: BrokerLink | undefined
  return {
    get isConnected() { return link?.isConnected() ?? false },
    publish: async (topic, text, signal, { retain } = { retain: false }) => {
      if (!link) throw new WorkbenchError('link/closed', 'There is no connection to the broker')
      await link.publish(topic, text, { retain }, signal)
    },
    open: (listener) => {
      let wasThere = false
      link = openBrokerLink({
        url, clock, tls, log, clientId: `infoscreen-${clientUuid}${speaksOnly ? '-alert' : ''}`, isLasting: !speaksOnly, subscriptions: speaksOnly ? [] : clientSubscriptions(clientUuid), bearsRefusals: true,
        ...(user === undefined ? {} : { login: { user, password } }), pauses: { firstMs, mostMs: mostPauseMs, random },
        // Confirmed to the broker when it is on our disk, and not before.
        onMessages: async (messages) => { for (const { payload, retain } of messages) await listener.onMessage({ bytes: payload, retained: retain }) },
        onState: ({ state }) => {
          // Our own farewell is no loss.
          if (state === 'connected') listener.onConnected()
          else if (state === 'waiting' && wasThere) listener.onDisconnected()
          wasThere = state === 'connected'
        },
      })
    },
    close: async () => link?.close(),
  }
}
