import { createServer, type Socket } from 'node:net'
import type { BridgeTcp } from './bridgeTcp.ts'
import { createComPortServer, restingPort } from './comPortServer.ts'
import type { BridgeLink, PodBridge } from './podBridge.ts'

/** A client that does not read is dropped before it costs memory. */
const unreadLimitBytes = 1024 * 1024
/** What the pod's HTTP side takes too. */
const rates = { least: 1_200, most: 4_000_000 } as const

/**
 * The UART of one pod as an RFC 2217 port, beside or instead of its raw one: the pod still has one client only. The modem
 * lines are kept and confirmed, and lead nowhere, as on a board with three wires.
 */
export function createRfc2217Door(bridge: PodBridge): BridgeTcp {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => { sockets.delete(socket) })
    // A reset by the client is how most clients leave.
    socket.on('error', () => { socket.destroy() })
    socket.setNoDelay(true)
    const send = (bytes: Uint8Array): void => {
      socket.write(bytes)
      if (socket.writableLength > unreadLimitBytes) socket.destroy()
    }
    let link: BridgeLink | undefined
    const port = createComPortServer({
      state: restingPort(), send,
      onData: (bytes) => { link?.send(bytes) },
      rateFor: (wanted, present) => (wanted >= rates.least && wanted <= rates.most ? wanted : present),
      onCommand: (command, value) => { if (command === 1) bridge.setBaudRate(value) },
    })
    link = bridge.connect({ deliver: port.say, closed: () => { socket.end() } })
    if (!link) {
      socket.destroy()
      return
    }
    socket.on('data', (bytes: Uint8Array) => { port.hear(bytes) })
    socket.on('end', () => { socket.end() })
    socket.on('close', () => { link?.close() })
  })
  return { server, closeSockets: () => { for (const socket of sockets) socket.destroy() } }
}
