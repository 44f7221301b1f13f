import { isIP } from 'node:net'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { parseIdentity } from './serialIdentity.ts'

export const defaultBridgePort = 9000
export const defaultApiPort = 8080

/** `text` is the address as it was given, for labels. */
export type TransportUrl =
  | { readonly kind: 'serial'; readonly text: string; readonly path: string }
  | { readonly kind: 'usb'; readonly text: string; readonly identity: string }
  | { readonly kind: 'unix'; readonly text: string; readonly path: string }
  | { readonly kind: 'tcp' | 'rfc2217'; readonly text: string; readonly host: string; readonly port: number }
  | { readonly kind: 'rack'; readonly text: string; readonly host: string; readonly bridgePort: number; readonly apiPort: number }

const forms = 'Known forms: /dev/ttyUSB0, COM3, usb://vendor:product/serial, tcp://host:port, rfc2217://host:port, rack://host[:bridge][?api=port], socket:///path'

const malformed = (text: string, why: string): WorkbenchError =>
  new WorkbenchError('input/malformed', `"${shown(text)}" is no port: ${why}`, { hint: forms })

/** Quoted in messages, so bounded and without what could move a terminal's cursor. */
const shown = (text: string): string => text.slice(0, 120).replaceAll(/[^\x20-\x7e]/g, '?')

/** Every form of the published tool; errors name the part that is wrong. */
export function parseTransportUrl(given: string): TransportUrl {
  const text = given.trim()
  if (text === '') throw malformed(text, 'it is empty')
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(text)) throw malformed(text, 'it holds control characters')
  if (text.startsWith('/')) return { kind: 'serial', text, path: text }
  const com = /^(?:\\\\\.\\)?com(\d{1,3})$/i.exec(text)
  if (com) {
    const number = Number(com[1])
    // Windows finds COM1 to COM9 by name and all others only through its device namespace.
    return { kind: 'serial', text, path: number >= 10 ? `\\\\.\\COM${number}` : `COM${number}` }
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text)
  const rest = scheme?.[2] ?? ''
  switch (scheme?.[1]?.toLowerCase()) {
    case 'tcp': return { kind: 'tcp', text, ...parseTcp(text, rest) }
    case 'rfc2217': return { kind: 'rfc2217', text, ...parseTcp(text, rest) }
    case 'rack': return { kind: 'rack', text, ...parseRack(text, rest) }
    case 'usb': {
      if (!parseIdentity(text)) throw malformed(text, 'it names no USB adapter as the list of ports does')
      return { kind: 'usb', text, identity: text }
    }
    case 'socket': {
      if (!rest.startsWith('/')) throw malformed(text, 'the path after socket:// does not begin with /')
      return { kind: 'unix', text, path: rest }
    }
    case undefined: throw malformed(text, 'it is neither a path nor an address with ://')
    default: throw malformed(text, `${scheme?.[1] ?? ''}:// is unknown`)
  }
}

function parseTcp(text: string, rest: string): { host: string; port: number } {
  const at = rest.lastIndexOf(':')
  if (at < 0 || rest.endsWith(']')) throw malformed(text, 'the port number is missing')
  return { host: parseHost(text, rest.slice(0, at)), port: parsePort(text, 'port', rest.slice(at + 1)) }
}

function parseRack(text: string, rest: string): { host: string; bridgePort: number; apiPort: number } {
  const [place = '', query = ''] = splitOnce(rest.replace(/\/$/, ''), '?')
  const bracketed = /^(\[[^\]]*\])(?::(.*))?$/.exec(place)
  const [hostText, bridgeText] = bracketed ? [bracketed[1] ?? '', bracketed[2]] : splitOnce(place, ':')
  // Other keys are left to other tools that share the address.
  const api = new URLSearchParams(query).get('api')
  return {
    host: parseHost(text, (hostText ?? '').replace(/\/$/, '')),
    bridgePort: bridgeText === undefined ? defaultBridgePort : parsePort(text, 'bridge port', bridgeText.replace(/\/$/, '')),
    apiPort: api === null ? defaultApiPort : parsePort(text, 'api port', api),
  }
}

const splitOnce = (text: string, mark: string): [string, string | undefined] => {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)]
}

function parseHost(text: string, given: string): string {
  if (given === '') throw malformed(text, 'the host is missing')
  const bracketed = /^\[(.*)\]$/.exec(given)
  if (bracketed) {
    const address = bracketed[1] ?? ''
    if (isIP(address.split('%')[0] ?? '') !== 6) throw malformed(text, `"${shown(address)}" is no IPv6 address`)
    return address
  }
  if (isIP(given) === 6) throw malformed(text, 'an IPv6 address stands in brackets, as in [fe80::1]')
  if (!/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?$/.test(given) || given.length > 253) throw malformed(text, `"${shown(given)}" is no host name`)
  if (/^[\d.]+$/.test(given) && isIP(given) !== 4) throw malformed(text, `"${shown(given)}" is no IPv4 address`)
  return given
}

/** `name` begins the sentence: "the bridge port". Also for variables and flags that hold a port. */
export function parsePort(text: string, name: string, given: string): number {
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN
  if (!(port >= 1 && port <= 65_535)) throw malformed(text, given === '' ? `the ${name} is missing` : `the ${name} "${shown(given)}" is no number from 1 to 65535`)
  return port
}

/** For URLs: an IPv6 address in brackets. */
export const hostInUrl = (host: string): string => (host.includes(':') ? `[${host.replaceAll('%', '%25')}]` : host)
