import { createSocket } from 'node:dgram'
import type { DatagramNetwork } from '../../shared/devices/datagram.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'

/** The cameras' way into the real network of this computer. */
export function createUdpNetwork(): DatagramNetwork {
  return {
    bind: async (address, port) => {
      const socket = createSocket('udp4')
      await new Promise<void>((resolve, reject) => {
        socket.once('error', (cause: NodeJS.ErrnoException) => { reject(bindError(cause, address, port)) })
        socket.bind(port, address, resolve)
      })
      socket.removeAllListeners('error')
      // A refused datagram (nobody listens there) shows up here; for a camera that is silence.
      socket.on('error', () => undefined)
      const bound = socket.address()
      let open = true
      return {
        address: bound.address,
        port: bound.port,
        send: (bytes, to) => { if (open && to.port > 0 && to.port < 65_536) socket.send(bytes, to.port, to.address, () => undefined) },
        onDatagram: (listener) => {
          socket.removeAllListeners('message')
          socket.on('message', (bytes, from) => { listener(bytes, { address: from.address, port: from.port }) })
        },
        close: async () => {
          if (!open) return
          open = false
          await new Promise<void>((resolve) => { socket.close(resolve) })
        },
      }
    },
  }
}

function bindError(cause: NodeJS.ErrnoException, address: string, port: number): WorkbenchError {
  const code = cause.code === 'EADDRINUSE' ? 'host/port-in-use' : cause.code === 'EACCES' ? 'host/no-permission' : 'host/io'
  return new WorkbenchError(code, `UDP port ${port} of ${address} cannot be opened`, { context: { port }, cause })
}
