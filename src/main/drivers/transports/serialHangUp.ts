import { read as readDescriptor } from 'node:fs'
import { promisify } from 'node:util'
import { errnoOf } from '../errors/reasonOf.ts'

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
export function guardAgainstHangUp(port: unknown): void {
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
