import type { DeviceFs, DevicePath } from '../../../../shared/devices/deviceFs.ts'
import { joined } from '../../../../shared/devices/devicePath.ts'
import type { NewDigest } from '../../../../shared/ota/digest.ts'
import { hashOf, linkAt, walk } from '../deviceFiles.ts'
import { markerName } from './snapshotMarker.ts'
import type { Snapshots } from './snapshots.ts'

export interface FactoryState {
  readonly isValid: boolean
  /** No write bit on the folder, a folder in it or a file. */
  readonly isReadOnly: boolean
  /** What is wrong; empty when it can be fallen back to and not be changed by mistake. */
  readonly problems: readonly string[]
}

export async function checkFactory(fs: DeviceFs, snapshots: Snapshots, signal: AbortSignal): Promise<FactoryState> {
  const { factory, dangling } = await snapshots.links(signal)
  const bad = (why: string): FactoryState => ({ isValid: false, isReadOnly: false, problems: [why] })
  if (factory === undefined) return bad(dangling.includes('factory') ? 'the factory link leads nowhere' : 'there is no factory link')
  const top = joined(snapshots.folder, factory)
  const entries = await walk(fs, top, signal)
  // The marker alone is no version, and neither are links to what is gone.
  if (!entries.some(({ path, kind }) => kind === 'folder' || (kind === 'file' && path !== joined(top, markerName)))) return bad(entries.length === 0 ? 'the factory version is empty' : 'the factory version holds no real file')
  const writable: DevicePath[] = []
  for (const { path, kind } of [...entries, { path: top, kind: 'folder' }]) {
    if (kind !== 'link' && ((await fs.stat(path, signal))?.mode ?? 0o222) & 0o222) writable.push(path)
  }
  return { isValid: true, isReadOnly: writable.length === 0, problems: writable.slice(0, 20).map((path) => `${path} may be written`) }
}

/** Each file of a version as it was written; what differs, by path. `undefined` when nobody knows what it consists of. */
export async function differencesOf(fs: DeviceFs, snapshots: Snapshots, version: string, newDigest: NewDigest, signal: AbortSignal): Promise<readonly string[] | undefined> {
  const marker = await snapshots.marker(version, signal)
  if (!marker) return undefined
  const wrong: string[] = []
  for (const { path, sha256 } of marker.files) {
    if (await hashOf(fs, joined(snapshots.pathOf(version), path), newDigest, signal) !== sha256) wrong.push(path)
  }
  return wrong
}

/** Links by which services reach their files. */
export const entryFolders: readonly DevicePath[] = ['usr/local/bin', 'opt/tope/bin', 'opt/tope/services', 'opt/tope/lib']

/**
 * A link that names a version and not `current` keeps its service at that version for ever, whatever is installed. `versions` is the
 * folder of the versions as a path from the root.
 */
export async function pinnedEntryLinks(fs: DeviceFs, versions: DevicePath, folders: readonly DevicePath[], signal: AbortSignal): Promise<readonly { readonly path: DevicePath; readonly to: string }[]> {
  const pinned: { path: DevicePath; to: string }[] = []
  const last = versions.slice(versions.lastIndexOf('/') + 1)
  for (const folder of folders) {
    if ((await fs.stat(folder, signal))?.kind !== 'folder') continue
    for (const name of await fs.list(folder, signal)) {
      const to = await linkAt(fs, joined(folder, name), signal)
      if (to === null) continue
      const parts = to.split('/')
      const at = parts.lastIndexOf(last)
      if (at >= 0 && parts[at + 1] !== 'current') pinned.push({ path: joined(folder, name), to })
    }
  }
  return pinned
}
