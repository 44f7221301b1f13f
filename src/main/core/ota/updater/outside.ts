import type { DeviceFs, DevicePath } from '../../../../shared/devices/deviceFs.ts'
import { joined } from '../../../../shared/devices/devicePath.ts'
import type { SnapshotFile, SnapshotMarker } from '../../../../shared/ota/snapshot.schema.ts'
import { updaterFault } from '../../../../shared/ota/updaterFault.ts'
import type { PackageModule } from '../../../protocols/updater/manifest.ts'
import { versionOfFolder } from '../../../protocols/updater/version.ts'
import { ensureFoldersAbove } from '../deviceFiles.ts'
import type { TransactionWish } from '../transactionTypes.ts'

/** In the folder of a version: what stood outside before any version put something there. */
export const beforeFolder = '.before'
/** Beside the versions: copies that are moved to their places in the step that switches the links. */
export const outsideStage = '.links_stage'

/** Before any service is stopped: a link, a folder, or a way that leads through a link is nobody's to replace. */
export async function demandFreePlaces(modules: readonly Pick<PackageModule, 'name' | 'path'>[], fs: DeviceFs, signal: AbortSignal): Promise<void> {
  for (const { name, path } of modules) {
    const above = path.split('/').slice(0, -1).map((_, index, parts) => parts.slice(0, index + 1).join('/'))
    for (const folder of above) {
      const found = await fs.stat(folder, signal)
      if (!found) break
      if (found.kind !== 'folder') throw updaterFault('INVALID_MANIFEST', `${name} would go to /${path}, and /${folder} is a ${found.kind} on the device`)
    }
    const found = await fs.stat(path, signal)
    if (found && found.kind !== 'file') throw updaterFault('INVALID_MANIFEST', `${name} would go to /${path}, and that is a ${found.kind} on the device`)
  }
}

/** What is asked here of the versions of a device. */
interface KnownVersions {
  pathOf(version: string): DevicePath
  links(signal: AbortSignal): Promise<{ readonly current?: string | undefined }>
  marker(version: string, signal: AbortSignal): Promise<SnapshotMarker | undefined>
}

interface Standing { readonly at: DevicePath; readonly size: number; readonly mode: number; readonly sha256: string | undefined }

/** By its place: what a version that runs now found there, or, where no version has put anything, what stands there. */
export async function standingBefore(outside: readonly string[], { fs, snapshots }: { readonly fs: DeviceFs; readonly snapshots: KnownVersions }, signal: AbortSignal): Promise<ReadonlyMap<string, Standing>> {
  const version = versionOfFolder((await snapshots.links(signal)).current ?? '')
  const running = version === undefined ? undefined : await snapshots.marker(version, signal)
  const found = new Map<string, Standing>()
  for (const path of outside) {
    if (running?.outside?.includes(path)) {
      const kept = running.before?.find((file) => file.path === path)
      if (kept) found.set(path, { ...kept, at: joined(snapshots.pathOf(running.version), joined(beforeFolder, path)) })
      continue
    }
    const stat = await fs.stat(path, signal)
    if (stat?.kind === 'file') found.set(path, { at: path, size: stat.size, mode: (stat.mode ?? 0o644) & 0o777, sha256: undefined })
  }
  return found
}

/** What the step from one version to another changes outside of their folders: theirs comes, and what only the other had gives its place back. */
export async function outsideWishes({ from, to }: { readonly from: SnapshotMarker | undefined; readonly to: SnapshotMarker | undefined }, { fs, folder }: { readonly fs: DeviceFs; readonly folder: DevicePath }, signal: AbortSignal): Promise<TransactionWish[]> {
  const wishes: TransactionWish[] = []
  const put = async (file: SnapshotFile, source: DevicePath): Promise<void> => {
    const staged = joined(joined(folder, outsideStage), file.path)
    await ensureFoldersAbove(fs, staged, signal)
    await fs.write(staged, fs.read(source, signal), signal, { mode: file.mode })
    wishes.push({ kind: 'put', target: file.path, staged, sha256: file.sha256 })
  }
  const in_ = (marker: SnapshotMarker, path: DevicePath): DevicePath => joined(joined(folder, `v${marker.version}`), path)
  const wanted = new Set(to?.outside)
  if (to) for (const file of to.files) if (wanted.has(file.path)) await put(file, in_(to, file.path))
  for (const path of from?.outside ?? []) {
    if (wanted.has(path) || !from) continue
    const kept = from.before?.find((file) => file.path === path)
    if (kept) await put(kept, in_(from, joined(beforeFolder, path)))
    else wishes.push({ kind: 'delete', target: path })
  }
  return wishes
}
