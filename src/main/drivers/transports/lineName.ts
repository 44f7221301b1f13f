import { realpath } from 'node:fs/promises'
import { listSerialPorts, type SerialPortEntry, type SerialPortsDeps } from './listSerialPorts.ts'
import { choosePort } from './serialIdentity.ts'
import type { TransportUrl } from './transportUrl.ts'

/**
 * One name for one line, however its address was written: `/dev/ttyUSB0`, an alias of it and the `usb://` of its adapter are the same. It is the
 * key of the line's lease, so two cameras, or a camera and a command, cannot both have it. An adapter that is not plugged in has the name it was given.
 */
export async function nameOfLine(url: TransportUrl, deps?: SerialPortsDeps): Promise<string> {
  if (url.kind !== 'serial' && url.kind !== 'usb') return plainLineName(url)
  const ports = await listSerialPorts(deps).catch(() => [])
  const port = url.kind === 'usb' ? portOfIdentity(url.identity, ports) : await portOfPath(url.path, ports)
  if (port) return nameOfPort(port)
  return url.kind === 'usb' ? plainLineName(url) : await realpath(url.path).catch(() => plainLineName(url))
}

/** The same for an entry of the list of ports. */
export const nameOfPort = ({ identity, device }: Pick<SerialPortEntry, 'identity' | 'device'>): string => identity ?? device

/** Without asking the system. */
export function plainLineName(url: TransportUrl): string {
  switch (url.kind) {
    case 'serial': return url.path
    case 'usb': return url.identity
    case 'unix': return `socket://${url.path}`
    case 'tcp': case 'rfc2217': return `${url.kind}://${url.host}:${url.port}`
    case 'rack': return `pod ${url.host}:${url.apiPort}`
  }
}

function portOfIdentity(identity: string, ports: readonly SerialPortEntry[]): SerialPortEntry | undefined {
  // Not plugged in, or not told apart: opening it says so.
  try { return choosePort(identity, ports) } catch { return undefined }
}

async function portOfPath(path: string, ports: readonly SerialPortEntry[]): Promise<SerialPortEntry | undefined> {
  const device = await realpath(path).catch(() => path)
  for (const port of ports) {
    if (sameDevice(port.device) === sameDevice(device) || await realpath(port.device).catch(() => port.device) === device) return port
  }
  return undefined
}

/** macOS has two files for one port, and Windows two ways to write one name. */
const sameDevice = (path: string): string => path.replace(/^\/dev\/(cu|tty)\./, '/dev/').replace(/^\\\\\.\\(COM\d+)$/i, '$1').replace(/^com\d+$/i, (name) => name.toUpperCase())
