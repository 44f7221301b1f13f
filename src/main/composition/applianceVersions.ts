import { randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createAppliance, versionsFolder } from '../core/ota/updater/appliance.ts'
import { type ApplianceLock, takeApplianceLock } from '../core/ota/updater/applianceLock.ts'
import { checkFactory, differencesOf, entryFolders, pinnedEntryLinks } from '../core/ota/updater/checkVersions.ts'
import { readDeployJournal } from '../core/ota/updater/deployJournal.ts'
import type { LinkName, Snapshots } from '../core/ota/updater/snapshots.ts'
import { openLocalFs } from '../drivers/deviceFs/localFs.ts'
import { reasonOf } from '../drivers/errors/reasonOf.ts'
import { newDigest } from '../drivers/host/digest.ts'
import { isProcessRunning, markOfThisProcess, whoIsHere } from '../drivers/host/processMark.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { createSystemctlServices, defaultSystemctl } from '../drivers/services/systemctl.ts'
import { versionOfFolder } from '../protocols/updater/version.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { DeviceFs } from '../../shared/devices/deviceFs.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { UpdaterDeps } from '../core/ota/updater/updaterDesk.ts'

export interface ApplianceReport {
  readonly versions: readonly { readonly version: string; readonly links: readonly LinkName[]; readonly isComplete: boolean }[]
  /** One sentence each; empty when a way back stands open and nothing was changed by hand. */
  readonly problems: readonly string[]
}

/** What plays `/`. One that is not there would be a new, empty appliance. */
export async function applianceRoot(given: string): Promise<string> {
  const root = resolve(given)
  const found = await stat(root).catch((cause: unknown) => { throw new WorkbenchError('input/not-found', `The folder ${root} cannot be used: ${reasonOf(cause)}`, { cause, hint: 'It plays / of the appliance, and its versions lie in opt/tope/versions below it' }) })
  if (!found.isDirectory()) throw new WorkbenchError('input/malformed', `${root} is no folder`, { hint: 'It plays / of the appliance' })
  return root
}

/** The turn of a process on the appliance itself. */
export const turnHere = async (what: string, fs: DeviceFs, clock: Clock, tell: (words: string) => void, signal: AbortSignal): Promise<ApplianceLock> =>
  takeApplianceLock({ fs, folder: versionsFolder, clock, newId: randomUUID, who: `${what} of ${whoIsHere()}`, process: await markOfThisProcess(), isRunning: isProcessRunning, tell }, signal)

async function opened(given: string): Promise<{ readonly fs: DeviceFs; readonly clock: Clock; readonly device: UpdaterDeps['device'] }> {
  const clock = createSystemClock()
  const fs = await openLocalFs(await applianceRoot(given))
  return { fs, clock, device: createAppliance({ fs, services: createSystemctlServices({ program: defaultSystemctl, clock }), clock, newDigest, newId: randomUUID, allowsCommands: false }) }
}

/** The versions of this appliance as they lie there; nothing is changed. */
export async function checkAppliance(root: string, signal: AbortSignal): Promise<ApplianceReport> {
  const { fs, device: { snapshots } } = await opened(root)
  const problems: string[] = []
  const links = await snapshots.links(signal)
  problems.push(...links.warnings, ...links.dangling.filter((name) => name !== 'factory').map((name) => `${name} leads to no version`))
  if (links.current === undefined) problems.push('no version is current')
  problems.push(...(await checkFactory(fs, snapshots, signal)).problems)
  for (const { path, to } of await pinnedEntryLinks(fs, versionsFolder, entryFolders, signal)) problems.push(`/${path} is pinned to ${to}; it has to lead through current`)
  if (await readDeployJournal(fs, snapshots.folder, signal) !== undefined) problems.push('a deployment was interrupted, or is under way; the updater clears it up as it starts')
  const views = await snapshots.list(signal)
  for (const { version, links: named } of views) {
    if (version === undefined || named.length === 0) continue
    for (const path of await differencesOf(fs, snapshots, version, newDigest, signal) ?? []) problems.push(`${path} of ${version} is not what was installed`)
  }
  return { versions: views.flatMap(({ version, links: named, isComplete }) => (version === undefined ? [] : [{ version, links: named, isComplete }])), problems }
}

/** The version that runs becomes the factory's, once and for ever: no write bit is left in it, and no update takes it away. */
export async function makeFactory(root: string, tell: (words: string) => void, signal: AbortSignal): Promise<{ readonly version: string }> {
  const { fs, clock, device: { snapshots } } = await opened(root)
  // Somebody else could switch to another version between the proof and the link.
  const lock = await turnHere('the factory command', fs, clock, tell, signal)
  try { return { version: await factoryOf(fs, snapshots, signal) } } finally { await lock.release() }
}

async function factoryOf(fs: DeviceFs, snapshots: Snapshots, signal: AbortSignal): Promise<string> {
  const version = versionOfFolder((await snapshots.links(signal)).current ?? '')
  if (version === undefined) throw new WorkbenchError('input/conflict', `No version is current on ${fs.label}`, { hint: 'Install one first; the one that runs becomes the factory\'s' })
  if (await readDeployJournal(fs, snapshots.folder, signal) !== undefined) throw new WorkbenchError('input/conflict', 'A deployment was interrupted, or is under way', { hint: 'Start the updater, which clears it up, and try again' })
  const [wrong] = await differencesOf(fs, snapshots, version, newDigest, signal) ?? []
  if (wrong !== undefined) throw new WorkbenchError('device/wrong-content', `${wrong} of ${version} is not what was installed, so it is no version to fall back to`, { hint: 'Install a version anew, and try again' })
  await snapshots.setFactory(version, signal)
  const { isValid, isReadOnly, problems } = await checkFactory(fs, snapshots, signal)
  if (!isValid || !isReadOnly) throw new WorkbenchError('device/wrong-content', `${version} is the factory's, and ${problems[0] ?? 'cannot be proved'}`)
  return version
}
