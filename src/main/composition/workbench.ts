import type { MdnsPlace } from '../drivers/network/mdnsBrowse.ts'
import type { implement } from '@orpc/server'
import type { WorkbenchContract } from '../../shared/contracts/workbench.contract.ts'
import type { SerialPortsDeps } from '../drivers/transports/listSerialPorts.ts'
import type { KeyVault } from '../../shared/secrets/secrets.schema.ts'
import type { ByteLaneEnd } from '../../shared/rpc/byteLane.ts'

/** Everything that differs between hosts, as data. */
export interface HostEnvironment {
  readonly host: 'electron' | 'web' | 'cli'
  readonly version: string
  /** Journal, reports, profiles and U-Boot images of this user. */
  readonly dataFolder: string
  /** Read-only files that ship with the product. */
  readonly resourcesFolder: string
  readonly homeFolder: string
  /** UDP port of our TFTP server: 69, unless a test or a peer wants another. */
  readonly tftpPort: number
  /** Where pods are listened for: the group and port of mDNS on every network of this computer, unless a test has its own. */
  readonly mdns?: MdnsPlace | undefined
  /** For boot profiles and U-Boot images; without it only files of this computer are read. */
  readonly fetch?: typeof globalThis.fetch
  /** Where U-Boot builds are published; the public address otherwise. */
  readonly ubootUrl?: string | undefined
  /** The Redis on which several benches share their batches; without it they are kept in the data folder. */
  readonly redisUrl?: string | undefined
  /** How many cameras the demo rack has, 1 to 100: twelve, unless somebody wants a night run over more. */
  readonly demoCameras?: number | undefined
  /** Jobs that work at the same time; the others wait. Eight, unless a host says otherwise. */
  readonly jobsAtOnce?: number | undefined
  /** What commands that switch power inherit. */
  readonly commandEnvironment?: Readonly<Record<string, string | undefined>>
  /** What seals passwords; a host without one keeps them in a file for this user only. */
  readonly keyVault?: KeyVault | undefined
  /** Where this computer's serial adapters are listed; the system otherwise. */
  readonly serialPorts?: SerialPortsDeps
  /** Faults and foreign errors, for the person who runs the host. */
  readonly log: (line: string) => void
}

export type WorkbenchRouter = ReturnType<ReturnType<typeof implement<WorkbenchContract>>['router']>

/** What a host gets: it only makes links. */
export interface Workbench {
  /** oRPC router of `workbenchContract`. */
  readonly router: WorkbenchRouter
  /** Serves console bytes to one viewer until its link closes. */
  serveLane(end: ByteLaneEnd): void
  /** Stops jobs at their next safe point, closes every port and file. */
  close(): Promise<void>
}
