import type { DatagramNetwork, DatagramSocket, Endpoint } from '../../shared/devices/datagram.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'

export interface MemoryNetworkOptions {
  readonly clock: Clock
  /** Needed when datagrams can be lost. */
  readonly random?: () => number
  /** One way. */
  readonly latencyMs?: number
  readonly lossPercent?: number
}

type Listener = (bytes: Uint8Array, from: Endpoint) => void

/** UDP without a socket: datagrams arrive after the latency, in order, or not at all. Any address can be bound. */
export function createMemoryNetwork({ clock, random = () => 1, latencyMs = 0, lossPercent = 0 }: MemoryNetworkOptions): DatagramNetwork {
  const bound = new Map<string, { listener: Listener | undefined }>()
  const keyOf = ({ address, port }: Endpoint): string => `${address}:${port}`
  const onTheWire: { readonly dueMs: number; readonly deliver: () => void }[] = []
  let pumping = false
  let nextPort = 49_152

  const pump = async (): Promise<void> => {
    for (let head = onTheWire[0]; head; head = onTheWire[0]) {
      // Nobody can cancel a datagram, hence a signal that never aborts. Even without latency it leaves
      // the sender's call stack: two ends that answer each other at once would recurse.
      const waitMs = head.dueMs - clock.nowMs()
      if (waitMs > 0) await clock.sleep(waitMs, new AbortController().signal)
      else await Promise.resolve()
      onTheWire.shift()
      head.deliver()
    }
  }
  const carry = (bytes: Uint8Array, from: Endpoint, to: Endpoint): void => {
    if (random() * 100 < lossPercent) return
    const copy = bytes.slice()
    onTheWire.push({ dueMs: clock.nowMs() + latencyMs, deliver: () => { bound.get(keyOf(to))?.listener?.(copy, from) } })
    if (pumping) return
    pumping = true
    void pump().finally(() => { pumping = false })
  }
  const freePort = (address: string): number => {
    while (bound.has(keyOf({ address, port: nextPort }))) nextPort += 1
    nextPort += 1
    return nextPort - 1
  }
  return {
    bind: async (address, wantedPort): Promise<DatagramSocket> => {
      const port = wantedPort === 0 ? freePort(address) : wantedPort
      const own = { address, port }
      if (bound.has(keyOf(own))) throw new WorkbenchError('host/port-in-use', `UDP port ${port} of ${address} is taken`, { context: { port } })
      const seat: { listener: Listener | undefined } = { listener: undefined }
      bound.set(keyOf(own), seat)
      return {
        address,
        port,
        send: (bytes, to) => { if (bound.get(keyOf(own)) === seat) carry(bytes, own, to) },
        onDatagram: (listener) => { seat.listener = listener },
        close: async () => { if (bound.get(keyOf(own)) === seat) bound.delete(keyOf(own)) },
      }
    },
  }
}
