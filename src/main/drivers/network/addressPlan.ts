import { isIPv4 } from 'node:net'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { shown } from '../errors/shown.ts'
import type { IpLinks, IpRoutes } from './ipProgram.schema.ts'

/** An address that this computer is to have for a while. */
export interface AddressWish {
  readonly nic: string
  readonly address: string
  readonly prefixBits: number
}

/** `255.255.255.0` or `24`. What is neither is refused: a network of the wrong width takes the traffic of others. */
export function prefixBitsOf(mask: string): number {
  const bits = isIPv4(mask) ? (toNumber(mask).toString(2).padStart(32, '0').match(/^1+(?=0*$)/)?.[0].length ?? 0) : /^\d{1,2}$/.test(mask) ? Number(mask) : 0
  if (bits >= 8 && bits <= 30) return bits
  throw new WorkbenchError('input/malformed', `--netmask "${shown(mask, 40)}" is no mask of a network that a camera could be in`, { hint: 'For example 255.255.255.0, or 24' })
}

/**
 * Whether it has to be added (`true`), or is there already, so that nobody takes it away afterwards. Refused where it would be somebody else's:
 * on another interface, or in a network that this computer reaches another way, because from then on that way would be cut.
 */
export function mustBeAdded({ nic, address, prefixBits }: AddressWish, links: IpLinks, routes: IpRoutes): boolean {
  const link = links.find(({ ifname }) => ifname === nic)
  if (!link) throw new WorkbenchError('input/not-found', `This computer has no interface "${shown(nic, 40)}"`, { hint: `There is ${links.map(({ ifname }) => shown(ifname, 40)).join(', ') || 'none'}` })
  if (link.flags.includes('LOOPBACK')) throw new WorkbenchError('input/conflict', `${nic} reaches nothing but this computer`, { hint: 'Name the interface that the camera\'s cable is plugged into' })
  checkHostAddress(address, prefixBits)
  for (const { ifname, addr_info: found } of links) {
    if (!found.some(({ local }) => local === address)) continue
    if (ifname === nic) return false
    throw new WorkbenchError('input/conflict', `${address} is the address of ${shown(ifname, 40)} and cannot be that of ${nic} too`, { hint: `Use --nic ${shown(ifname, 40)}, or another --ip` })
  }
  if (!link.flags.includes('UP')) throw new WorkbenchError('input/conflict', `The interface ${nic} is switched off`, { hint: `ip link set ${nic} up` })
  const taken = routes.find(({ dst, dev }) => dst !== 'default' && dev !== nic && overlaps(dst, address, prefixBits))
  if (taken) {
    throw new WorkbenchError('input/conflict', `${address}/${prefixBits} lies in a network that this computer reaches another way (${shown(taken.dst, 40)}${taken.dev === undefined ? '' : ` by ${shown(taken.dev, 40)}`}); that way would be cut`, {
      context: { address, prefixBits, route: taken.dst.slice(0, 40) }, hint: 'Take an address of another network, or a smaller network, for this computer and the camera',
    })
  }
  return true
}

function checkHostAddress(address: string, prefixBits: number): void {
  const inNet = isIPv4(address) ? toNumber(address) % 2 ** (32 - prefixBits) : 0
  const first = Number(address.split('.')[0])
  if (inNet > 0 && inNet < 2 ** (32 - prefixBits) - 1 && first > 0 && first !== 127 && first < 224) return
  throw new WorkbenchError('input/malformed', `--ip "${shown(address, 40)}" is no address that a computer can have in a network of ${prefixBits} bits`, { hint: 'For example --ip 192.168.1.10 --netmask 255.255.255.0' })
}

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

function overlaps(route: string, address: string, prefixBits: number): boolean {
  const [base = '', bits = '32'] = route.split('/')
  if (!isIPv4(base)) return false
  const span = 2 ** (32 - Math.min(prefixBits, Number(bits)))
  return Math.floor(toNumber(base) / span) === Math.floor(toNumber(address) / span)
}
