import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'

/** More viewers than this are a mistake, and each costs a replay of its own. */
const mostClients = 8
/** A viewer that takes nothing for this long has gone. */
const drainLimitMs = 30_000

export interface LineServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly clock: Clock
  /** A line of its own for each client. */
  readonly openLine: () => Transport
  readonly onClients: (count: number) => void
}

export interface LineServer {
  readonly port: number
  /** Ends every connection. Idempotent. */
  close(): Promise<void>
}

/** Gives what a line says to whoever connects. What a client types goes nowhere. A line that has ended is silent: its client leaves by itself. */
export async function openLineServer({ host, port, clock, openLine, onClients }: LineServerOptions): Promise<LineServer> {
  const over = new AbortController()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    if (sockets.size >= mostClients) { socket.destroy(); return }
    sockets.add(socket)
    socket.setNoDelay(true)
    // Read and dropped, so that the end of the client is heard.
    socket.resume()
    onClients(sockets.size)
    const gone = new AbortController()
    socket.once('end', () => { socket.end() })
    socket.once('close', () => { sockets.delete(socket); gone.abort(); onClients(sockets.size) })
    const line = openLine()
    pass(line, socket, clock, AbortSignal.any([over.signal, gone.signal])).catch(() => { socket.destroy() }).finally(async () => line.close()).catch(() => undefined)
  })
  await listening(server, host, port)
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      over.abort()
      for (const socket of sockets) socket.destroy()
      if (server.listening) await new Promise<void>((resolve) => { server.close(() => { resolve() }) })
    },
  }
}

async function pass(line: Transport, socket: Socket, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let chunk = await line.read(signal); chunk && !signal.aborted; chunk = await line.read(signal)) {
    if (!socket.write(chunk)) await withDeadline(clock, drainLimitMs, 'a viewer that takes what is replayed', signal, async (within) => { await once(socket, 'drain', { signal: within }) })
  }
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'EADDRINUSE' ? 'host/port-in-use' : cause.code === 'EACCES' ? 'host/no-permission' : 'host/io'
      reject(new WorkbenchError(code, `TCP port ${port} of ${host} cannot be served`, { context: { host, port }, hint: 'Choose another port, or 0 for any free one', cause }))
    })
    server.listen(port, host, resolve)
  })
}
