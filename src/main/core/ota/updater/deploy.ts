import type { DeviceFs } from '../../../../shared/devices/deviceFs.ts'
import { joined, parentOf } from '../../../../shared/devices/devicePath.ts'
import { Cancelled, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { NewDigest } from '../../../../shared/ota/digest.ts'
import { faultText, updaterFault } from '../../../../shared/ota/updaterFault.ts'
import { type Incremental, parseIncremental } from '../../../protocols/updater/incremental.ts'
import { type AlsoAllowed, type PackageManifest, parsePackageManifest, unitsInOrder } from '../../../protocols/updater/manifest.ts'
import { installProgress, moduleProgress } from '../../../protocols/updater/stages.ts'
import { folderOfVersion, versionOfFolder } from '../../../protocols/updater/version.ts'
import { ensureFoldersAbove } from '../deviceFiles.ts'
import { readDeployJournal, removeDeployJournal, writeDeployJournal } from './deployJournal.ts'
import { type Base, baseOf, packageOfBase, unitsWithBase } from './incremental.ts'
import { beforeFolder, demandFreePlaces, standingBefore } from './outside.ts'
import type { OpenPackage } from '../../../../shared/ota/openPackage.ts'
import { rollBack, type RollbackDeps, type RollbackEnd, undoUnpromoted } from './rollback.ts'
import type { SnapshotFile } from '../../../../shared/ota/snapshot.schema.ts'
import { freeSpareRoom, keepSpareRoom, outsideBytesOf } from './spareRoom.ts'
import { writeModule } from './writeModule.ts'
import { runCommands, sicknessOf, startUnits, stopUnits } from './units.ts'

export interface DeployDeps extends RollbackDeps {
  readonly fs: DeviceFs
  readonly newDigest: NewDigest
  /** Somebody has seen the commands of the package and allows them. */
  readonly allowsCommands: boolean
  /** Folders outside of the versions that the owner of the device opened to packages. */
  readonly also?: readonly string[] | undefined
  readonly progress: (percent: number, message: string) => void
  /**
   * What a cancel leaves: `journal` for a process that heals itself when it starts again, `undo` for one that will not come back. In
   * both, a switch of the links is never cut.
   */
  readonly onCancel: 'journal' | 'undo'
}

export type DeployEnd =
  | { readonly kind: 'installed'; readonly version: string; readonly pruned: readonly string[] }
  | { readonly kind: 'failed'; readonly error: string; readonly level: RollbackEnd['level']; readonly running: string | undefined }

export interface DeployPlan {
  readonly manifest: PackageManifest
  readonly units: readonly string[]
  readonly commands: readonly string[]
  /** Only what changed; the rest is that of the version which runs. */
  readonly incremental: Incremental | undefined
}

/** What a package would do; refuses with `INVALID_MANIFEST` or `VERSION_MISMATCH`, and touches nothing. */
export function planDeployment(contents: OpenPackage, version: string | undefined, also: AlsoAllowed = []): DeployPlan {
  if (contents.manifestText === undefined) throw updaterFault('INVALID_MANIFEST', 'there is no manifest.json at the root of the archive')
  const manifest = parsePackageManifest(contents.manifestText, also)
  if (version !== undefined && manifest.version !== version) throw updaterFault('VERSION_MISMATCH', `the package is version ${manifest.version}, and ${version} was asked for`)
  for (const { name, src, sizeBytes } of manifest.modules) {
    const entry = contents.entry(src)
    if (!entry) throw updaterFault('INVALID_MANIFEST', `the archive has no file ${JSON.stringify(src)}, which is "src" of ${name}`)
    if (sizeBytes !== undefined && entry.sizeBytes !== sizeBytes) throw updaterFault('INVALID_MANIFEST', `${src} has ${entry.sizeBytes} bytes and not the ${sizeBytes} of the manifest`)
  }
  const incremental = contents.incrementalText === undefined ? undefined : parseIncremental(contents.incrementalText, manifest.version, also)
  return { manifest, incremental, units: unitsInOrder(manifest), commands: [...manifest.modules].sort((a, b) => a.order - b.order).flatMap(({ postCommands }) => postCommands) }
}

/**
 * A new folder beside the running one, proved, then one switch, then the services watched; on any failure back. Resolves with how it
 * ended; rejects only when it was cancelled or when the device could not be asked any more, and then its journal says what is under way.
 */
export async function deploy(contents: OpenPackage, version: string | undefined, deps: DeployDeps, signal: AbortSignal): Promise<DeployEnd> {
  const { fs, snapshots } = deps
  let plan: DeployPlan
  let base: Base | undefined
  let isWritten = false
  try {
    deps.progress(installProgress.started, 'Reading the package')
    plan = planDeployment(contents, version, deps.also)
    if (plan.commands.length > 0 && !deps.allowsCommands) throw updaterFault('INVALID_MANIFEST', `the package wants to run commands, and nobody allowed that: ${plan.commands.join('; ').slice(0, 400)}`)
    if (await readDeployJournal(fs, snapshots.folder, signal) !== undefined) throw updaterFault('OPERATION_IN_PROGRESS', 'an earlier deployment was interrupted and has not been cleared up', { hint: 'Recover it first' })
    base = plan.incremental && await baseOf(plan.incremental, new Set(plan.manifest.modules.map(({ path }) => path)), deps, signal)
    if (base) plan = { ...plan, units: unitsWithBase(base, plan.units) }
    if (plan.units[0] !== undefined) await deps.services.demand(plan.units[0], signal)
    await demandFreePlaces(plan.manifest.modules.filter(({ isOutside }) => isOutside), fs, signal)
    const before = await snapshots.links(signal)
    await ensureFoldersAbove(fs, joined(snapshots.folder, 'x'), signal)
    await snapshots.create(plan.manifest.version, signal)
    isWritten = true
    await writeDeployJournal(fs, snapshots.folder, { v: 1, version: plan.manifest.version, from: before.current ?? null, units: [...plan.units] }, signal)
  } catch (error) {
    // No service has been touched, so there is nothing to bring back. A journal that was written and not made sure of would hold up the next one.
    if (isWritten) await clearJournal(deps, signal)
    if (signal.aborted || !(error instanceof WorkbenchError)) throw error
    return { kind: 'failed', error: `DEPLOYMENT_FAILED: ${faultText(noSpace(error))}`, level: 0, running: (await snapshots.links(signal)).current }
  }
  try {
    await install(contents, plan, base, deps, signal)
  } catch (error) {
    return broughtBack(error, plan, deps, signal)
  }
  return finished(plan, deps, signal)
}

async function install(contents: OpenPackage, { manifest, units, commands }: DeployPlan, base: Base | undefined, deps: DeployDeps, signal: AbortSignal): Promise<void> {
  const { snapshots, progress } = deps
  // Before any service stops: it takes as long as the version is large.
  const seeded = base ? await seed(base, manifest.version, deps, signal) : []
  await keepRoomForTheWayBack(base, manifest, deps, signal)
  progress(installProgress.stopping, 'Stopping the services')
  await stopUnits(units, deps, signal)
  const files = [...seeded, ...await writeModules(contents, manifest, deps, signal)]
  const outside = outsideOf(base, manifest.modules)
  const before = await keepBefore(outside, manifest.version, deps, signal)
  progress(installProgress.verifying, 'The files are written and were read back')
  await snapshots.seal({ v: 1, version: manifest.version, units: [...units], files, ...(outside.length > 0 ? { outside, before } : {}) }, signal)
  signal.throwIfAborted()
  // From here to its end nothing may cut it; the links of a device are switched in milliseconds.
  await snapshots.promote(manifest.version, new AbortController().signal)
  signal.throwIfAborted()
  await runCommands(commands, deps, signal)
  progress(installProgress.starting, 'Starting the services')
  await startUnits(units, deps, signal)
  const sick = await sicknessOf(units, deps, signal)
  if (sick !== undefined) throw updaterFault('SERVICE_START_FAILED', sick)
}

/** What a version that is sick would be left for. */
async function keepRoomForTheWayBack(base: Base | undefined, { modules }: PackageManifest, deps: DeployDeps, signal: AbortSignal): Promise<void> {
  const { fs, snapshots } = deps
  const { current } = await snapshots.links(signal)
  const running = versionOfFolder(current ?? '')
  const standing = await standingBefore(outsideOf(base, modules), deps, signal)
  const outsideBytes = outsideBytesOf(running === undefined ? undefined : await snapshots.marker(running, signal))
  await keepSpareRoom(fs, snapshots.folder, [...standing.values()].reduce((sum, { size }) => sum + size, outsideBytes), signal)
}

const outsideOf = (base: Base | undefined, modules: PackageManifest['modules']): string[] => [...base?.outside ?? [], ...modules.filter(({ isOutside }) => isOutside).map(({ path }) => path)]

/** What stays of the version that runs, each file read back as it was installed. */
async function seed(base: Base, version: string, deps: DeployDeps, signal: AbortSignal): Promise<SnapshotFile[]> {
  const source = packageOfBase(base, deps)
  const files: SnapshotFile[] = []
  deps.progress(installProgress.started, `Copying ${base.files.length} files of ${base.version}`)
  for (const { path, sha256 } of base.files) files.push(await writeInto(source, { name: path, src: path, path, sha256, md5: undefined }, version, deps, signal))
  return files
}

/** What stood outside before any version put something there, so that a version which does not want the place can give it back. */
async function keepBefore(outside: readonly string[], version: string, deps: DeployDeps, signal: AbortSignal): Promise<SnapshotFile[]> {
  const kept: SnapshotFile[] = []
  for (const [path, found] of await standingBefore(outside, deps, signal)) {
    const source = { entry: () => ({ sizeBytes: found.size, mode: found.mode }), read: (_name: string, until: AbortSignal) => deps.fs.read(found.at, until) }
    const file = await writeInto(source, { name: path, src: path, path: joined(beforeFolder, path), sha256: found.sha256, md5: undefined }, version, deps, signal)
    kept.push({ ...file, path })
  }
  return kept
}

async function writeInto(source: Parameters<typeof writeModule>[0], module: Parameters<typeof writeModule>[1], version: string, deps: DeployDeps, signal: AbortSignal): Promise<SnapshotFile> {
  const path = joined(deps.snapshots.pathOf(version), module.path)
  for (const folder of await ensureFoldersAbove(deps.fs, path, signal)) if (deps.fs.abilities.modes) await deps.fs.chmod(folder, 0o755, signal)
  const file = await writeModule(source, module, path, deps, signal)
  await deps.fs.sync(parentOf(path), signal)
  return file
}

async function writeModules(contents: OpenPackage, manifest: PackageManifest, deps: DeployDeps, signal: AbortSignal): Promise<SnapshotFile[]> {
  const files: SnapshotFile[] = []
  for (const [index, module] of manifest.modules.entries()) {
    files.push(await writeInto(contents, module, manifest.version, deps, signal))
    deps.progress(moduleProgress(index + 1, manifest.modules.length), `${module.name} is in place`)
  }
  return files
}

/** Whatever went wrong: to the version before, as far as needed. */
async function broughtBack(error: unknown, plan: DeployPlan, deps: DeployDeps, signal: AbortSignal): Promise<DeployEnd> {
  const isCancelled = signal.aborted
  if (isCancelled && deps.onCancel === 'journal') throw signal.reason as Error
  // Its own signal: the way back has to be walked also when nobody waits for it any more.
  const back = isCancelled ? new AbortController().signal : signal
  const first = isCancelled ? 'it was cancelled' : faultText(noSpace(error))
  deps.tell(`DEPLOYMENT_FAILED: ${first}`)
  // One look at the device that fails must not leave its services down.
  const end = await takeBack(plan.manifest.version, plan.units, deps, back).catch(async (why: unknown) => {
    if (back.aborted || !isRefusal(why)) throw why
    deps.tell(`the way back is begun once more: ${faultText(why)}`)
    return takeBack(plan.manifest.version, plan.units, deps, back)
  })
  if (isCancelled && end.level === 0) throw error instanceof Cancelled ? error : new Cancelled('the deployment was cancelled')
  return { kind: 'failed', error: [`DEPLOYMENT_FAILED: ${first}`, ...end.said].join('; '), level: end.level, running: await runningNow(deps, back) }
}

/** For words only: how it ended is known. */
const runningNow = async ({ snapshots }: DeployDeps, signal: AbortSignal): Promise<string | undefined> => snapshots.links(signal).then(({ current }) => current, (error: unknown) => {
  if (signal.aborted || !isRefusal(error)) throw error
  return undefined
})

/** By what `current` says, not by what anybody remembers; its journal goes when the device stands on its own again. */
export async function takeBack(version: string, units: readonly string[], deps: DeployDeps, signal: AbortSignal): Promise<RollbackEnd> {
  await freeSpareRoom(deps.fs, deps.snapshots.folder, signal).catch((error: unknown) => { if (signal.aborted || !isRefusal(error)) throw error; deps.tell(`the room for the way back stays taken: ${faultText(error)}`) })
  const { current } = await deps.snapshots.links(signal)
  const end = current === folderOfVersion(version) ? await rollBack(version, units, deps, signal) : await undoUnpromoted(version, units, deps, signal)
  await clearJournal(deps, signal)
  return end
}

/** The device said no to one call. One that is gone is another matter: then its journal tells whoever comes next. */
const isRefusal = (error: unknown): error is WorkbenchError => error instanceof WorkbenchError && !error.code.startsWith('link/')

/** It stands as it is told, and only this last step failed: that is tried again, told, and no failure of the deployment. */
export async function clearJournal({ fs, snapshots, tell }: DeployDeps, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    try {
      await freeSpareRoom(fs, snapshots.folder, signal)
      await removeDeployJournal(fs, snapshots.folder, signal)
      return
    } catch (error) {
      if (signal.aborted || !isRefusal(error)) throw error
      tell(`the journal of the deployment cannot be taken away: ${faultText(error)}`)
    }
  }
}

export async function finished({ manifest: { version } }: { readonly manifest: { readonly version: string } }, deps: DeployDeps, signal: AbortSignal): Promise<DeployEnd> {
  await clearJournal(deps, signal)
  const pruned: string[] = []
  // What cannot be looked at now is taken away after the next one.
  for (const view of await deps.snapshots.list(signal).catch((error: unknown) => { if (signal.aborted || !isRefusal(error)) throw error; deps.tell(`older versions stay for now: ${faultText(error)}`); return [] })) {
    if (view.version === undefined || view.links.length > 0) continue
    // What cannot be taken away costs space and nothing else.
    await deps.snapshots.remove(view.version, signal).then(() => { pruned.push(view.folder) }, (error: unknown) => { deps.tell(`${view.folder} could not be taken away: ${faultText(error)}`) })
  }
  deps.progress(installProgress.done, `Version ${version} is in place`)
  return { kind: 'installed', version, pruned }
}

export const noSpace = (error: unknown): unknown => (error instanceof WorkbenchError && error.code === 'device/no-space' ? updaterFault('DISK_FULL', error.message, { cause: error }) : error)
