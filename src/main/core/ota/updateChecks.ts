import type { DeviceFs, DevicePath } from '../../../shared/devices/deviceFs.ts'
import { isWithin } from '../../../shared/devices/devicePath.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { walk } from './deviceFiles.ts'

export interface RoomNeed {
  readonly totalBytes: number
  readonly minFreeBytes?: number | undefined
}

/** Old and new lie on the device together, so twice the update has to fit. A device that does not tell is believed. */
export async function demandRoom(fs: DeviceFs, { totalBytes, minFreeBytes = 0 }: RoomNeed, signal: AbortSignal): Promise<void> {
  const neededBytes = Math.max(2 * totalBytes, minFreeBytes)
  const freeBytes = await fs.free(signal)
  if (freeBytes === undefined || freeBytes >= neededBytes) return
  throw new WorkbenchError('device/no-space', `The update needs ${neededBytes} bytes free on ${fs.label}, and there are ${freeBytes}`, { context: { neededBytes, freeBytes }, hint: 'Delete what nobody needs there, or send fewer files' })
}

/**
 * Files below the given folders or files that the update does not bring: those it deletes. Made from the device as it is and from the whole
 * list of what comes, never from what is left in the stage: that one is empty by the time the files are in place.
 */
export async function staleFiles(fs: DeviceFs, patterns: readonly string[], brings: ReadonlySet<DevicePath>, keeps: readonly DevicePath[], signal: AbortSignal): Promise<DevicePath[]> {
  const stale = new Set<DevicePath>()
  for (const pattern of patterns.map((each) => each.replace(/^\/+|\/+$/g, '')).filter((each) => each !== '')) {
    const found = await fs.stat(pattern, signal)
    const paths = found?.kind === 'file' ? [pattern] : (await walk(fs, pattern, signal)).filter(({ kind }) => kind === 'file').map(({ path }) => path)
    for (const path of paths) if (!brings.has(path) && !keeps.some((kept) => isWithin(path, kept))) stale.add(path)
  }
  return [...stale]
}
