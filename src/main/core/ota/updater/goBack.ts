import { updaterFault } from '../../../../shared/ota/updaterFault.ts'
import { installProgress } from '../../../protocols/updater/stages.ts'
import { folderOfVersion, versionOfFolder } from '../../../protocols/updater/version.ts'
import { type DeployDeps, takeBack } from './deploy.ts'
import { readDeployJournal, writeDeployJournal } from './deployJournal.ts'
import { deployDepsOf, showEnd } from './installPackage.ts'
import type { RollbackEnd } from './rollback.ts'
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
 * watched. Its journal is that of a deployment, so that an interruption ends in one of the two versions. The version that is left goes.
 */
export async function walkBack(version: string, { from, units }: WayBack, deps: DeployDeps, signal: AbortSignal): Promise<WentBack> {
  const { fs, snapshots } = deps
  await writeDeployJournal(fs, snapshots.folder, { v: 1, version: from, from: folderOfVersion(version), units: [...units], back: true }, signal)
  const { level, said } = await takeBack(from, units, deps, signal)
  const running = versionOfFolder((await snapshots.links(signal)).current ?? '')
  return { isThere: level !== 'person' && running === version, level, running, said }
}

export async function goBack(version: string, way: WayBack, desk: UpdaterDesk, signal: AbortSignal): Promise<void> {
  desk.show({ progress: installProgress.stopping, message: `Going back from ${way.from} to ${version}` })
  const { isThere, level, running, said } = await walkBack(version, way, deployDepsOf(desk), signal)
  if (isThere) { await showEnd(desk, undefined, { kind: 'installed', version, pruned: [] }); return }
  await showEnd(desk, undefined, { kind: 'failed', error: [notBack(version), ...said].join('; '), level, running })
}

export const notBack = (version: string): string => `ROLLBACK_LEVEL_1_FAILED: ${version} did not come up`
