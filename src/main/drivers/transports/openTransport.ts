import type { RackPod } from '../../../shared/devices/rackPod.ts'
import type { Transport } from '../../../shared/devices/transport.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { createRackPodClient } from '../http/rackPodClient.ts'
import { openRackTransport } from './rackTransport.ts'
import { openRfc2217Transport } from './rfc2217Transport.ts'
import { openSerialTransport } from './serialTransport.ts'
import { openTcpTransport } from './tcpTransport.ts'
import { hostInUrl, type TransportUrl } from './transportUrl.ts'
import { openUnixSocketTransport } from './unixSocketTransport.ts'
import { openUsbTransport } from './usbTransport.ts'

export interface OpenTransportDeps {
  readonly clock: Clock
  /** Bounds the opening only. */
  readonly signal: AbortSignal
  /** Whoever has a client of this pod already passes it in; else one is made of the address. */
  readonly pod?: Pick<RackPod, 'setBaudRate'>
}

export async function openTransport(url: TransportUrl, { clock, signal, pod }: OpenTransportDeps): Promise<Transport> {
  const label = url.text
  switch (url.kind) {
    case 'serial': return openSerialTransport({ label, path: url.path }, clock, signal)
    case 'usb': return openUsbTransport({ label, identity: url.identity }, clock, signal)
    case 'unix': return openUnixSocketTransport({ label, path: url.path }, clock, signal)
    case 'tcp': return openTcpTransport({ label, host: url.host, port: url.port }, clock, signal)
    case 'rfc2217': return openRfc2217Transport({ label, host: url.host, port: url.port }, clock, signal)
    case 'rack': {
      const podOfLine = pod ?? createRackPodClient({ baseUrl: rackBaseUrl(url), clock })
      return openRackTransport({ label, host: url.host, port: url.bridgePort }, podOfLine, clock, signal)
    }
  }
}

export const rackBaseUrl = (url: Extract<TransportUrl, { kind: 'rack' }>): string => `http://${hostInUrl(url.host)}:${url.apiPort}`
