import type { DeviceFs } from '../../../../shared/devices/deviceFs.ts'
import { joined } from '../../../../shared/devices/devicePath.ts'
import type { NewDigest } from '../../../../shared/ota/digest.ts'
import type { OpenPackage } from '../../../../shared/ota/openPackage.ts'
import type { SnapshotFile } from '../../../../shared/ota/snapshot.schema.ts'
import { updaterFault } from '../../../../shared/ota/updaterFault.ts'
import { type Incremental, isDeleted } from '../../../protocols/updater/incremental.ts'
import { folderOfVersion, versionOfFolder } from '../../../protocols/updater/version.ts'
import { differencesOf } from './checkVersions.ts'
import type { Snapshots } from './snapshots.ts'

interface BaseDeps { readonly fs: DeviceFs; readonly snapshots: Snapshots; readonly newDigest: NewDigest }

/** What the new version begins with. */
export interface Base {
  readonly version: string
  readonly units: readonly string[]
  /** Those that stay. */
  readonly files: readonly SnapshotFile[]
  /** Of those, the ones that also stand outside of the versions. */
  readonly outside: readonly string[]
}

/** Of the version that it builds on: without what goes and without what the package brings. */
export const filesThatStay = <T extends { readonly path: string }>(incremental: Pick<Incremental, 'deleted'>, brought: ReadonlySet<string>, files: readonly T[]): readonly T[] => files.filter(({ path }) => !brought.has(path) && !isDeleted(incremental, path))

/** The version that runs, if the package was made for it and every file of it is still what was installed; touches nothing. */
export async function baseOf(incremental: Incremental, brought: ReadonlySet<string>, { fs, snapshots, newDigest }: BaseDeps, signal: AbortSignal): Promise<Base> {
  const { base } = incremental
  const { current } = await snapshots.links(signal)
  if (current === undefined) throw updaterFault('INCREMENTAL_BASE_MISSING', `the package builds on ${base}, and no version runs here`, { hint: 'Install a whole package first' })
  if (current !== folderOfVersion(base)) throw updaterFault('INCREMENTAL_BASE_MISMATCH', `the package builds on ${base}, and ${versionOfFolder(current) ?? current} runs here`, { context: { base, current }, hint: 'Install a whole package, or the one that was made for this version' })
  const marker = await snapshots.marker(base, signal)
  const wrong = marker ? await differencesOf(fs, snapshots, base, newDigest, signal) : undefined
  if (!marker || !wrong) throw updaterFault('INCREMENTAL_BASE_INVALID', `nobody knows what ${base} consists of here, so nothing can be built on it`, { hint: 'Install a whole package' })
  if (wrong.length > 0) throw updaterFault('INCREMENTAL_BASE_INVALID', `${base} is not what was installed: ${wrong.slice(0, 5).join(', ')}`, { hint: 'Install a whole package' })
  const files = filesThatStay(incremental, brought, marker.files)
  return { version: base, units: marker.units, files, outside: (marker.outside ?? []).filter((path) => files.some((file) => file.path === path)) }
}

/** The files of a version as a package has them, so that they are written and proved the same way. */
export function packageOfBase({ version, files: kept }: Base, { fs, snapshots }: Pick<BaseDeps, 'fs' | 'snapshots'>): Pick<OpenPackage, 'entry' | 'read'> {
  const files = new Map(kept.map((file) => [file.path, file]))
  return {
    entry: (name) => { const file = files.get(name); return file && { sizeBytes: file.size, mode: file.mode } },
    read: (name, signal) => fs.read(joined(snapshots.pathOf(version), name), signal),
  }
}

/** All that run after the switch: those of before in their order, then what is new. */
export const unitsWithBase = (base: Pick<Base, 'units'>, units: readonly string[]): readonly string[] => [...new Set([...base.units, ...units])]
