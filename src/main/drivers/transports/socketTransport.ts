import type { OnReadOpts, Socket } from 'node:net'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Transport } from '../../../shared/devices/transport.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { reasonOf } from '../errors/reasonOf.ts'
import { createLineEnd } from './lineTransport.ts'

/** Without one a bridge behind a firewall holds its caller for two minutes. */
const connectLimitMs = 10_000
/** As much as one read gives. */
const readBytes = 64 * 1024

export interface SocketPlace<S extends Socket> {
  readonly label: string
  /** A socket that is made with `onread` costs a third less for each piece; TLS cannot. */
  readonly connect: (onread: OnReadOpts) => S
  /** The event that says that it is. */
  readonly connectedAt: 'connect' | 'secureConnect'
  /** Looks at who answered; not one byte goes out when it throws. */
  readonly check?: (socket: S) => void
  /** The next step for a person when nobody answers there. */
  readonly hint: string
}

/** TCP, TLS and Unix-domain sockets are one thing to us. Fails with `link/unreachable`, or with what `check` throws. */
export async function openSocketTransport<S extends Socket>(place: SocketPlace<S>, clock: Clock, signal: AbortSignal): Promise<Transport> {
  // A peer may talk before anybody is told that it answered.
  const early: Uint8Array[] = []
  let take = (bytes: Uint8Array): void => { early.push(bytes) }
  const onread: OnReadOpts = {
    buffer: new Uint8Array(readBytes),
    // The next read writes over it.
    callback: (lengthBytes, buffer) => { take(Buffer.from(buffer.subarray(0, lengthBytes))); return true },
  }
  const socket = await connected(place, onread, clock, signal)
  const { label } = place
  const line = createLineEnd({
    write: (bytes, done) => socket.write(bytes, done),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: async () => closed(socket),
  }, label, clock)
  take = line.onBytes
  early.forEach(take)
  socket.on('data', line.onBytes)
  socket.on('end', line.onEnd)
  socket.on('error', (error) => { line.onLost(reasonOf(error), error) })
  socket.on('close', () => { line.onLost('it was closed') })
  return { label, read: line.read, take: line.take, write: line.write, discardInput: line.discardInput, close: line.close }
}

async function connected<S extends Socket>({ label, connect, connectedAt, check, hint }: SocketPlace<S>, onread: OnReadOpts, clock: Clock, signal: AbortSignal): Promise<S> {
  signal.throwIfAborted()
  const socket = connect(onread)
  try {
    await withDeadline(clock, connectLimitMs, `Connecting to ${label}`, signal, async (limited) => new Promise<void>((resolve, reject) => {
      limited.addEventListener('abort', () => { reject(limited.reason as Error) }, { once: true })
      socket.once(connectedAt, resolve)
      socket.once('error', reject)
      socket.once('close', () => { reject(new Error('the far end closed the line')) })
    }))
    check?.(socket)
  } catch (error) {
    // A later error of the destroyed socket has no listener and would end the process.
    socket.on('error', () => undefined)
    socket.destroy()
    if (signal.aborted || (error instanceof WorkbenchError && error.code === 'device/wrong-identity')) throw error
    const late = error instanceof WorkbenchError && error.code === 'link/timeout'
    throw new WorkbenchError('link/unreachable', `${label} cannot be reached: ${late ? `no answer within ${connectLimitMs / 1000} s` : reasonOf(error)}`, { context: { line: label }, hint, cause: error })
  }
  socket.removeAllListeners('error')
  socket.removeAllListeners('close')
  // Handshakes are a byte there and a byte back; waiting to fill a segment would cost 40 ms each.
  socket.setNoDelay(true)
  return socket
}

async function closed(socket: Socket): Promise<void> {
  if (socket.closed) return
  await new Promise<void>((resolve) => {
    socket.once('close', () => { resolve() })
    socket.destroy()
  })
}
