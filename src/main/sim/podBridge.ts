import { restingBaudRate } from '../../shared/devices/transport.ts'
import { joinBytes } from '../../shared/lifecycle/byteQueue.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { Behaviours } from './behaviours.ts'
import { createDelayLine, createPacedLine } from './lines.ts'
import type { Timing } from './timing.ts'

/** The host's end of one connection. */
export interface BridgeClient {
  deliver(bytes: Uint8Array): void
  /** The pod closed it. */
  closed(): void
}

export interface BridgeLink {
  send(bytes: Uint8Array): void
  close(): void
}

export interface PodBridge {
  /** `undefined`: refused, because another client is there or the pod needs the UART itself. */
  connect(client: BridgeClient): BridgeLink | undefined
  connected(): boolean
  fromCamera(bytes: Uint8Array): void
  /** While it is true nobody can connect and nothing is kept. */
  setExclusive(exclusive: boolean): void
  setBaudRate(baudRate: number): void
  baudRate(): number
  closeClient(): void
}

export interface PodBridgeOptions {
  readonly clock: Clock
  readonly timing: Timing
  readonly behaviours: Behaviours
  readonly random: () => number
  readonly signal: AbortSignal
  readonly toCamera: (bytes: Uint8Array) => void
  /** What the camera's end runs at. */
  readonly cameraBaudRate: () => number
}

/** What the pod keeps while nobody listens; a new client gets it at once, wanted or not. */
const staleBytes = 4096
const idleLimitMs = 600_000

interface Connection {
  readonly client: BridgeClient
  readonly toHost: (bytes: Uint8Array) => void
  readonly over: AbortController
  heardMs: number
}

export function createPodBridge(options: PodBridgeOptions): PodBridge {
  const { clock, timing, behaviours, random } = options
  let connection: Connection | undefined
  let exclusive = false
  let kept: Uint8Array = new Uint8Array()
  let sentBytes = 0
  let baudRate: number = restingBaudRate
  // At a wrong rate nothing survives: both ends sample other bits.
  const onTheUart = (bytes: Uint8Array): Uint8Array => (baudRate === options.cameraBaudRate() ? bytes : bytes.map(() => (random() < 0.5 ? 0x80 : 0)))
  const uart = createPacedLine({
    clock, signal: options.signal, byteMs: () => timing.uartByteMs * restingBaudRate / baudRate, deliver: (bytes) => { if (!exclusive) options.toCamera(onTheUart(bytes)) },
  })

  const end = (from: Connection): void => {
    if (connection !== from) return
    connection = undefined
    from.over.abort(new Error('the bridge connection is over'))
  }
  const drop = (from: Connection): void => {
    if (connection !== from) return
    end(from)
    from.client.closed()
  }
  const deliver = (to: Connection, bytes: Uint8Array): void => {
    if (connection !== to) return
    sentBytes += bytes.length
    if (behaviours.ask('onBridgeBytes', sentBytes) === undefined) { to.client.deliver(bytes); return }
    // In the middle: the rest of what was on the way is gone.
    to.client.deliver(bytes.subarray(0, bytes.length >> 1))
    drop(to)
  }
  /** Only traffic from the host counts: a camera that talks does not keep its own bridge open. */
  const watchIdle = async (watched: Connection): Promise<void> => {
    for (;;) {
      const limitMs = behaviours.ask('bridgeIdleMs') ?? idleLimitMs
      const leftMs = watched.heardMs + limitMs - clock.nowMs()
      if (leftMs <= 0) { drop(watched); return }
      await clock.sleep(leftMs, watched.over.signal)
    }
  }
  const connect = (client: BridgeClient): BridgeLink | undefined => {
    if (connection || exclusive || options.signal.aborted) return undefined
    const over = new AbortController()
    const signal = AbortSignal.any([over.signal, options.signal])
    const opened: Connection = {
      client, over, heardMs: clock.nowMs(),
      toHost: createDelayLine({ clock, signal, latencyMs: timing.bridgeLatencyMs, deliver: (bytes) => { deliver(opened, bytes) } }),
    }
    connection = opened
    const fromHost = createDelayLine({ clock, signal, latencyMs: timing.bridgeLatencyMs, deliver: (bytes) => {
      opened.heardMs = clock.nowMs()
      uart.push(bytes)
    } })
    watchIdle(opened).catch(() => undefined) // the connection is over, and with it the watch
    if (kept.length > 0) opened.toHost(kept)
    kept = new Uint8Array()
    return { send: (bytes) => { if (connection === opened) fromHost(bytes.slice()) }, close: () => { end(opened) } }
  }
  return {
    connect,
    connected: () => connection !== undefined,
    fromCamera: (bytes) => {
      if (exclusive) return
      const odd = behaviours.ask('onConsoleBytes', bytes) ?? bytes
      const heard = onTheUart(odd)
      if (connection) connection.toHost(heard)
      else kept = joinBytes([kept, heard]).slice(-staleBytes)
    },
    setExclusive: (wanted) => {
      exclusive = wanted
      if (wanted) kept = new Uint8Array()
    },
    setBaudRate: (rate) => { baudRate = rate },
    baudRate: () => baudRate,
    closeClient: () => { if (connection) drop(connection) },
  }
}
