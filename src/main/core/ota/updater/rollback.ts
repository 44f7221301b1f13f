import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { faultText } from '../../../../shared/ota/updaterFault.ts'
import { folderOfVersion, versionOfFolder } from '../../../protocols/updater/version.ts'
import type { Snapshots } from './snapshots.ts'
import { sicknessOf, startUnits, stopUnits, type UnitDeps } from './units.ts'

export interface RollbackDeps extends UnitDeps {
  readonly snapshots: Snapshots
  /** Each step as the service on the device hears of it: `ROLLBACK_LEVEL_1`, `ROLLBACK_LEVEL_1_SUCCESS: 1.1.0`. */
  readonly tell: (line: string) => void
}

/** Where a deployment that went wrong left the device. `person`: nothing more happens by itself. */
export type RollbackLevel = 0 | 1 | 2 | 'person'
export interface RollbackEnd {
  readonly level: RollbackLevel
  /** What stands after the first error. */
  readonly said: readonly string[]
}

export const manualIntervention = 'manual intervention required'

/** The new version was never current: its folder goes, and what runs stays. */
export async function undoUnpromoted(version: string, units: readonly string[], deps: RollbackDeps, signal: AbortSignal): Promise<RollbackEnd> {
  const said: string[] = []
  await dropSnapshot(version, deps, signal).catch((error: unknown) => { said.push(`the folder of ${version} could not be taken away: ${faultText(error)}`) })
  const sick = await broughtUp(units, deps, signal)
  if (sick === undefined) return { level: 0, said }
  return { level: 'person', said: [...said, `the version before is in place, but ${sick}`, manualIntervention] }
}

/** The new version is current and not well: back to the one before, else to the factory's, else a person. */
export async function rollBack(version: string, units: readonly string[], deps: RollbackDeps, signal: AbortSignal): Promise<RollbackEnd> {
  const { snapshots } = deps
  const said: string[] = []
  const failed = folderOfVersion(version)
  const { previous, factory } = await snapshots.links(signal)
  const tried = new Set<string>([failed])
  const attempt = async (level: 1 | 2, folder: string | undefined): Promise<boolean> => {
    const name = `ROLLBACK_LEVEL_${level}`
    deps.tell(name)
    const why = await changedTo(folder, tried, units, { factory, level }, deps, signal)
    const line = why === undefined ? `${name}_SUCCESS: ${versionOfFolder(folder ?? '') ?? folder ?? ''}` : `${name}_FAILED: ${why}`
    deps.tell(line)
    said.push(line)
    return why === undefined
  }
  const level = previous !== undefined && previous !== failed && await attempt(1, previous) ? 1 : await attempt(2, factory) ? 2 : 'person'
  if (level === 'person') return { level, said: [...said, manualIntervention] }
  await dropSnapshot(version, deps, signal).catch((error: unknown) => { said.push(`the folder of ${version} could not be taken away: ${faultText(error)}`) })
  return { level, said }
}

/** `undefined` when it is current and well; else why not. */
async function changedTo(folder: string | undefined, tried: Set<string>, units: readonly string[], { factory, level }: { readonly factory: string | undefined; readonly level: 1 | 2 }, deps: RollbackDeps, signal: AbortSignal): Promise<string | undefined> {
  const version = versionOfFolder(folder ?? '')
  if (folder === undefined) return level === 1 ? 'there is no previous version' : 'there is no factory version'
  if (version === undefined) return `${folder} is no version`
  if (tried.has(folder)) return `${folder} was tried already`
  tried.add(folder)
  // Never the same version twice: a second way back has to lead somewhere else.
  const previous = level === 1 && factory !== folder ? versionOfFolder(factory ?? '') : undefined
  return broughtBackTo({ version, previous }, units, `rolled back, level ${level}`, deps, signal)
}

/** One version in the place of another, with its services; `undefined` when it is current and well, else why not. */
export async function broughtBackTo({ version, previous }: { readonly version: string; readonly previous: string | undefined }, units: readonly string[], why: string, deps: RollbackDeps, signal: AbortSignal): Promise<string | undefined> {
  try {
    const theirs = (await deps.snapshots.marker(version, signal))?.units ?? units
    // What the other version brought runs no more, and what this one has is started.
    await stopUnits([...new Set([...theirs, ...units])], deps, signal)
    await deps.snapshots.setLinks({ current: version, previous }, why, signal)
    return await broughtUp(theirs, deps, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof WorkbenchError)) throw error
    return faultText(error)
  }
}

/** Started and well; else what is wrong. */
async function broughtUp(units: readonly string[], deps: RollbackDeps, signal: AbortSignal): Promise<string | undefined> {
  try {
    await startUnits(units, deps, signal)
    return await sicknessOf(units, deps, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof WorkbenchError)) throw error
    return faultText(error)
  }
}

/** Only when no link names it any more. */
export async function dropSnapshot(version: string, { snapshots }: RollbackDeps, signal: AbortSignal): Promise<void> {
  const view = (await snapshots.list(signal)).find((each) => each.version === version)
  if (view && view.links.length === 0) await snapshots.remove(version, signal)
}
