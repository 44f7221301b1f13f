import type { PodStore } from '../../../../shared/devices/rackPod.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { eraseBlockBytes } from './layout.ts'

/** Kept free in the pod's memory, so that its own network keeps working. */
export const podReserveBytes = 256 * 1024
/** One staged file: what the camera's RAM holds between load address and proof address. */
export const maxLoadBytes = 8 * 1024 * 1024
export const podServerAddress = '192.168.1.1'
const podCameraAddress = '192.168.1.20'

export interface TftpChoice {
  readonly via: 'pod' | 'host'
  readonly reason: string
  readonly serverAddress: string
  readonly cameraAddress: string
  readonly port: number
  /** No staged file may be larger. */
  readonly maxLoadBytes: number
}

export interface TftpFacts {
  readonly wanted: 'auto' | 'pod' | 'host'
  readonly hasPod: boolean
  /** What the pod says, or why it does not. */
  readonly store: PodStore | WorkbenchError | undefined
  readonly totalBytes: number
  readonly hostIp: string | undefined
  readonly deviceIp: string | undefined
  /** Our address towards the camera and why that one. */
  readonly hostAddress: { readonly address: string; readonly reason: string } | WorkbenchError
  readonly hostPort: number
}

const kib = (bytes: number): string => `${Math.floor(bytes / 1024)} KiB`

/** Files left by an aborted run are dropped before staging, so their room counts as free. */
export const largestAfterClearing = (store: PodStore): number =>
  store.files.length === 0 ? store.largestFreeBytes : Math.max(store.largestFreeBytes, store.freeBytes + store.files.reduce((sum, file) => sum + file.lengthBytes, 0))

/** `auto`: the pod when there is one and its largest free block holds everything plus 256 KiB, otherwise this computer. */
export function chooseTftp(facts: TftpFacts): TftpChoice {
  if (facts.wanted === 'host') return hostChoice(facts, 'asked for')
  if (!facts.hasPod) {
    if (facts.wanted === 'pod') {
      throw new WorkbenchError('input/conflict', 'TFTP through the pod needs a rack pod, and this camera has none', {
        hint: 'Set DEFIB_POWER_TYPE=rack and give a rack:// address, or use --tftp-via host',
      })
    }
    return hostChoice(facts, 'the camera has no pod')
  }
  const room = facts.store
  if (room === undefined || room instanceof WorkbenchError) {
    const why = room instanceof WorkbenchError ? room.message : 'the pod was not asked'
    if (facts.wanted === 'pod') throw room ?? new WorkbenchError('pod/refused', why)
    return hostChoice(facts, `the pod does not say what room it has (${why})`)
  }
  const largest = largestAfterClearing(room)
  const limit = Math.min(maxLoadBytes, room.maxFileBytes, largest - podReserveBytes)
  if (facts.wanted === 'pod') {
    if (limit < eraseBlockBytes || room.maxFiles < 1) throw noRoom(facts.totalBytes, largest)
    return podChoice(facts, 'asked for', limit)
  }
  if (largest < facts.totalBytes + podReserveBytes) {
    return hostChoice(facts, `the pod has ${kib(largest)} in one piece, ${kib(facts.totalBytes + podReserveBytes)} are needed`)
  }
  return podChoice(facts, `the pod has ${kib(largest)} free for ${kib(facts.totalBytes)}`, limit)
}

const noRoom = (neededBytes: number, largestBytes: number): WorkbenchError =>
  new WorkbenchError('pod/no-room', `The pod has ${kib(largestBytes)} in one piece; not even one erase block fits beside its reserve`, {
    context: { requestedBytes: neededBytes, largestFreeBytes: largestBytes }, hint: 'Use --tftp-via host, or restart the pod',
  })

const dotted = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/

function checked(address: string | undefined, what: string): void {
  if (address !== undefined && !dotted.test(address)) throw new WorkbenchError('input/malformed', `${what} "${address.slice(0, 40)}" is not an IPv4 address`)
}

function podChoice(facts: TftpFacts, reason: string, limit: number): TftpChoice {
  checked(facts.hostIp, 'The host address')
  checked(facts.deviceIp, 'The camera address')
  if (facts.hostIp !== undefined && facts.hostIp !== podServerAddress) {
    throw new WorkbenchError('input/conflict', `On the pod's own wire the server is always ${podServerAddress}, not ${facts.hostIp}`, { hint: 'Leave the host address out, or use --tftp-via host' })
  }
  const cameraAddress = facts.deviceIp ?? podCameraAddress
  if (!cameraAddress.startsWith('192.168.1.') || cameraAddress === podServerAddress) {
    throw new WorkbenchError('input/conflict', `${cameraAddress} is not an address on the pod's wire (192.168.1.2 to 192.168.1.254)`)
  }
  return { via: 'pod', reason, serverAddress: podServerAddress, cameraAddress, port: 69, maxLoadBytes: limit }
}

function hostChoice(facts: TftpFacts, reason: string): TftpChoice {
  checked(facts.hostIp, 'The host address')
  checked(facts.deviceIp, 'The camera address')
  if (facts.hostAddress instanceof WorkbenchError) throw facts.hostAddress
  const { address } = facts.hostAddress
  return {
    via: 'host', reason: `${reason}; serving from ${address} (${facts.hostAddress.reason})`, serverAddress: address,
    cameraAddress: facts.deviceIp ?? address.replace(/\.\d+$/, address.endsWith('.55') ? '.56' : '.55'), port: facts.hostPort, maxLoadBytes,
  }
}
