import { faultText, updaterFault } from '../../../../shared/ota/updaterFault.ts'
import { installProgress } from '../../../protocols/updater/stages.ts'
import { folderOfVersion, versionOfFolder } from '../../../protocols/updater/version.ts'
import { clearJournal, type DeployDeps, noSpace } from './deploy.ts'
import { readDeployJournal, writeDeployJournal } from './deployJournal.ts'
import { deployDepsOf, showEnd } from './installPackage.ts'
import { broughtBackTo, dropSnapshot, manualIntervention, type RollbackEnd } from './rollback.ts'
import { freeSpareRoom, keepSpareRoom, outsideBytesOf } from './spareRoom.ts'
import type { UpdaterDesk } from './updaterDesk.ts'

export interface WayBack { readonly from: string; readonly units: readonly string[] }

/** Refuses, and touches nothing, unless that version is the one before. */
export async function planGoBack(version: string, { device: { fs, snapshots, services } }: Pick<UpdaterDesk, 'device'>, signal: AbortSignal): Promise<WayBack> {
  const { current, previous } = await snapshots.links(signal)
  const from = versionOfFolder(current ?? '')
  if (from === undefined) throw updaterFault('NO_VALID_VERSION', 'current leads to no version, so there is nothing to go back from')
  if (previous !== folderOfVersion(version)) throw updaterFault('VERSION_NOT_FOUND', `the version before is ${versionOfFolder(previous ?? '') ?? 'not there'}, and not ${version}`)
  if (await readDeployJournal(fs, snapshots.folder, signal) !== undefined) throw updaterFault('OPERATION_IN_PROGRESS', 'an earlier deployment was interrupted and has not been cleared up')
  const units = (await snapshots.marker(from, signal))?.units ?? []
  if (units[0] !== undefined) await services.demand(units[0], signal)
  return { from, units }
}

/** How it ended, and what runs now. */
export interface WentBack { readonly isThere: boolean; readonly level: RollbackEnd['level']; readonly running: string | undefined; readonly said: readonly string[] }

/**
 * Back to the version before because somebody wants it, the same way as after a failure: services stopped, one switch, services started and
 * watched. Its journal is that of a deployment, so that an interruption ends in one of the two versions. The version that is left goes, and
 * only then; where the one before does not come up, the one that ran runs again.
 */
export async function walkBack(version: string, { from, units }: WayBack, deps: DeployDeps, signal: AbortSignal): Promise<WentBack> {
  const { fs, snapshots } = deps
  let factory: string | undefined
  try {
    factory = versionOfFolder((await snapshots.links(signal)).factory ?? '')
    await writeDeployJournal(fs, snapshots.folder, { v: 1, version: from, from: folderOfVersion(version), units: [...units], back: true }, signal)
    await keepSpareRoom(fs, snapshots.folder, outsideBytesOf(await snapshots.marker(from, signal)), signal)
  } catch (error) {
    // No service has been touched.
    await clearJournal(deps, signal)
    throw noSpace(error) as Error
  }
  deps.tell('ROLLBACK_LEVEL_1')
  const sick = await broughtBackTo({ version, previous: factory === version ? undefined : factory }, units, 'rolled back, wanted', deps, signal)
  const { level, said } = sick === undefined ? await arrived(version, from, deps, signal) : await runsAgain(from, version, units, sick, deps, signal)
  await clearJournal(deps, signal)
  const running = level === 0 ? from : level === 1 ? version : level === 2 ? factory : versionOfFolder((await snapshots.links(signal)).current ?? '')
  return { isThere: level === 1, level, running, said }
}

async function arrived(version: string, from: string, deps: DeployDeps, signal: AbortSignal): Promise<RollbackEnd> {
  const said = [`ROLLBACK_LEVEL_1_SUCCESS: ${version}`]
  said.forEach(deps.tell)
  await dropSnapshot(from, deps, signal).catch((error: unknown) => { signal.throwIfAborted(); said.push(`the folder of ${from} could not be taken away: ${faultText(error)}`) })
  return { level: 1, said }
}

/** The version that somebody wanted is not well, and the one that ran was: that one again, with its links as they stood; the factory's only where it does not come up either. */
export async function runsAgain(from: string, wanted: string, units: readonly string[], sick: string, deps: DeployDeps, signal: AbortSignal): Promise<RollbackEnd> {
  const { fs, snapshots, tell } = deps
  const said: string[] = []
  const say = (line: string): void => { tell(line); said.push(line) }
  say(`ROLLBACK_LEVEL_1_FAILED: ${sick}`)
  await freeSpareRoom(fs, snapshots.folder, signal).catch((error: unknown) => { signal.throwIfAborted(); say(`the room for the way back stays taken: ${faultText(error)}`) })
  const again = async (): Promise<string | undefined> => broughtBackTo({ version: from, previous: wanted }, units, 'runs again', deps, signal)
  // One call that fails is no reason to leave a version that was well.
  const why = await again() === undefined ? undefined : await again()
  if (why === undefined) { say(`${from} runs again`); return { level: 0, said } }
  say(`${from} does not run again: ${why}`)
  const factory = versionOfFolder((await snapshots.links(signal)).factory ?? '')
  if (factory !== undefined && factory !== wanted && factory !== from) {
    tell('ROLLBACK_LEVEL_2')
    const ill = await broughtBackTo({ version: factory, previous: from }, units, 'rolled back, level 2', deps, signal)
    say(ill === undefined ? `ROLLBACK_LEVEL_2_SUCCESS: ${factory}` : `ROLLBACK_LEVEL_2_FAILED: ${ill}`)
    if (ill === undefined) return { level: 2, said }
  }
  return { level: 'person', said: [...said, manualIntervention] }
}

export async function goBack(version: string, way: WayBack, desk: UpdaterDesk, signal: AbortSignal): Promise<void> {
  desk.show({ progress: installProgress.stopping, message: `Going back from ${way.from} to ${version}` })
  const { isThere, level, running, said } = await walkBack(version, way, deployDepsOf(desk), signal)
  if (isThere) { await showEnd(desk, undefined, { kind: 'installed', version, pruned: [] }); return }
  await showEnd(desk, undefined, { kind: 'failed', error: [notBack(version), ...said].join('; '), level, running })
}

export const notBack = (version: string): string => `${version} did not come up`
