import type { DeviceFs } from '../../../../shared/devices/deviceFs.ts'
import { joined } from '../../../../shared/devices/devicePath.ts'
import type { Services } from '../../../../shared/devices/services.ts'
import type { Clock } from '../../../../shared/lifecycle/clock.ts'
import type { NewDigest } from '../../../../shared/ota/digest.ts'
import type { RecoveryReport } from '../../../../shared/ota/transaction.schema.ts'
import { applyTransaction } from '../applyTransaction.ts'
import { recoverTransaction } from '../recoverTransaction.ts'
import type { UpdaterDeps } from './updaterDesk.ts'
import { outsideStage } from './outside.ts'
import { createSnapshots } from './snapshots.ts'

/** Below the root of the device. */
export const versionsFolder = 'opt/tope/versions'

export interface ApplianceParts {
  readonly fs: DeviceFs
  readonly services: Services
  readonly clock: Clock
  readonly newDigest: NewDigest
  readonly newId: () => string
  readonly allowsCommands: boolean
  /** Folders outside of the versions that the owner of the appliance opened to packages. */
  readonly also?: readonly string[] | undefined
}

/** One appliance with its versions, as everything that deploys wants it: the updater on it, and the workbench over SSH. */
export function createAppliance(parts: ApplianceParts): UpdaterDeps['device'] {
  const { fs, clock, newDigest, newId } = parts
  const transaction = { fs, clock, newDigest, newId, places: { journal: joined(versionsFolder, '.links.json'), backup: joined(versionsFolder, '.links_backup'), stage: joined(versionsFolder, outsideStage) } }
  const recoverLinks = async (signal: AbortSignal): Promise<RecoveryReport> => recoverTransaction(transaction, signal)
  return {
    ...parts, recoverLinks,
    snapshots: createSnapshots({ fs, folder: versionsFolder, transact: async (request, signal) => applyTransaction(request, transaction, signal), settle: recoverLinks }),
  }
}
