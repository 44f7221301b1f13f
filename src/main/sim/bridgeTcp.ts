import { createServer, type Server, type Socket } from 'node:net'
import type { PodBridge } from './podBridge.ts'

/** A client that does not read is dropped before it costs memory. */
const unreadLimitBytes = 1024 * 1024

export interface BridgeTcp {
  readonly server: Server
  closeSockets(): void
}

/** The UART bridge of one pod on TCP: raw bytes, one client, a second one is closed at once. */
export function createBridgeTcp(bridge: PodBridge): BridgeTcp {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => { sockets.delete(socket) })
    // A reset by the client is how most clients leave.
    socket.on('error', () => { socket.destroy() })
    socket.setNoDelay(true)
    const link = bridge.connect({
      deliver: (bytes) => {
        socket.write(bytes)
        if (socket.writableLength > unreadLimitBytes) socket.destroy()
      },
      closed: () => { socket.end() },
    })
    if (!link) {
      socket.destroy()
      return
    }
    socket.on('data', (bytes: Uint8Array) => { link.send(bytes) })
    socket.on('end', () => { socket.end() })
    socket.on('close', () => { link.close() })
  })
  return { server, closeSockets: () => { for (const socket of sockets) socket.destroy() } }
}
