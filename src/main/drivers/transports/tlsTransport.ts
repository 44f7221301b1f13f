import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { openSocketTransport } from './socketTransport.ts'

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
  const { label, host, port } = place
  return openSocketTransport({
    label, connectedAt: 'secureConnect', check: (socket) => { checkCertificate(place, socket) },
    connect: () => connect({ host, port, rejectUnauthorized: false, ...(isIP(host) === 0 ? { servername: host } : {}) }),
    hint: 'Is it on, is the address right, and does it have a certificate for TLS?',
  }, clock, signal)
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
