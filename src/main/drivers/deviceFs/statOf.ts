import type { DevicePath, DeviceStat } from '../../../shared/devices/deviceFs.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

interface Looked { readonly size: number; readonly mode: number; isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }

/** What stands at a path; `undefined` where nothing does. */
export async function statOf(path: DevicePath, look: () => Promise<Looked>): Promise<DeviceStat | undefined> {
  try {
    const found = await look()
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : found.isSymbolicLink() ? 'link' : undefined
    if (kind === undefined) throw new WorkbenchError('device/refused', `${path} is neither a file nor a folder nor a link`, { context: { path } })
    return { kind, size: kind === 'file' ? found.size : 0, ...(kind === 'link' ? {} : { mode: found.mode & 0o7777 }) }
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'device/not-found') return undefined
    throw error
  }
}
