import type { Clock } from '../../../../shared/lifecycle/clock.ts'
import type { OpenPackage } from '../../../../shared/ota/openPackage.ts'
import type { RecoveryReport } from '../../../../shared/ota/transaction.schema.ts'
import type { UpdaterProgress } from '../../../../shared/ota/updater.schema.ts'
import type { PackageRecord, PackageShelf, ProgressReporter, UpdaterStore } from '../../../../shared/ota/updaterParts.ts'
import type { DeployDeps } from './deploy.ts'

export interface UpdaterDeps {
  readonly clock: Clock
  readonly store: UpdaterStore
  readonly shelf: PackageShelf
  readonly reporter: ProgressReporter
  readonly log: (line: string) => void
  /** Plain http from any host. */
  readonly lab: boolean
  readonly openPackage: (path: string, signal: AbortSignal) => Promise<OpenPackage>
  readonly device: Omit<DeployDeps, 'progress' | 'tell' | 'onCancel'> & { readonly recoverLinks: (signal: AbortSignal) => Promise<RecoveryReport> }
}

/** What the parts of an updater share: where it is, and how it says so. */
export interface UpdaterDesk extends UpdaterDeps {
  readonly now: () => UpdaterProgress
  /** Moves to a stage, and tells. What the table of stages does not know is a bug of ours. */
  readonly show: (change: Partial<UpdaterProgress>) => void
  readonly record: () => PackageRecord | undefined
  /** On the disk before it returns. */
  readonly remember: (record: PackageRecord | undefined) => Promise<void>
}
