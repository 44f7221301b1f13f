import type { DeviceFs, DevicePath } from '../../../../shared/devices/deviceFs.ts'
import { joined } from '../../../../shared/devices/devicePath.ts'
import { updaterFault } from '../../../../shared/ota/updaterFault.ts'
import { compareVersions, folderOfVersion, versionOfFolder } from '../../../protocols/updater/version.ts'
import { linkAt, readText, removeTree, replaceText, walk } from '../deviceFiles.ts'
import type { TransactionRequest } from '../transactionTypes.ts'
import type { SnapshotMarker } from '../../../../shared/ota/snapshot.schema.ts'
import { outsideWishes } from './outside.ts'
import { markerName, markerText, mostMarkerBytes, readMarker } from './snapshotMarker.ts'

export const linkNames = ['current', 'previous', 'factory'] as const
export type LinkName = (typeof linkNames)[number]
/** Names of folders; a link that leads nowhere is told beside. */
export interface Links extends Readonly<Record<LinkName, string | undefined>> {
  readonly dangling: readonly LinkName[]
  readonly warnings: readonly string[]
}

export interface SnapshotView {
  /** As it is called on the device: `v1.2.0`. */
  readonly folder: string
  /** Absent for one that was made by hand under another name; it cannot be rolled back to. */
  readonly version: string | undefined
  readonly isComplete: boolean
  readonly links: readonly LinkName[]
}

export interface SnapshotDeps {
  readonly fs: DeviceFs
  /** `opt/tope/versions`. */
  readonly folder: DevicePath
  /** All of it or nothing, also over a power cut. */
  readonly transact: (request: TransactionRequest, signal: AbortSignal) => Promise<unknown>
  /** Clears up what an earlier one left, of which only its last steps failed; else it would stand in the way of the way back. */
  readonly settle: (signal: AbortSignal) => Promise<unknown>
}

export interface Snapshots {
  readonly folder: DevicePath
  pathOf(version: string): DevicePath
  list(signal: AbortSignal): Promise<readonly SnapshotView[]>
  links(signal: AbortSignal): Promise<Links>
  /** An empty folder for a new version. `VERSION_EXISTS` for one that is whole or in use; a half one that nobody uses is made anew. */
  create(version: string, signal: AbortSignal): Promise<DevicePath>
  /** Says that it is whole; after this its content does not change any more. */
  seal(marker: SnapshotMarker, signal: AbortSignal): Promise<void>
  marker(version: string, signal: AbortSignal): Promise<SnapshotMarker | undefined>
  /** `current` and `previous` in one step; of the version that is current already nothing changes. */
  promote(version: string, signal: AbortSignal): Promise<void>
  /** Both links as they are told, in one step; for a rollback. */
  setLinks(to: { readonly current: string; readonly previous: string | undefined }, why: string, signal: AbortSignal): Promise<void>
  setFactory(version: string, signal: AbortSignal): Promise<void>
  /** Never one that a link names. */
  remove(version: string, signal: AbortSignal): Promise<void>
  /** What an interruption left: half snapshots that nobody uses, links that were not put in place. Says what it took away. */
  sweep(signal: AbortSignal): Promise<readonly string[]>
}

export function createSnapshots({ fs, folder, transact, settle }: SnapshotDeps): Snapshots {
  const at = (name: string): DevicePath => joined(folder, name)
  const pathOf = (version: string): DevicePath => at(folderOfVersion(version))
  const isFolder = async (path: DevicePath, signal: AbortSignal): Promise<boolean> => (await fs.stat(path, signal))?.kind === 'folder'
  const isComplete = async (name: string, signal: AbortSignal): Promise<boolean> => (await fs.stat(joined(at(name), markerName), signal))?.kind === 'file'

  const links = async (signal: AbortSignal): Promise<Links> => {
    const found: Partial<Record<LinkName, string>> = {}
    const warnings: string[] = []
    const dangling: LinkName[] = []
    for (const name of linkNames) {
      const text = await linkAt(fs, at(name), signal)
      if (text === null) {
        if (await fs.stat(at(name), signal)) warnings.push(`${at(name)} is no link, so it counts as not set`)
        continue
      }
      const target = targetOf(text, folder)
      if (target === undefined) { warnings.push(`${at(name)} leads to ${text.slice(0, 100)}, outside of the versions`); dangling.push(name); continue }
      if (await isFolder(at(target), signal)) found[name] = target
      else dangling.push(name)
    }
    return { current: found.current, previous: found.previous, factory: found.factory, dangling, warnings }
  }

  const list = async (signal: AbortSignal): Promise<SnapshotView[]> => {
    if (!await isFolder(folder, signal)) return []
    const named = await links(signal)
    const views: SnapshotView[] = []
    for (const name of await fs.list(folder, signal)) {
      // What begins with a dot is the updater's own.
      if (name.startsWith('.') || !await isFolder(at(name), signal)) continue
      views.push({ folder: name, version: versionOfFolder(name), isComplete: await isComplete(name, signal), links: linkNames.filter((link) => named[link] === name) })
    }
    return views.sort((a, b) => compareVersions(a.version ?? a.folder, b.version ?? b.folder))
  }

  const mustStand = async (version: string, signal: AbortSignal): Promise<string> => {
    if (!await isFolder(pathOf(version), signal)) throw updaterFault('VERSION_NOT_FOUND', `there is no version ${version} on ${fs.label}`, { context: { version } })
    return folderOfVersion(version)
  }

  const marker: Snapshots['marker'] = async (version, signal) => {
    const text = await readText(fs, joined(pathOf(version), markerName), mostMarkerBytes, signal)
    return text === undefined ? undefined : readMarker(text)
  }

  const setLinks: Snapshots['setLinks'] = async (to, why, signal) => {
    const markerIn = async (name: string | undefined): Promise<SnapshotMarker | undefined> => { const version = versionOfFolder(name ?? ''); return version === undefined ? undefined : marker(version, signal) }
    await settle(signal)
    const current = await mustStand(to.current, signal)
    const previous = to.previous === undefined ? null : await mustStand(to.previous, signal)
    const before = await links(signal)
    // What a version has outside of its folder goes and comes with the links, in the same step.
    const wishes = before.current === current ? [] : await outsideWishes({ from: await markerIn(before.current), to: await markerIn(current) }, { fs, folder }, signal)
    // Previous first: whoever reads both in between sees the old version twice, and never none.
    await transact({ wishes: [...wishes, { kind: 'link', target: at('previous'), to: previous }, { kind: 'link', target: at('current'), to: current }], from: before.current ?? null, to: `${current}: ${why}` }, signal)
    const after = await links(signal)
    if (after.current !== current) throw updaterFault('DEPLOYMENT_FAILED', `current does not lead to ${current} after the switch`)
  }

  return {
    folder, pathOf, list, links, marker, setLinks,
    create: async (version, signal) => {
      const name = folderOfVersion(version)
      if (await fs.stat(at(name), signal)) {
        const view = (await list(signal)).find((each) => each.folder === name)
        if (!view || view.isComplete || view.links.length > 0) throw updaterFault('VERSION_EXISTS', `version ${version} is on ${fs.label} already`, { context: { version }, hint: 'Give the package another version, or delete that one first' })
        await removeWritable(fs, at(name), signal)
      }
      await fs.mkdir(at(name), signal)
      if (fs.abilities.modes) await fs.chmod(at(name), 0o755, signal)
      return at(name)
    },
    seal: async (marker, signal) => {
      await fs.sync(undefined, signal)
      await replaceText(fs, joined(pathOf(marker.version), markerName), markerText(marker), signal)
      await fs.sync(folder, signal)
    },
    promote: async (version, signal) => {
      await mustStand(version, signal)
      await settle(signal)
      const { current } = await links(signal)
      // Otherwise previous would become the version itself, and the way back would be lost.
      if (current === folderOfVersion(version)) return
      await setLinks({ current: version, previous: current === undefined ? undefined : versionOfFolder(current) }, 'promoted', signal)
    },
    setFactory: async (version, signal) => {
      const name = await mustStand(version, signal)
      await settle(signal)
      if (await fs.stat(at('factory'), signal)) throw updaterFault('VERSION_EXISTS', 'the factory version is already set')
      await withoutWriteBits(fs, at(name), signal)
      await transact({ wishes: [{ kind: 'link', target: at('factory'), to: name }], from: null, to: `${name}: factory` }, signal)
    },
    remove: async (version, signal) => {
      const name = await mustStand(version, signal)
      const named = await links(signal)
      const link = linkNames.find((each) => named[each] === name)
      if (link !== undefined) throw updaterFault('VERSION_IN_USE', `version ${version} is ${link} and stays`, { context: { version, link } })
      // Without its marker first: what a power cut leaves of it is half, and is swept.
      if (await isComplete(name, signal)) { await makeWritable(fs, at(name), signal); await fs.remove(joined(at(name), markerName), signal); await fs.sync(at(name), signal) }
      await removeWritable(fs, at(name), signal)
      await fs.sync(folder, signal)
    },
    sweep: async (signal) => {
      const gone: string[] = []
      for (const view of await list(signal)) {
        if (view.version === undefined || view.isComplete || view.links.length > 0) continue
        await removeWritable(fs, at(view.folder), signal)
        gone.push(view.folder)
      }
      for (const name of await isFolder(folder, signal) ? await fs.list(folder, signal) : []) {
        if (!leftOver.test(name) || (await fs.stat(at(name), signal))?.kind === 'folder') continue
        await fs.remove(at(name), signal)
        gone.push(name)
      }
      if (gone.length > 0) await fs.sync(folder, signal)
      return gone
    },
  }
}

/** Links of older updaters that were not put in place, a journal that was being written, a lock that was put aside, room for a way back. */
const leftOver = /^\.(current|previous|factory)\.tmp(\.|$)|^\.deploy\.json\.tmp$|^\.lock\.(?!beat$)|^\.room$/

/** A link is relative and leads to a folder beside it; older set-ups wrote a slash at its end, or the whole path. */
function targetOf(text: string, folder: DevicePath): string | undefined {
  const plain = text.replace(/^\.\//, '').replace(/\/+$/, '')
  const name = plain.startsWith(`/${folder}/`) ? plain.slice(folder.length + 2) : plain
  return name === '' || name === '.' || name === '..' || name.includes('/') ? undefined : name
}

async function makeWritable(fs: DeviceFs, path: DevicePath, signal: AbortSignal): Promise<void> {
  const mode = (await fs.stat(path, signal))?.mode
  if (fs.abilities.modes && mode !== undefined && (mode & 0o200) === 0) await fs.chmod(path, mode | 0o200, signal)
}

/** Also one without write bits, whose owner is not root. */
async function removeWritable(fs: DeviceFs, folder: DevicePath, signal: AbortSignal): Promise<void> {
  await makeWritable(fs, folder, signal)
  for (const { path, kind } of await walk(fs, folder, signal)) if (kind === 'folder') await makeWritable(fs, path, signal)
  await removeTree(fs, folder, signal)
}

/** No write bit anywhere, the top included; what could be executed still can. */
async function withoutWriteBits(fs: DeviceFs, folder: DevicePath, signal: AbortSignal): Promise<void> {
  if (!fs.abilities.modes) throw updaterFault('DEPLOYMENT_FAILED', `${fs.label} has no permission bits, so nothing there can be made read-only`)
  for (const { path, kind } of [...await walk(fs, folder, signal), { path: folder, kind: 'folder' }]) {
    if (kind === 'link') continue
    const mode = (await fs.stat(path, signal))?.mode ?? 0o755
    if ((mode & 0o222) !== 0) await fs.chmod(path, mode & 0o555, signal)
  }
  await fs.sync(undefined, signal)
}
