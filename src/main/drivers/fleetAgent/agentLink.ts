import mqtt from 'mqtt'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { fleetUuidSchema } from '../../../shared/fleet/command.schema.ts'
import { clientSubscriptions } from '../../../shared/fleet/topics.ts'
import { orAborted } from '../../../shared/lifecycle/signals.ts'
import { reasonOf } from '../errors/reasonOf.ts'

const firstPauseMs = 1_000
const mostPauseMs = 60_000
const connectLimitMs = 15_000
const closeLimitMs = 2_000

export interface AgentLinkOptions {
  /** mqtt:// or mqtts:// */
  readonly url: string
  readonly clientUuid: string
  /** The login at the broker, which is not who the screen is. */
  readonly user?: string | undefined
  readonly password?: string | undefined
  readonly tls?: { readonly ca?: Uint8Array | undefined; readonly cert?: Uint8Array | undefined; readonly key?: Uint8Array | undefined } | undefined
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
export function createAgentLink(options: AgentLinkOptions): BrokerOfAgent {
  fleetUuidSchema.parse(options.clientUuid)
  const speaksOnly = options.speaksOnly === true
  let client: mqtt.MqttClient | undefined
  let isConnected = false
  let pauseMs = options.firstPauseMs ?? firstPauseMs
  /** Connected is who listens: a command sent after that is heard. */
  const subscribe = (own: mqtt.MqttClient, done: () => void): void => {
    if (speaksOnly) { done(); return }
    own.subscribe([...clientSubscriptions(options.clientUuid)], { qos: 1 }, (error, granted) => {
      if (error && !own.connected) return
      const refused = (granted ?? []).filter(({ qos }) => qos > 2).map(({ topic }) => topic)
      if (error) options.log(`The broker refuses the subscription: ${reasonOf(error)}`)
      else if (refused.length > 0) options.log(`The broker refuses the subscription to ${refused.join(' and ')}`)
      done()
    })
  }
  const open = (listener: AgentListener): void => {
    let said = ''
    let isListening = false
    const own = mqtt.connect(options.url, {
      clientId: `infoscreen-${options.clientUuid}${speaksOnly ? '-alert' : ''}`, protocolVersion: 4, clean: speaksOnly, resubscribe: false, keepalive: 30,
      reconnectPeriod: pauseMs, connectTimeout: connectLimitMs, reconnectOnConnackError: true, queueQoSZero: false,
      ...(options.user === undefined ? {} : { username: options.user }), ...(options.password === undefined ? {} : { password: options.password }),
      ...tlsOf(options.tls),
    })
    client = own
    // Confirmed to the broker when it is on our disk, and not before.
    own.handleMessage = (packet, callback) => {
      const bytes = typeof packet.payload === 'string' ? new TextEncoder().encode(packet.payload) : new Uint8Array(packet.payload)
      listener.onMessage({ bytes, retained: packet.retain }).then(() => { callback() }, () => { callback() })
    }
    own.on('connect', () => {
      isConnected = true
      said = ''
      pauseMs = options.firstPauseMs ?? firstPauseMs
      own.options.reconnectPeriod = pauseMs
      subscribe(own, () => { isListening = true; listener.onConnected() })
    })
    own.on('close', () => {
      // The present pause has been taken from the options already; this is the next one.
      pauseMs = Math.min(mostPauseMs, pauseMs * 2)
      own.options.reconnectPeriod = Math.round(pauseMs * (0.75 + options.random() / 2))
      isConnected = false
      // Our own farewell is no loss.
      if (!isListening || client !== own) return
      isListening = false
      listener.onDisconnected()
    })
    own.on('error', (error) => {
      const words = `The broker cannot be reached: ${reasonOf(error)}`
      // A night without a broker is one line and not a thousand.
      if (words !== said) options.log(words)
      said = words
    })
  }
  return {
    get isConnected() { return isConnected },
    publish: async (topic, text, signal, { retain } = { retain: false }) => {
      const own = client
      if (!own || !isConnected) throw new WorkbenchError('link/closed', 'There is no connection to the broker')
      signal.throwIfAborted()
      const sent = new Promise<void>((resolve, reject) => { own.publish(topic, text, { qos: 1, retain }, (error) => { if (error) reject(new WorkbenchError('link/closed', `The broker did not take a message: ${reasonOf(error)}`, { cause: error })); else resolve() }) })
      const id = own.getLastMessageId()
      try {
        await orAborted(sent, signal)
      } catch (error) {
        // Otherwise it would be sent a second time behind our back.
        if (signal.aborted) own.removeOutgoingMessage(id)
        throw error
      }
    },
    open,
    close: async () => {
      const own = client
      client = undefined
      isConnected = false
      if (!own) return
      // Politely, and after a moment not so politely.
      let late: NodeJS.Timeout | undefined
      await Promise.race([own.endAsync().catch(() => undefined), new Promise((resolve) => { late = setTimeout(resolve, closeLimitMs) })])
      clearTimeout(late)
      await own.endAsync(true).catch(() => undefined)
    },
  }
}

const tlsOf = (tls: AgentLinkOptions['tls']): object => Object.fromEntries(Object.entries(tls ?? {}).flatMap(([name, bytes]) => (bytes === undefined ? [] : [[name, Buffer.from(bytes)]])))
