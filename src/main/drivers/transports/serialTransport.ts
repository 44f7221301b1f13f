import { read as readDescriptor } from 'node:fs'
import { promisify } from 'node:util'
import { SerialPort } from 'serialport'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Transport } from '../../../shared/devices/transport.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { orAborted } from '../../../shared/lifecycle/signals.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { createLineEnd } from './lineTransport.ts'

const restBaudRate = 115_200
const openLimitMs = 10_000
const changeLimitMs = 5_000

export interface SerialPlace {
  readonly label: string
  /** As the system wants it: `/dev/ttyUSB0`, `COM3`, `\\.\COM12`. */
  readonly path: string
}

/** 115200 8N1, no flow control, DTR off. Fails with `link/unreachable`. */
export async function openSerialTransport({ label, path }: SerialPlace, clock: Clock, signal: AbortSignal): Promise<Transport> {
  signal.throwIfAborted()
  const port = new SerialPort({
    path, baudRate: restBaudRate, dataBits: 8, parity: 'none', stopBits: 1, rtscts: false, xon: false, xoff: false, autoOpen: false, lock: true,
  })
  // An error without a listener ends the process, and a port that vanished raises one whenever it likes.
  port.on('error', () => undefined)
  const ask = async (what: string, limitMs: number, parent: AbortSignal, start: (done: (error: Error | null) => void) => void): Promise<void> =>
    withDeadline(clock, limitMs, what, parent, async (limited) =>
      orAborted(new Promise<void>((resolve, reject) => { start((error) => { if (error) reject(error); else resolve() }) }), limited))
  try {
    await ask(`Opening ${label}`, openLimitMs, signal, (done) => { port.open(done) })
  } catch (error) {
    // An open that outlives its limit must not keep the port locked.
    port.once('open', () => { port.close(() => undefined) })
    if (signal.aborted) throw error
    throw notOpened(label, error)
  }
  guardAgainstHangUp(port)
  const line = createLineEnd({
    write: (bytes, done) => port.write(bytes, undefined, done),
    pause: () => port.pause(),
    resume: () => port.resume(),
    close: async () => { if (port.isOpen) await new Promise<void>((resolve) => { port.close(() => { resolve() }) }) },
  }, label, clock)
  port.on('data', line.onBytes)
  port.on('end', line.onEnd)
  port.on('close', (error: Error | null) => { line.onLost(error ? reasonOf(error) : 'the port was closed', error) })
  try {
    // DTR may be wired to the camera's reset.
    await ask(`Switching DTR of ${label} off`, changeLimitMs, signal, (done) => { port.set({ dtr: false, rts: false }, done) })
  } catch (error) {
    // A pseudo terminal has no such wires and says so; that is all right.
    if (signal.aborted || !port.isOpen) { await line.close(); throw error }
  }
  return {
    label, read: line.read, write: line.write, discardInput: line.discardInput, close: line.close,
    setBaudRate: async (baudRate, parent) => {
      try {
        await ask(`Setting ${label} to ${baudRate} baud`, changeLimitMs, parent, (done) => { port.update({ baudRate }, done) })
      } catch (error) {
        if (parent.aborted || error instanceof WorkbenchError) throw error
        throw new WorkbenchError(port.isOpen ? 'input/not-supported' : 'link/closed', `${label} cannot be set to ${baudRate} baud: ${reasonOf(error)}`, {
          context: { baudRate }, cause: error,
        })
      }
    },
  }
}

function notOpened(label: string, error: unknown): WorkbenchError {
  const text = error instanceof Error ? error.message : ''
  const context = { line: label }
  if (/cannot lock|EBUSY|Access denied|temporarily unavailable/i.test(text)) {
    return new WorkbenchError('link/unreachable', `${label} is in use by another program`, {
      context, cause: error, hint: 'Close the other terminal or tool that has this port open',
    })
  }
  if (/permission denied|EACCES/i.test(text)) {
    return new WorkbenchError('host/no-permission', `${label} may not be opened by this user`, {
      context, cause: error, hint: 'Add the user to the group of the port (dialout on Debian) and log in again',
    })
  }
  if (/no such|ENOENT|not found/i.test(text)) {
    return new WorkbenchError('link/unreachable', `There is no port ${label}`, { context, cause: error, hint: 'rackbench ports lists the ports of this computer' })
  }
  return new WorkbenchError('link/unreachable', `${label} cannot be opened: ${text || reasonOf(error)}`, { context, cause: error })
}

const readAsync = promisify(readDescriptor)

/** The parts of the package's Unix port that the guard needs; Windows ports have neither. */
interface UnixPort {
  fd: number | null
  readonly isOpen: boolean
  readonly poller: { once(event: 'readable', listener: (error: Error | null) => void): unknown }
  read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }>
}
const isUnixPort = (port: unknown): port is UnixPort =>
  typeof port === 'object' && port !== null && 'fd' in port && 'poller' in port && 'read' in port

class ReadEnded extends Error {
  /** The package's mark for "closed on this side": no disconnect. */
  readonly canceled: boolean
  constructor(message: string, canceled: boolean) {
    super(message)
    this.canceled = canceled
  }
}

/**
 * A terminal that hung up (adapter pulled, other side of a pty closed) reads as zero bytes, again and again. The package
 * takes that for "nothing yet" and burns a core without any event; here it is the end of the line.
 */
function guardAgainstHangUp(stream: SerialPort): void {
  const port: unknown = stream.port
  if (!isUnixPort(port)) return
  port.read = async (buffer, offset, length) => {
    for (;;) {
      const { fd } = port
      if (!port.isOpen || fd === null) throw new ReadEnded('the port is not open', true)
      try {
        const { bytesRead } = await readAsync(fd, buffer, offset, length, null)
        if (bytesRead === 0) throw new ReadEnded('the far end hung up', false)
        return { buffer, bytesRead }
      } catch (error) {
        const code = errnoOf(error)
        if (code !== 'EAGAIN' && code !== 'EWOULDBLOCK' && code !== 'EINTR') throw error
      }
      // Closed while the read was under way: to poll a closed port is a crash of the whole process.
      if (!port.isOpen) throw new ReadEnded('the port is not open', true)
      await new Promise<void>((resolve, reject) => {
        port.poller.once('readable', (error) => { if (error) reject(error); else resolve() })
      })
    }
  }
}
