import type { DeviceFs, DevicePath } from '../../../shared/devices/deviceFs.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { NewDigest } from '../../../shared/ota/digest.ts'
import type { RecoveryReport, TransactionEvent } from '../../../shared/ota/transaction.schema.ts'

/** What somebody wants changed. What stands there now, and so which op it becomes, is found out by the plan. */
export type TransactionWish =
  /** A file that is staged already, whole, with this hash; it is moved, not copied. One that stands there with the same hash is left alone. */
  | { readonly kind: 'put'; readonly target: DevicePath; readonly staged: DevicePath; readonly sha256: string }
  /** A file; where there is none, nothing is done. */
  | { readonly kind: 'delete'; readonly target: DevicePath }
  /** A symbolic link with that text, or none. One that says so already is left alone. */
  | { readonly kind: 'link'; readonly target: DevicePath; readonly to: string | null }

export interface TransactionRequest {
  readonly wishes: readonly TransactionWish[]
  /** Written after everything else is durable, and not at all when it says the same already. */
  readonly state?: { readonly target: DevicePath; readonly text: string } | undefined
  /** For people and the journal: "v1.1.0". */
  readonly from: string | null
  readonly to: string
}

/** Where a transaction keeps its own files on the device. Targets may not lie in them. */
export interface TransactionPlaces {
  /** `.ota_txn.json` of a board. Its folder must exist. */
  readonly journal: DevicePath
  /** `.ota_backup`; made when it is needed, gone after the end. */
  readonly backup: DevicePath
  /** `.ota_stage`; emptied and taken away at the end and by a recovery. Absent: the caller's own matter. */
  readonly stage?: DevicePath | undefined
  /** `ota_error.json`: told there, as well as can be, when something could not be brought back. */
  readonly errors?: DevicePath | undefined
}

export interface TransactionDeps {
  readonly fs: DeviceFs
  readonly places: TransactionPlaces
  readonly clock: Clock
  readonly newDigest: NewDigest
  /** A text that no other transaction of this device has: a UUID. */
  readonly newId: () => string
  readonly tell?: ((event: TransactionEvent) => void) | undefined
}

/** `nothing`: the device was so already, and no byte was written. */
export interface TransactionEnd {
  readonly end: 'new' | 'nothing'
  /** Files and links that are other ones now. */
  readonly changed: number
  /** The device is new and says so, but its backups could not be cleared away; the next recovery does it. */
  readonly leftover?: string | undefined
}

/**
 * Brings the device from what it is to what is wished, wholly or not at all. Rejects with the first error after everything is old again;
 * with `device/recovery-incomplete` when something could not be brought back (its backup is kept); with the link's own error when the
 * device does not answer any more: then the next `RecoverTransaction` decides. `input/conflict` while an earlier one is not recovered.
 */
export type ApplyTransaction = (request: TransactionRequest, deps: TransactionDeps, signal: AbortSignal) => Promise<TransactionEnd>

/**
 * To be called at each start of work with a device, before anything else. Ends with exactly the old or exactly the new files and the state
 * that names them, or says what could not be brought back. Calling it again gives the same end.
 */
export type RecoverTransaction = (deps: Omit<TransactionDeps, 'newId'>, signal: AbortSignal) => Promise<RecoveryReport>
