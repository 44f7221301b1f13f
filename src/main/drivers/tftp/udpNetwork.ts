import dgram from 'node:dgram'
import net from 'node:net'
import type { DatagramNetwork, DatagramSocket, Endpoint } from '../../../shared/devices/datagram.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** Bursts of several clients arrive while JavaScript is busy elsewhere; the system's default holds about 200 small packets. */
const receiveBufferBytes = 1024 * 1024

/**
 * Waking a sleeping process takes as long as the whole round trip to a client nearby. So while answers come this quickly, the loop
 * looks again instead of sleeping: measured twice the speed of block-by-block transfers, for a core that is busy only as long as they
 * last. Clients that take longer, as cameras on a slow line do, cost nothing.
 */
const stayAwakeMs = 0.25
/** What is smaller is an acknowledgement: its answer is a whole block that the client has to make first, and one on this computer needs our core for it. */
const leastDataBytes = 64

/** UDP of this computer. Errors of a single packet (no route, nobody there) are loss, as UDP means it. */
export function createUdpNetwork(): DatagramNetwork {
  return { bind: async (address, port) => bindUdp(address, port) }
}

async function bindUdp(address: string, port: number): Promise<DatagramSocket> {
  // Addresses are dotted already. Node's own look-up would put each packet off to a later turn of the loop.
  const lookup = (host: string, _options: unknown, done: (error: null, address: string, family: number) => void): void => { done(null, host, net.isIP(host)) }
  const socket = dgram.createSocket({ type: net.isIPv6(address) ? 'udp6' : 'udp4', lookup: lookup as never })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(port, address, () => { socket.off('error', reject); resolve() })
    })
  } catch (error) {
    socket.close()
    throw bindProblem(error, address, port)
  }
  return wrap(socket)
}

function wrap(socket: dgram.Socket): DatagramSocket {
  const { address, port } = socket.address()
  let closing: Promise<void> | undefined
  let listener: ((bytes: Uint8Array, from: Endpoint) => void) | undefined
  // Windows reports an unreachable client here; its transfer expires by itself.
  socket.on('error', () => undefined)
  const wakefulness = createWakefulness()
  socket.on('message', (bytes, from) => {
    wakefulness.heard()
    listener?.(bytes, from)
  })
  try {
    socket.setRecvBufferSize(receiveBufferBytes)
  } catch {
    // Less room means more repeats, not failure.
  }
  return {
    address, port,
    send: (bytes, to) => {
      if (closing) return
      socket.send(bytes, to.port, to.address)
      if (bytes.length >= leastDataBytes) wakefulness.sent()
    },
    onDatagram: (next) => { listener = next },
    close: async () => {
      wakefulness.end()
      closing ??= new Promise<void>((resolve) => { socket.close(() => { resolve() }) })
      return closing
    },
  }
}

/** Keeps the event loop from sleeping after a send whose forerunner was answered within `stayAwakeMs`. Everything else in the loop goes on. */
function createWakefulness(): { sent(): void; heard(): void; end(): void } {
  let sentAtMs = 0
  let isQuick = false
  let untilMs = 0
  let next: NodeJS.Immediate | undefined
  const look = (): void => { next = performance.now() < untilMs ? setImmediate(look) : undefined }
  return {
    heard: () => { isQuick = performance.now() - sentAtMs < stayAwakeMs },
    sent: () => {
      sentAtMs = performance.now()
      if (!isQuick) return
      untilMs = sentAtMs + stayAwakeMs
      next ??= setImmediate(look)
    },
    end: () => { clearImmediate(next); next = undefined; untilMs = 0 },
  }
}

const waysOut =
  'Ways out: use the TFTP of the pod (--tftp-via pod); on Linux allow low ports with `sysctl net.ipv4.ip_unprivileged_port_start=69` ' +
  'or `setcap cap_net_bind_service=+ep` on the program; stop the other TFTP server. ' +
  'Another port (--tftp-port) helps only where U-Boot knows `tftpdstp`: all others ask port 69.'

function bindProblem(error: unknown, address: string, port: number): WorkbenchError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const more = { context: { address, port }, cause: error }
  const hint = port === 69 ? waysOut : undefined
  if (code === 'EACCES' || code === 'EPERM') {
    return new WorkbenchError('host/no-permission', `This computer does not let Rackbench use UDP port ${port} on ${address}`, { ...more, hint })
  }
  if (code === 'EADDRINUSE') {
    return new WorkbenchError('host/port-in-use', `UDP port ${port} on ${address} is used by another program, probably a TFTP server`, {
      ...more, hint: hint ?? 'Stop the other program, or choose another port.',
    })
  }
  if (code === 'EADDRNOTAVAIL') {
    return new WorkbenchError('input/not-found', `This computer has no address ${address}`, {
      ...more, hint: 'Give the network interface that address first, or choose one that it has.',
    })
  }
  return new WorkbenchError('host/io', `UDP port ${port} on ${address} could not be opened${typeof code === 'string' ? ` (${code})` : ''}`, more)
}
