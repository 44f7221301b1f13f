import type { DatagramNetwork, DatagramSocket, Endpoint } from '../../src/shared/devices/datagram.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'

export interface Passage {
  readonly bytes: Uint8Array
  readonly from: Endpoint
  readonly to: Endpoint
}

export interface MemoryNetworkOptions {
  readonly clock: Clock
  readonly latencyMs?: number
  /** 0 to 1 each; a reordered packet takes three times the latency and a little. */
  readonly loss?: number
  readonly duplication?: number
  readonly reordering?: number
  readonly random?: () => number
  /** For one particular packet; `undefined` leaves it to chance. */
  readonly fate?: (passage: Passage) => 'lost' | 'delivered' | 'doubled' | undefined
}

export interface MemoryNetwork extends DatagramNetwork {
  readonly openSockets: number
  /** Everything that was sent, lost or not. */
  readonly passages: readonly Passage[]
}

/** UDP without a computer: packets take `latencyMs`, and some get lost, doubled or late. */
export function createMemoryNetwork(options: MemoryNetworkOptions): MemoryNetwork {
  const { clock, latencyMs = 1, loss = 0, duplication = 0, reordering = 0, random = () => 1, fate } = options
  const sockets = new Map<string, (passage: Passage) => void>()
  const passages: Passage[] = []
  let nextPort = 40_000
  const keyOf = ({ address, port }: Endpoint): string => `${address}|${port}`
  const never = new AbortController().signal

  const carry = (passage: Passage): void => {
    passages.push(passage)
    const decided = fate?.(passage)
    if (decided === 'lost' || (decided === undefined && random() < loss)) return
    const copies = decided === 'doubled' || (decided === undefined && random() < duplication) ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      const delayMs = random() < reordering ? 3 * latencyMs + random() : latencyMs
      void clock.sleep(delayMs, never).then(() => { sockets.get(keyOf(passage.to))?.(passage) })
    }
  }

  return {
    get openSockets() { return sockets.size },
    passages,
    bind: async (address, wantedPort): Promise<DatagramSocket> => {
      const port = wantedPort === 0 ? (nextPort += 1) : wantedPort
      const own = { address, port }
      if (sockets.has(keyOf(own))) throw new WorkbenchError('host/port-in-use', 'Taken')
      let listener: ((bytes: Uint8Array, from: Endpoint) => void) | undefined
      sockets.set(keyOf(own), ({ bytes, from }) => { listener?.(bytes, from) })
      let open = true
      return {
        address, port,
        // Copied, as a real network copies: the sender uses its memory again.
        send: (bytes, to) => { if (open) carry({ bytes: bytes.slice(), from: own, to: { address: to.address, port: to.port } }) },
        onDatagram: (next) => { listener = next },
        close: async () => { if (open) { open = false; sockets.delete(keyOf(own)) } },
      }
    },
  }
}
