import type { FoundPlace } from '../../../shared/rack/discovery.schema.ts'
import type { MdnsRecord } from '../../protocols/mdns/parser.ts'

/** Pods have a page to be controlled by, and it is announced like every other page. */
export const podService = '_http._tcp.local'
const maxPlaces = 64
const defaultApiPort = 8080

/** What announced itself, cleaned: names are shown to people, and hosts are put into addresses. Pods first. */
export function placesFrom(records: readonly MdnsRecord[]): FoundPlace[] {
  const instances = new Set(records.flatMap((record) => (record.type === 'service' && same(record.name, podService) ? [record.instance.toLowerCase()] : [])))
  const found = new Map<string, FoundPlace>()
  for (const record of records) {
    if (record.type !== 'place' || !instances.has(record.name.toLowerCase()) || found.size >= maxPlaces) continue
    const place = placeOf(record, records)
    if (place && !found.has(place.address)) found.set(place.address, place)
  }
  return [...found.values()].sort((a, b) => Number(a.kind === 'other') - Number(b.kind === 'other') || (a.name < b.name ? -1 : 1))
}

function placeOf({ name, host: given, port }: Extract<MdnsRecord, { type: 'place' }>, records: readonly MdnsRecord[]): FoundPlace | undefined {
  const host = given.replace(/\.$/, '').toLowerCase()
  if (port < 1 || host.length > 253 || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(host)) return undefined
  const shown = cleanName(name.slice(0, -podService.length - 1)) || host
  // Names under .local are not resolved by every system; the address is.
  const address = records.find((record) => record.type === 'address' && same(record.name, given))
  const target = address?.type === 'address' && isReachable(address.address) ? address.address : host
  return { kind: /^rack-?node/i.test(host) || /^rack-?node/i.test(shown) ? 'pod' : 'other', name: shown, host, address: `rack://${target}${port === defaultApiPort ? '' : `?api=${port}`}` }
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()
const cleanName = (text: string): string => text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim().slice(0, 64)

/** A stranger may announce this computer's own services, or everybody, as a pod. */
const isReachable = (address: string): boolean => !/^(0|127|22[4-9]|23\d|24\d|25[0-5])\./.test(address)
