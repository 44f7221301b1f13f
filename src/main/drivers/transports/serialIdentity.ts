import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** What tells one adapter from another, as far as the system says it. */
export interface UsbFacts {
  /** Four lower-case hex digits. */
  readonly vendorId: string
  readonly productId: string
  readonly serialNumber: string | undefined
  /** Where it is plugged in: `1-2.3` on Linux. */
  readonly place: string | undefined
  /** Which port of an adapter that has several; `0` for the first. */
  readonly channel: string
}

export interface SerialIdentity {
  readonly vendorId: string
  readonly productId: string
  readonly serialNumber: string | undefined
  readonly place: string | undefined
  readonly channel: string
}

/** Adapters that were never given a number of their own: every one of the maker's says this. */
const placeholders = /^(0*[01]?|(.)\2*|0?123456789?(abcdef)?0?|n\/?a|none|default)$/i
/** Windows makes one up from the place for adapters without a number, and those have an ampersand. */
const isRealSerial = (serial: string | undefined): serial is string => serial !== undefined && !placeholders.test(serial) && !serial.includes('&')

/**
 * A text for each port that stays the same when ports are numbered anew: by serial number wherever it is plugged in, and by
 * place too where the serial number is none, or is shared with another adapter of the list. `undefined`: cannot be told.
 */
export function identitiesOf(ports: readonly UsbFacts[]): (string | undefined)[] {
  const countOf = new Map<string, number>()
  const keyOf = ({ vendorId, productId, serialNumber, channel }: UsbFacts): string => JSON.stringify([vendorId, productId, serialNumber, channel])
  for (const port of ports) countOf.set(keyOf(port), (countOf.get(keyOf(port)) ?? 0) + 1)
  return ports.map((port) => {
    const isOwn = isRealSerial(port.serialNumber) && countOf.get(keyOf(port)) === 1
    if (!isOwn && port.place === undefined) return undefined
    return formatIdentity({ ...port, serialNumber: isRealSerial(port.serialNumber) ? port.serialNumber : undefined, place: isOwn ? undefined : port.place })
  })
}

function formatIdentity({ vendorId, productId, serialNumber, place, channel }: SerialIdentity): string {
  const query = [...(place === undefined ? [] : [`at=${encodeURIComponent(place)}`]), ...(channel === '0' ? [] : [`channel=${encodeURIComponent(channel)}`])]
  return `usb://${vendorId}:${productId}/${encodeURIComponent(serialNumber ?? '')}${query.length > 0 ? `?${query.join('&')}` : ''}`
}

/** `undefined` for what is none. */
export function parseIdentity(text: string): SerialIdentity | undefined {
  const found = /^usb:\/\/([0-9a-f]{4}):([0-9a-f]{4})\/([^?/]{0,1500})(?:\?(.{1,1500}))?$/i.exec(text)
  if (!found) return undefined
  const [, vendor = '', product = '', serialText = '', query = ''] = found
  const given = new URLSearchParams(query)
  const serialNumber = decoded(serialText)
  const place = given.get('at') ?? undefined
  if (serialNumber === undefined || (serialNumber === '' && place === undefined) || place === '') return undefined
  return {
    vendorId: vendor.toLowerCase(), productId: product.toLowerCase(), place, channel: given.get('channel') ?? '0',
    serialNumber: serialNumber === '' ? undefined : serialNumber,
  }
}

function decoded(text: string): string | undefined {
  try { return decodeURIComponent(text) } catch { return undefined } // a percent sign that stands for nothing
}

export const isSamePort = (wanted: SerialIdentity, port: UsbFacts): boolean =>
  wanted.vendorId === port.vendorId && wanted.productId === port.productId && wanted.channel === port.channel
  && (wanted.serialNumber === undefined || wanted.serialNumber === port.serialNumber)
  && (wanted.place === undefined || wanted.place === port.place)

/** The one port that is meant. `link/unreachable`: not plugged in; `input/conflict`: several answer to it. */
export function choosePort<P extends UsbFacts & { readonly device: string }>(identity: string, ports: readonly P[]): P {
  const wanted = parseIdentity(identity)
  if (!wanted) throw new WorkbenchError('input/malformed', 'This is no name of a USB adapter', { hint: 'rackbench ports lists the adapters of this computer' })
  const found = ports.filter((port) => isSamePort(wanted, port))
  const [first] = found
  if (!first) {
    throw new WorkbenchError('link/unreachable', `The adapter ${identity} is not plugged in`, {
      context: { adapter: identity }, hint: wanted.place === undefined ? 'Plug it in again' : 'Plug it into the same USB socket again: adapters without a number of their own are told by their socket',
    })
  }
  if (found.length > 1) {
    throw new WorkbenchError('input/conflict', `${found.length} adapters answer to ${identity}: ${found.map(({ device }) => device).join(', ')}`, {
      context: { adapter: identity }, hint: 'They share a serial number: list the ports again, and choose the one at the right socket',
    })
  }
  return first
}
