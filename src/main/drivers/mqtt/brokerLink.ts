import mqtt, { type MqttClient } from 'mqtt'
import { toWire, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { createDeferred, orAborted } from '../../../shared/lifecycle/signals.ts'
import { reasonOf } from '../errors/reasonOf.ts'
import { shown } from '../errors/shown.ts'
import { type BrokerMessage, gatherMessages } from './gatherMessages.ts'

export interface BrokerLinkOptions {
  /** mqtt:// or mqtts://, without a login in it. */
  readonly url: string
  readonly clock: Clock
  /** Of the broker; never the identity of a screen. */
  readonly login?: { readonly user: string; readonly password: string } | undefined
  readonly tls?: { readonly [name in 'ca' | 'cert' | 'key']?: string | Uint8Array | undefined } | undefined
  readonly clientId: string
  /** The broker keeps what comes for us while we are away. */
  readonly isLasting: boolean
  readonly subscriptions: readonly string[]
  /** One that the broker refuses is logged, and the others are listened to; otherwise there is no connection without all of them. */
  readonly bearsRefusals?: boolean | undefined
  /** Those that came together, in order. The broker is told that they arrived when this is over; when it fails, the connection ends and the broker sends them again. */
  readonly onMessages: (messages: readonly BrokerMessage[]) => void | Promise<void>
  readonly onState?: (state: LinkState) => void
  /** Between two tries; each is twice as long as the one before. `random`, from 0 to 1: a thousand screens do not come back in the same moment. */
  readonly pauses?: { readonly firstMs: number; readonly mostMs: number; readonly random: () => number } | undefined
  readonly log: (line: string) => void
}

export interface LinkState {
  readonly state: 'connecting' | 'connected' | 'waiting' | 'closed'
  /** After the first connection. */
  readonly reconnectCount: number
  readonly lastDisconnectMs?: number
  readonly problem?: string
}

export interface BrokerLink {
  state(): LinkState
  isConnected(): boolean
  /** Resolves when the broker has it. Nothing is kept for later: without a connection it is refused at once. */
  publish(topic: string, payload: string | Uint8Array, options: { readonly retain: boolean }, signal: AbortSignal): Promise<void>
  /** At once when it is connected already. */
  connected(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

const usualPauses = { firstMs: 500, mostMs: 30_000, random: (): number => 0.5 }
const connectLimitMs = 10_000
const farewellLimitMs = 2_000
const publishLimitMs = 10_000
const keepaliveSeconds = 30

/** Tries for ever, ever more slowly, and blocks nobody meanwhile. Each connection is a new client of the library, so that no message of an old one is sent by a new one. */
export function openBrokerLink(options: BrokerLinkOptions): BrokerLink {
  const { clock, log, pauses = usualPauses } = options
  checkUrl(options.url)
  const over = new AbortController()
  const bell = createBell()
  let client: MqttClient | undefined
  let now: LinkState = { state: 'connecting', reconnectCount: 0 }
  const become = (change: Partial<LinkState>): void => { now = { ...now, ...change }; bell.ring(); options.onState?.(now) }

  const attend = async (): Promise<void> => {
    const made = connectOnce(options)
    try {
      await withDeadline(clock, connectLimitMs, 'the connection to the broker', over.signal, async (within) => orAborted(made.ready, within))
      client = made.client
      become({ state: 'connected' })
      await orAborted(made.gone, over.signal)
    } finally {
      client = undefined
      await made.end(over.signal.aborted)
    }
  }
  const live = async (): Promise<void> => {
    let waitMs = pauses.firstMs
    let hasBeenThere = false
    while (!over.signal.aborted) {
      become({ state: 'connecting' })
      let problem = 'The broker ended the connection'
      await attend().catch((error: unknown) => { problem = error instanceof WorkbenchError ? toWire(error).message : reasonOf(error) })
      const wasConnected = now.state === 'connected'
      if (over.signal.aborted) break
      if (wasConnected) waitMs = pauses.firstMs
      hasBeenThere ||= wasConnected
      if (problem !== now.problem || wasConnected) log(problem)
      become({ state: 'waiting', problem, ...(wasConnected ? { lastDisconnectMs: clock.wallMs() } : {}) })
      await clock.sleep(Math.round(waitMs * (0.75 + pauses.random() / 2)), over.signal).catch(() => undefined)
      waitMs = Math.min(waitMs * 2, pauses.mostMs)
      if (hasBeenThere && wasConnected) now = { ...now, reconnectCount: now.reconnectCount + 1 }
    }
    become({ state: 'closed' })
  }
  const living = live()
  return {
    state: () => now,
    isConnected: () => client !== undefined,
    publish: async (topic, payload, { retain }, signal) => {
      const current = client
      if (!current) throw new WorkbenchError('link/closed', 'There is no connection to the broker', { hint: 'It is tried again by itself' })
      // A refused message closes the connection, and its promise would stay open for ever.
      const lost = createDeferred<never>()
      const lose = (): void => { lost.reject(new WorkbenchError('link/closed', 'The connection to the broker ended before it said that it has the message')) }
      current.once('close', lose)
      try {
        await withDeadline(clock, publishLimitMs, 'the broker', signal, async (within) => orAborted(Promise.race([current.publishAsync(topic, Buffer.from(payload), { qos: 1, retain }), lost.promise]), within))
      } finally {
        current.off('close', lose)
      }
    },
    connected: async (signal) => {
      while (client === undefined) {
        if (over.signal.aborted) throw new WorkbenchError('link/closed', 'The link to the broker was closed')
        await bell.next(signal)
      }
    },
    close: async () => { over.abort(new WorkbenchError('link/closed', 'The link to the broker was closed')); await living },
  }
}

interface Connection {
  readonly client: MqttClient
  /** Connected, and subscribed to everything. */
  readonly ready: Promise<void>
  readonly gone: Promise<void>
  /** Politely, and after a moment not so politely. */
  end(isFarewell: boolean): Promise<void>
}

function connectOnce({ url, login, tls, clientId, isLasting, subscriptions, bearsRefusals, onMessages, clock, log }: BrokerLinkOptions): Connection {
  const [ready, gone] = [createDeferred<undefined>(), createDeferred<undefined>()]
  const client = mqtt.connect(url, {
    protocolVersion: 4, reconnectPeriod: 0, connectTimeout: connectLimitMs, keepalive: keepaliveSeconds, resubscribe: false, clientId, clean: !isLasting,
    ...(login ? { username: login.user, password: login.password } : {}), ...tlsOf(tls), rejectUnauthorized: true,
  })
  // One for each message that is on its way, and each takes its own away.
  client.setMaxListeners(0)
  let lastError: Error | undefined
  client.handleMessage = gatherMessages(client, onMessages, log)
  client.on('error', (error) => { lastError = error })
  client.on('connect', () => {
    if (subscriptions.length === 0) { ready.resolve(undefined); return }
    client.subscribeAsync([...subscriptions], { qos: 1 }).then((granted) => {
      const refused = granted.filter(({ qos }) => qos > 2).map(({ topic }) => topic).join(' and ')
      if (refused !== '' && bearsRefusals) log(`The broker refuses to tell us ${refused}`)
      if (refused !== '' && !bearsRefusals) ready.reject(new WorkbenchError('link/unreachable', `The broker refuses to tell us ${refused}`, { hint: 'Its access list has to allow that for this account' }))
      else ready.resolve(undefined)
    }, (cause: unknown) => { ready.reject(new WorkbenchError('link/unreachable', 'The broker refuses our subscriptions', { cause, hint: 'Its access list has to allow them for this account' })) })
  })
  client.on('close', () => {
    const facts = lastError ? { cause: lastError } : {}
    ready.reject(isRefusal(lastError)
      ? new WorkbenchError('link/unreachable', login ? `The broker refuses the login of ${shown(login.user, 80)}: it has no such account, or another password` : 'The broker takes nobody without a login', facts)
      : new WorkbenchError('link/unreachable', `The broker cannot be reached${lastError ? `: ${reasonOf(lastError)}` : ''}`, facts))
    gone.resolve(undefined)
  })
  ready.promise.catch(() => undefined)
  const end = async (isForced: boolean): Promise<void> => new Promise((resolve) => { client.end(isForced, {}, () => { resolve() }) })
  return {
    client, ready: ready.promise, gone: gone.promise,
    end: async (isFarewell) => {
      if (isFarewell && client.connected) await withDeadline(clock, farewellLimitMs, 'the farewell to the broker', new AbortController().signal, async () => end(false)).catch(() => undefined)
      await end(true)
    },
  }
}

/** 4 and 5 of MQTT 3.1.1: a bad name or password, and not authorized; brokers give the one for the other. */
const isRefusal = (error: Error | undefined): boolean => error !== undefined && 'code' in error && (error.code === 4 || error.code === 5)

const tlsOf = (tls: BrokerLinkOptions['tls']): object => Object.fromEntries(Object.entries(tls ?? {}).flatMap(([name, given]) => (given === undefined ? [] : [[name, typeof given === 'string' ? given : Buffer.from(given)]])))

function checkUrl(url: string): void {
  const read = URL.canParse(url) ? new URL(url) : undefined
  if (!read || !['mqtt:', 'mqtts:'].includes(read.protocol) || read.hostname === '') throw new WorkbenchError('input/malformed', `"${url.slice(0, 80)}" is no address of a broker`, { hint: 'As in mqtt://127.0.0.1:1883, or mqtts:// with TLS' })
  if (read.username !== '' || read.password !== '') throw new WorkbenchError('input/malformed', 'The login does not belong into the address of the broker', { hint: 'It has fields of its own, so that it appears in no log' })
}
