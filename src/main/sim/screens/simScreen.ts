import mqtt from 'mqtt'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { orAborted } from '../../../shared/lifecycle/signals.ts'
import type { ScreenBehaviour, ScreenStatus } from './screenBehaviours.ts'
import { readScreenCommand, screenAck, type ScreenCommand } from './screenCodec.ts'

export interface SimScreenOptions {
  readonly clientUuid: string
  readonly brokerUrl: string
  readonly clock: Clock
  readonly behaviours?: readonly ScreenBehaviour[]
  /** The login at the broker. */
  readonly login?: { readonly user: string; readonly password: string } | undefined
  /** Away for a reboot unless a behaviour says otherwise. */
  readonly rebootMs?: number | undefined
  readonly heartbeatMs?: number | undefined
  readonly tlsCa?: Uint8Array | undefined
}

export interface SimScreen {
  readonly clientUuid: string
  /** How often it restarted for each command, the truth that acknowledgements may hide. */
  readonly reboots: ReadonlyMap<string, number>
  readonly isOn: boolean
  open(): Promise<void>
  close(): Promise<void>
}

const usualRebootMs = 30_000
const usualHeartbeatMs = 30_000
const skewMs = 60_000
const openLimitMs = 30_000

interface Ack { readonly status: ScreenStatus; readonly code?: string }

/** A screen that speaks the client's part at a real broker; only its restart is played. */
export function createSimScreen(options: SimScreenOptions): SimScreen {
  const { clientUuid, clock, behaviours = [], heartbeatMs = usualHeartbeatMs } = options
  const topic = (leaf: string): string => `infoscreen/${clientUuid}/${leaf}`
  const over = new AbortController()
  const known = new Map<string, Ack[]>()
  const reboots = new Map<string, number>()
  const busy = new Set<string>()
  const work = new Set<Promise<void>>()
  let client: mqtt.MqttClient | undefined
  let reconnects = -1
  const offsetMs = behaviours.find(({ wallOffsetMs }) => wallOffsetMs !== undefined)?.wallOffsetMs ?? 0
  const wallMs = (): number => clock.wallMs() + offsetMs

  /** Ends with the connection: what was said into it and not confirmed stays open for ever. */
  let line = new AbortController()
  const hangUp = async (): Promise<void> => {
    const was = client
    client = undefined
    line.abort(new Error('the connection is gone'))
    await was?.endAsync(true).catch(() => undefined)
  }
  const say = async (leaf: string, text: string): Promise<void> => { if (client) await orAborted(client.publishAsync(topic(leaf), text, { qos: 1 }), line.signal).catch(() => undefined) }
  const tell = async (id: string, { status, code }: Ack): Promise<void> => {
    const { times = 1, delayMs = 0 } = behaviours.map((each) => each.onAck?.(status)).find(Boolean) ?? {}
    if (delayMs > 0) await clock.sleep(delayMs, over.signal)
    for (let time = 0; time < times; time += 1) for (const leaf of ['commands/ack', 'command/ack']) await say(leaf, screenAck(id, status, code))
  }
  const ack = async (id: string, next: Ack): Promise<void> => { known.set(id, [...(known.get(id) ?? []), next]); await tell(id, next) }

  const restart = async (id: string): Promise<void> => {
    reboots.set(id, (reboots.get(id) ?? 0) + 1)
    await hangUp()
    const away = behaviours.map((each) => each.onReboot?.()).find((each) => each !== undefined) ?? options.rebootMs ?? usualRebootMs
    if (away === 'for-ever') return
    await clock.sleep(away, over.signal)
    await connect(over.signal)
    await ack(id, { status: 'completed' })
  }

  const obey = async ({ id, action }: ScreenCommand): Promise<void> => {
    busy.add(id)
    try {
      await ack(id, { status: 'accepted' })
      await ack(id, { status: 'execution_started' })
      const failure = behaviours.map((each) => each.onHelper?.(action)).find((code) => code !== undefined)
      if (failure !== undefined) await ack(id, { status: 'failed', code: failure })
      else if (action === 'reboot_host') await restart(id)
      else {
        await ack(id, { status: 'completed' })
        await hangUp()
      }
    } finally {
      busy.delete(id)
    }
  }

  const hear = async (text: string, retained: boolean): Promise<void> => {
    const command = readScreenCommand(text)
    if (!command || command.client !== clientUuid || retained) return
    const acks = known.get(command.id)
    const refuse = async (code: string): Promise<void> => ack(command.id, { status: 'failed', code })
    if (acks) { for (const each of acks.slice(['completed', 'failed'].includes(acks.at(-1)?.status ?? '') ? 0 : -1)) await tell(command.id, each) }
    else if (!(command.expiresMs >= wallMs())) await refuse('stale_command')
    else if (command.issuedMs > wallMs() + skewMs) await refuse('clock_skew')
    else if (busy.size > 0) await refuse('busy')
    else await obey(command)
  }

  const connect = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    const own = mqtt.connect(options.brokerUrl, {
      clientId: `infoscreen-${clientUuid}`, protocolVersion: 4, clean: false, resubscribe: false, reconnectPeriod: 200, connectTimeout: 15_000, reconnectOnConnackError: true,
      ...(options.login ? { username: options.login.user, password: options.login.password } : {}), ...(options.tlsCa ? { ca: Buffer.from(options.tlsCa) } : {}),
    })
    // Its answers may be asked for before the connection is complete; they wait for it.
    client = own
    line = new AbortController()
    own.on('error', () => undefined)
    own.on('message', (_, payload, packet) => {
      const done = hear(payload.toString(), packet.retain).catch(() => undefined).finally(() => { work.delete(done) })
      work.add(done)
    })
    // Before the connection is there: what waited for this screen comes with its first answer.
    await orAborted(new Promise<void>((resolve) => {
      own.on('connect', () => {
        reconnects += 1
        own.subscribeAsync([topic('commands'), topic('command')], { qos: 1 }).then(() => { resolve() }, () => undefined)
      })
    }), signal).catch(async (error: unknown) => { await own.endAsync(true); throw error })
  }

  const beat = async (): Promise<void> => {
    for (;;) {
      await say('heartbeat', JSON.stringify({ at: new Date(wallMs()).toISOString() }))
      await say('health', JSON.stringify({ broker_connection: { reconnect_count: Math.max(0, reconnects), last_disconnect_at: null } }))
      await clock.sleep(heartbeatMs, over.signal)
    }
  }

  return {
    clientUuid, reboots,
    get isOn() { return client !== undefined },
    open: async () => {
      await connect(AbortSignal.any([over.signal, AbortSignal.timeout(openLimitMs)]))
      const done = beat().catch(() => undefined).finally(() => { work.delete(done) })
      work.add(done)
    },
    close: async () => {
      over.abort(new Error('the screen is switched off'))
      await hangUp()
      await Promise.race([Promise.all(work), new Promise((resolve) => { setTimeout(resolve, 2_000).unref() })])
    },
  }
}
