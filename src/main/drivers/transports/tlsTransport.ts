import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { reasonOf } from '../errors/reasonOf.ts'
import { createLineEnd } from './lineTransport.ts'

const connectLimitMs = 10_000

export interface TlsPlace {
  readonly label: string
  readonly host: string
  readonly port: number
  /** SHA-256 of the certificate in DER, hexadecimal, colons allowed. Absent: the first use fails and shows it. */
  readonly certificateSha256: string | undefined
}

/**
 * Devices in a lab sign their certificates themselves, so the certificate is known by its fingerprint and not by who signed it.
 * Not one byte goes out before that is checked. Fails with `link/unreachable`, or `device/wrong-identity` with the fingerprint
 * in `context.certificateSha256`.
 */
export async function openTlsTransport(place: TlsPlace, clock: Clock, signal: AbortSignal): Promise<Transport> {
  const socket = await connected(place, clock, signal)
  const { label } = place
  const line = createLineEnd({
    write: (bytes, done) => socket.write(bytes, done),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: async () => closed(socket),
  }, label, clock)
  socket.on('data', line.onBytes)
  socket.on('end', line.onEnd)
  socket.on('error', (error) => { line.onLost(reasonOf(error), error) })
  socket.on('close', () => { line.onLost('it was closed') })
  return { label, read: line.read, write: line.write, discardInput: line.discardInput, close: line.close }
}

async function connected(place: TlsPlace, clock: Clock, signal: AbortSignal): Promise<TLSSocket> {
  signal.throwIfAborted()
  const { label, host, port } = place
  const socket = connect({ host, port, rejectUnauthorized: false, ...(isIP(host) === 0 ? { servername: host } : {}) })
  try {
    await withDeadline(clock, connectLimitMs, `Connecting to ${label}`, signal, async (limited) => new Promise<void>((resolve, reject) => {
      limited.addEventListener('abort', () => { reject(limited.reason as Error) }, { once: true })
      socket.once('secureConnect', resolve)
      socket.once('error', reject)
      socket.once('close', () => { reject(new Error('the far end closed the line')) })
    }))
    checkCertificate(place, socket)
  } catch (error) {
    // A later error of the destroyed socket has no listener and would end the process.
    socket.on('error', () => undefined)
    socket.destroy()
    if (signal.aborted || (error instanceof WorkbenchError && error.code === 'device/wrong-identity')) throw error
    const late = error instanceof WorkbenchError && error.code === 'link/timeout'
    throw new WorkbenchError('link/unreachable', `${label} cannot be reached: ${late ? `no answer within ${connectLimitMs / 1000} s` : reasonOf(error)}`, {
      context: { line: label }, hint: 'Is it on, is the address right, and does it have a certificate for TLS?', cause: error,
    })
  }
  socket.removeAllListeners('error')
  socket.removeAllListeners('close')
  socket.setNoDelay(true)
  return socket
}

export const plainFingerprint = (text: string): string => text.replaceAll(/[\s:]/g, '').toLowerCase()

function checkCertificate({ label, certificateSha256 }: TlsPlace, socket: TLSSocket): void {
  const found = plainFingerprint(socket.getPeerCertificate().fingerprint256 ?? '')
  if (found === '') throw new WorkbenchError('device/wrong-identity', `${label} showed no certificate`, { hint: 'Give it one, or use the port without TLS' })
  if (certificateSha256 === undefined) {
    throw new WorkbenchError('device/wrong-identity', `The certificate of ${label} is not known yet; its SHA-256 fingerprint is ${found}`, {
      context: { certificateSha256: found }, hint: 'Compare it with the one that the device shows, and accept it if they are the same',
    })
  }
  if (found !== plainFingerprint(certificateSha256)) {
    throw new WorkbenchError('device/wrong-identity', `The certificate of ${label} is not the accepted one; its SHA-256 fingerprint is ${found}`, {
      context: { certificateSha256: found }, hint: 'Was its certificate renewed? If not, somebody else answers there; nothing was sent',
    })
  }
}

async function closed(socket: TLSSocket): Promise<void> {
  if (socket.closed) return
  await new Promise<void>((resolve) => {
    socket.once('close', () => { resolve() })
    socket.destroy()
  })
}
