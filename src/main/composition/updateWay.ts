import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { UpdateParts } from '../core/workflows/update/updatePlan.ts'
import type { ToldVersion, UpdateBench } from '../core/workflows/update/updateWorkflow.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { NewUpdateDevice, UpdateDevice, UpdatePlan, UpdateRelease, UpdateWish } from '../../shared/ota/deviceUpdate.schema.ts'
import { defaultChannel } from '../../shared/ota/registry.schema.ts'
import type { PlannedPhase } from '../../shared/restore/restore.schema.ts'

/** How one kind of device is asked and brought to a version. */
export interface UpdateWay {
  /** Fails for an address that is none. */
  check(device: NewUpdateDevice): void
  read(device: UpdateDevice, signal: AbortSignal): Promise<ToldVersion>
  /** Newest first. */
  releases(device: UpdateDevice, signal: AbortSignal): Promise<UpdateRelease[]>
  plan(device: UpdateDevice, wish: UpdateWish, told: ToldVersion, signal: AbortSignal): Promise<UpdateParts>
  /** Where devices are told by a key: logs in with exactly that one, and remembers it when that went well. */
  acceptKey?(device: UpdateDevice, sha256: string, signal: AbortSignal): Promise<void>
  /** Of the lease on it; absent: by its address. */
  resource?(device: UpdateDevice): string
  bench(device: UpdateDevice, plan: UpdatePlan): Pick<UpdateBench, 'ask' | 'steps' | 'read'>
}

export const phase = (name: string, title: string, forecastMs: number, cancel: PlannedPhase['cancel'] = 'anytime'): PlannedPhase => ({ name, title, cancel, forecastMs })

/** A channel is a folder in the folder of releases; stable may be that folder itself. */
export async function releaseFolder({ releases, channel }: Pick<UpdateDevice, 'releases' | 'channel'>): Promise<string> {
  const isFolder = async (path: string): Promise<boolean> => stat(path).then((found) => found.isDirectory(), () => false)
  const own = join(releases, channel)
  if (await isFolder(own)) return own
  if (channel === defaultChannel && await isFolder(releases)) return releases
  throw new WorkbenchError('input/not-found', `There is no folder ${channel === defaultChannel ? releases : own}`, { hint: 'Each channel is a folder in the folder of releases' })
}
