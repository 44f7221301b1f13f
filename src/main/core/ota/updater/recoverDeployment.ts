import { updaterFault } from '../../../../shared/ota/updaterFault.ts'
import type { DeployJournal } from '../../../../shared/ota/snapshot.schema.ts'
import type { RecoveryReport } from '../../../../shared/ota/transaction.schema.ts'
import { folderOfVersion, versionOfFolder } from '../../../protocols/updater/version.ts'
import { clearJournal, type DeployDeps, type DeployEnd, finished, takeBack } from './deploy.ts'
import { readDeployJournal, removeDeployJournal } from './deployJournal.ts'
import { runsAgain } from './goBack.ts'
import { freeSpareRoom } from './spareRoom.ts'
import { sicknessOf, startUnits } from './units.ts'

export interface Recovered {
  /** Of the deployment that was under way; `undefined` when there was none. */
  readonly deployment: DeployEnd | undefined
  /** What was mended, one sentence each. */
  readonly mended: readonly string[]
}

/** After any interruption: exactly the old or exactly the new version, and its services run. Can be run again at any time. */
export async function recoverDeployment(deps: DeployDeps & { readonly recoverLinks: (signal: AbortSignal) => Promise<RecoveryReport> }, signal: AbortSignal): Promise<Recovered> {
  const { fs, snapshots } = deps
  const mended: string[] = []
  // The disk may be full by now, and every way from here needs room.
  await freeSpareRoom(fs, snapshots.folder, signal)
  const links = await deps.recoverLinks(signal)
  if (links.end === 'incomplete') throw updaterFault('NO_VALID_VERSION', `the links of the versions could not be brought back: ${links.problems.map(({ target, why }) => `${target}: ${why}`).join('; ')}`)
  if (links.end !== 'nothing') mended.push(`a switch of the links was interrupted; they are the ${links.end} ones`)
  await mendCurrent(deps, mended, signal)
  const journal = await readDeployJournal(fs, snapshots.folder, signal)
  let deployment: DeployEnd | undefined
  if (journal === 'damaged') await removeDeployJournal(fs, snapshots.folder, signal)
  else if (journal) deployment = await (journal.back ? settledBack : settled)(journal, deps, signal)
  mended.push(...(await snapshots.sweep(signal)).map((name) => `${name} was left over and is gone`))
  return { deployment, mended }
}

async function settled({ version, units }: DeployJournal, deps: DeployDeps, signal: AbortSignal): Promise<DeployEnd> {
  const { current } = await deps.snapshots.links(signal)
  let why = 'it was interrupted before the switch'
  if (current === folderOfVersion(version)) {
    const sick = await sickAfterStart(units, deps, signal)
    if (sick === undefined) return finished({ manifest: { version } }, deps, signal)
    why = `it was interrupted after the switch, and ${sick}`
  }
  const end = await takeBack(version, units, deps, signal)
  return { kind: 'failed', error: [`DEPLOYMENT_FAILED: ${why}`, ...end.said].join('; '), level: end.level, running: (await deps.snapshots.links(signal)).current }
}

/** Of a way back that somebody wanted: after the switch it is finished, before it the version that runs stays and nobody calls that a success. */
async function settledBack({ version, from, units }: DeployJournal, deps: DeployDeps, signal: AbortSignal): Promise<DeployEnd> {
  const { snapshots } = deps
  const { current } = await snapshots.links(signal)
  const wanted = versionOfFolder(from ?? '') ?? ''
  const isThere = current !== undefined && current === from
  const theirs = isThere ? (await snapshots.marker(wanted, signal))?.units ?? units : units
  const sick = await sickAfterStart(theirs, deps, signal)
  if (sick === undefined && isThere) return finished({ manifest: { version: wanted } }, deps, signal)
  const why = `ROLLBACK_LEVEL_1_FAILED: the way back to ${wanted} was interrupted ${isThere ? 'after' : 'before'} the switch`
  if (sick === undefined) {
    await removeDeployJournal(deps.fs, snapshots.folder, signal)
    return { kind: 'failed', error: why, level: 0, running: current }
  }
  const end = isThere ? await runsAgain(version, wanted, theirs, sick, deps, signal) : await takeBack(version, theirs, deps, signal)
  await clearJournal(deps, signal)
  return { kind: 'failed', error: [`${why}, and ${sick}`, ...end.said].join('; '), level: end.level, running: (await snapshots.links(signal)).current }
}

async function sickAfterStart(units: readonly string[], deps: DeployDeps, signal: AbortSignal): Promise<string | undefined> {
  return startUnits(units, deps, signal).then(async () => sicknessOf(units, deps, signal), (error: unknown) => {
    signal.throwIfAborted()
    return error instanceof Error ? error.message : 'the services did not start'
  })
}

/** A link that leads nowhere is worse than an old version. */
async function mendCurrent({ snapshots }: DeployDeps, mended: string[], signal: AbortSignal): Promise<void> {
  const links = await snapshots.links(signal)
  if (!links.dangling.includes('current')) return
  for (const name of ['previous', 'factory'] as const) {
    const version = versionOfFolder(links[name] ?? '')
    if (version === undefined) continue
    const next = versionOfFolder(links.factory ?? '')
    await snapshots.setLinks({ current: version, previous: name === 'previous' && next !== version ? next : undefined }, 'mended', signal)
    mended.push(`current led nowhere; it is ${version} again, which was ${name}`)
    return
  }
  throw updaterFault('NO_VALID_VERSION', 'current leads nowhere, and there is neither a previous nor a factory version', { hint: 'Somebody has to put a version in place by hand' })
}
