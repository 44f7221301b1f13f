import { isIPv4 } from 'node:net'
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

export interface HostAddress {
  readonly nic: string
  readonly address: string
  readonly prefixBits: number
  /** Loopback. */
  readonly internal: boolean
}

/** IPv4 only: U-Boot knows nothing else. */
export function listHostAddresses(read: () => NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces): readonly HostAddress[] {
  return Object.entries(read()).flatMap(([nic, all = []]) =>
    all.filter(({ family }) => family === 'IPv4').map(({ address, cidr, internal }) =>
      ({ nic, address, prefixBits: Number(cidr?.split('/')[1] ?? 32), internal })))
}

export interface HostAddressWish {
  /** An address that must be one of ours. */
  readonly wanted?: string | undefined
  readonly nic?: string | undefined
  readonly cameraAddress?: string | undefined
}

export interface HostAddressChoice extends HostAddress {
  /** Why this one, for the plan: "the only address on eth1". */
  readonly reason: string
}

/** Bridges of containers and tunnels: a camera's cable is not there, unless somebody says so. */
const virtualNic = /^(docker|veth|br-|virbr|cni|flannel|tun|tap|wg|zt|tailscale|utun)/

/** Chooses among our own addresses and never guesses: two that fit alike are a question to the person. */
export function chooseHostAddress(wish: HostAddressWish, list: readonly HostAddress[]): HostAddressChoice {
  const { wanted, nic, cameraAddress } = wish
  for (const [flag, given] of [['--host-ip', wanted], ['--device-ip', cameraAddress]] as const) {
    if (given !== undefined && !isIPv4(given)) throw new WorkbenchError('input/malformed', `${flag} "${given.slice(0, 40)}" is no IPv4 address`)
  }
  if (cameraAddress !== undefined && list.some(({ address }) => address === cameraAddress)) {
    throw new WorkbenchError('input/conflict', `${cameraAddress} is an address of this computer and cannot be the camera's too`, { hint: 'Give the camera another address with --device-ip' })
  }
  const onNic = nic === undefined ? list : list.filter((each) => each.nic === nic)
  if (nic !== undefined && onNic.length === 0) throw notFound(`This computer has no interface "${nic.slice(0, 40)}" with an IPv4 address`, list)
  if (wanted !== undefined) {
    const [found] = onNic.filter(({ address }) => address === wanted)
    if (!found) throw notFound(`${wanted} is no address of ${nic === undefined ? 'this computer' : nic}`, list)
    return { ...found, reason: 'asked for' }
  }
  const near = cameraAddress === undefined ? [] : onNic.filter((each) => isInNet(each, cameraAddress))
  const closest = Math.max(...near.map(({ prefixBits }) => prefixBits))
  const best = near.filter(({ prefixBits }) => prefixBits === closest)
  if (best.length > 0) return only(best, `in one network with the camera's ${cameraAddress ?? ''}`)
  if (nic !== undefined) return only(onNic, `the only address on ${nic}`)
  const outside = onNic.filter(({ internal, address }) => !internal && !address.startsWith('169.254.'))
  const wired = outside.filter((each) => !virtualNic.test(each.nic))
  return only(wired.length > 0 ? wired : outside, 'the only address of this computer that a cable can reach')
}

function only(found: readonly HostAddress[], reason: string): HostAddressChoice {
  const [first, second] = found
  if (!first) throw new WorkbenchError('input/not-found', 'This computer has no network address that a camera could reach', { hint: 'Plug the camera\'s network in and give the interface an address' })
  if (second) {
    throw new WorkbenchError('input/conflict', `Several addresses fit: ${found.map(inWords).join(', ')}`, { hint: 'Say which one with --nic or --host-ip' })
  }
  return { ...first, reason }
}

const inWords = ({ nic, address }: HostAddress): string => `${address} (${nic})`

const notFound = (message: string, list: readonly HostAddress[]): WorkbenchError =>
  new WorkbenchError('input/not-found', message, { hint: `There is ${list.map(inWords).join(', ') || 'no network'}` })

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

function isInNet({ address, prefixBits }: HostAddress, other: string): boolean {
  const span = 2 ** (32 - prefixBits)
  return Math.floor(toNumber(address) / span) === Math.floor(toNumber(other) / span)
}

/** `.55` in the network of the host, as the published tool does; `.56` when that is the host itself. */
export function defaultCameraAddress(hostAddress: string): string {
  const network = hostAddress.split('.').slice(0, 3).join('.')
  return `${network}.${hostAddress.endsWith('.55') ? 56 : 55}`
}
