import type { DeviceFs, DevicePath } from '../../../../shared/devices/deviceFs.ts'
import { joined } from '../../../../shared/devices/devicePath.ts'
import { type DeployJournal, deployJournalSchema } from '../../../../shared/ota/snapshot.schema.ts'
import { readText, replaceText } from '../deviceFiles.ts'

/** Beside the versions, so that whoever comes next finds it, the updater on the device or the workbench over SSH. */
export const deployJournalName = '.deploy.json'

const pathIn = (folder: DevicePath): DevicePath => joined(folder, deployJournalName)

export const writeDeployJournal = async (fs: DeviceFs, folder: DevicePath, journal: DeployJournal, signal: AbortSignal): Promise<void> => replaceText(fs, pathIn(folder), `${JSON.stringify(journal)}\n`, signal)

/** `damaged`: it was being written when the power went, so nothing had been touched. */
export async function readDeployJournal(fs: DeviceFs, folder: DevicePath, signal: AbortSignal): Promise<DeployJournal | 'damaged' | undefined> {
  const text = await readText(fs, pathIn(folder), 1024 * 1024, signal)
  if (text === undefined) return undefined
  try {
    return deployJournalSchema.parse(JSON.parse(text))
  } catch {
    return 'damaged'
  }
}

export async function removeDeployJournal(fs: DeviceFs, folder: DevicePath, signal: AbortSignal): Promise<void> {
  for (const path of [pathIn(folder), `${pathIn(folder)}.tmp`]) if (await fs.stat(path, signal)) await fs.remove(path, signal)
  await fs.sync(folder, signal)
}
