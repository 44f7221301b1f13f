import type { DatagramNetwork, Endpoint } from '../../../shared/devices/datagram.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { OptionLimits } from '../../protocols/tftp/options.ts'
import type { PatienceLimits } from './patience.ts'

export interface TransferFacts {
  readonly direction: 'download' | 'upload'
  /** Of the offer or the slot; for a request that found neither, what the client asked for. */
  readonly name: string
  readonly peer: Endpoint
  readonly doneBytes: number
  /** Unknown for an upload whose client announced nothing. */
  readonly totalBytes: number | undefined
}

/** `progressed` comes at most four times a second. A refused request is one `failed` with nothing before it. */
export type TftpEvent =
  | (TransferFacts & { readonly kind: 'started' | 'progressed' | 'finished' })
  | (TransferFacts & { readonly kind: 'failed'; readonly reason: string })

export interface TftpLimits extends PatienceLimits, OptionLimits {
  readonly maxTransfers: number
  /** How long the end of a transfer is remembered, so that late packets find somebody who knows them. */
  readonly lingerMs: number
  readonly progressEveryMs: number
}

export const defaultTftpLimits: TftpLimits = {
  firstWaitMs: 250, leastWaitMs: 100, mostFirstWaitMs: 500, mostWaitMs: 4_000, silenceMs: 30_000,
  mostBlockBytes: 65_464, burstBudgetBytes: 192 * 1024,
  maxTransfers: 64, lingerMs: 5_000, progressEveryMs: 250,
}

export interface TftpServerOptions {
  readonly network: DatagramNetwork
  readonly address: string
  readonly port: number
  readonly clock: Clock
  /** Where answers come from. U-Boot takes both; firewalls and NAT like the listening port, RFC 1350 asks for a fresh one. */
  readonly answerFrom?: 'listening-port' | 'fresh-port' | undefined
  readonly limits?: Partial<TftpLimits> | undefined
  /** Must not throw: it is called in the middle of a transfer. */
  readonly onEvent?: ((event: TftpEvent) => void) | undefined
}

/** Read-only by names that were offered, write-only into slots that were opened. There is no file system behind it. */
export interface TftpServer {
  readonly address: string
  readonly port: number
  /** The bytes are not copied and must not change while offered. The same name again replaces; transfers under way keep the old bytes. */
  offer(name: string, bytes: Uint8Array): Offer
  /** One upload of at most `maxBytes`. An upload that fails leaves the slot open for the next try. `input/conflict` when open already. */
  openUpload(name: string, maxBytes: number): UploadSlot
  /** Withdraws an offer or closes a slot; transfers of that name are ended. Says whether there was one. */
  remove(name: string): boolean
  offered(name: string): boolean
  /** Of all transfers under way, both directions. */
  activeTransfers(): number
  /** Tells every client, frees the port. */
  close(): Promise<void>
}

export interface Offer {
  readonly name: string
  readonly lengthBytes: number
  /** Transfers that were acknowledged to the last byte. */
  readonly completedReads: number
  /** A no-op once the name was offered again or removed. */
  remove(): void
}

export interface UploadSlot {
  readonly name: string
  /** Rejects with `link/closed` when the slot or the server is closed first. */
  readonly bytes: Promise<Uint8Array>
  close(): void
}
