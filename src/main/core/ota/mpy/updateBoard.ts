import { foldersAbove, isWithin, nameOf, parentOf } from '../../../../shared/devices/devicePath.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { withDeadline } from '../../../../shared/lifecycle/clock.ts'
import { mostNamedChars, type RecoveryReport } from '../../../../shared/ota/transaction.schema.ts'
import { isInRollout } from '../../../protocols/otaManifest/cohort.ts'
import { isOwn, isPermitted, mpyPlaces, targetPath } from '../../../protocols/otaManifest/paths.ts'
import { applyTransaction } from '../applyTransaction.ts'
import { walk } from '../deviceFiles.ts'
import { recoverTransaction } from '../recoverTransaction.ts'
import type { TransactionDeps, TransactionPlaces, TransactionWish } from '../transactionTypes.ts'
import { noteError, noteOutcome, readHealth, readVersion, versionText } from './boardNotes.ts'
import type { MpyDeps, MpyOutcome, MpyRun, MpyTarget } from './mpyTypes.ts'
import { resolveTarget, shownVersion } from './resolveTarget.ts'
import { whyWait } from './schedule.ts'
import { stageFile, stagePathOf } from './stageFile.ts'

const places: TransactionPlaces = { journal: mpyPlaces.journal, backup: mpyPlaces.backup, stage: mpyPlaces.stage, errors: mpyPlaces.errors }
const noteLimitMs = 30_000

const transactionDeps = (deps: MpyDeps, at: TransactionPlaces): TransactionDeps => ({
  fs: deps.fs, places: at, clock: deps.clock, newDigest: deps.newDigest, newId: deps.newId, tell: (event) => { deps.tell({ type: 'transaction', event }) },
})

/**
 * What every start of work with a board begins with. `keepStage`: when nothing had been changed yet, what was downloaded is kept, so that the
 * same update can go on with it; each file is proved again before it counts.
 */
export async function recoverBoard(deps: MpyDeps, options: { readonly keepStage: boolean }, signal: AbortSignal): Promise<RecoveryReport> {
  const nothingBegun = options.keepStage && !await deps.fs.stat(places.journal, signal) && (await walk(deps.fs, places.backup, signal)).every(({ kind }) => kind === 'folder')
  if (nothingBegun) return { end: 'nothing' }
  const report = await recoverTransaction(transactionDeps(deps, places), signal)
  if (report.end !== 'nothing') deps.tell({ type: 'recovered', report })
  if (report.end === 'incomplete') {
    throw new WorkbenchError('device/recovery-incomplete', `The board is between two versions, and ${report.problems.length} of its files could not be brought back: ${report.problems[0]?.target ?? ''}: ${report.problems[0]?.why ?? ''}`, { hint: 'Its backups are kept in .ota_backup. Mend what it complains about, and try again' })
  }
  return report
}

/** Brings a board to the version that its source offers, wholly or not at all. Resolves after the version was read back from the board. */
export async function updateBoard(run: MpyRun, signal: AbortSignal): Promise<MpyOutcome> {
  for (const [name, isOn] of [['Cellular', run.config.cellular_enabled], ['LoRa', run.config.lora_enabled]] as const) {
    if (isOn) throw new WorkbenchError('input/not-supported', `${name} is a framework only: no update goes over it`, { hint: 'Switch it off in the configuration of the board; Wi-Fi and the console are what works' })
  }
  await recoverBoard(run, { keepStage: true }, signal)
  const target = await resolveTarget(run, signal)
  const version = shownVersion(target.ref, target.commit)
  run.tell({ type: 'target', mode: target.mode, version, files: target.files.length })
  for (const words of target.notes) run.tell({ type: 'note', words })
  const facts = { version, ref: target.ref, commit: target.commit, filesChanged: 0, fetchedBytes: 0 }
  if (!run.config.force && await isUpToDate(run, target, signal)) return { ...facts, end: 'up-to-date' }
  const later = await whyNotNow(run, target, signal)
  if (later !== undefined) return { ...facts, end: 'not-now', reason: later }
  try {
    const done = await bringTo(target, run, signal)
    await noteOutcome(run, { version }, signal)
    return { ...facts, ...done, end: 'updated', ...(target.postUpdate === undefined ? {} : { postUpdate: await runHook(target.postUpdate, run, signal) }) }
  } catch (error) {
    // The caller's signal may be the very reason; the note gets a time of its own.
    const words = error instanceof Error ? error.message : 'unknown reason'
    await withDeadline(run.clock, noteLimitMs, 'Note the failure on the board', new AbortController().signal, async (until) => noteOutcome(run, { version, error: words }, until)).catch(() => undefined)
    throw error
  }
}

/** The board is new whatever becomes of it: the version is written and read back, so a failure is told and noted, and nothing is undone. */
async function runHook(path: string, run: MpyRun, signal: AbortSignal): Promise<NonNullable<MpyOutcome['postUpdate']>> {
  try {
    if (!run.runModule) throw new WorkbenchError('input/not-supported', 'this way to the board runs nothing')
    await run.runModule(path, signal)
    return { path }
  } catch (error) {
    // A cancel, too, comes too late to make the board old again.
    if (!(error instanceof WorkbenchError) && !signal.aborted) throw error
    const problem = `The board has the new version, and ${path}, which was to run afterwards, did not come to its end: ${error instanceof Error ? error.message : 'unknown reason'}`
    run.tell({ type: 'note', words: problem })
    await noteError(run, problem, signal)
    return { path, problem }
  }
}

async function isUpToDate(run: MpyRun, target: MpyTarget, signal: AbortSignal): Promise<boolean> {
  const state = await readVersion(run, signal)
  return state !== undefined && state.commit === target.commit && (target.mode === 'tree' || state.ref === target.ref)
}

/** The rules of a rollout, as the board's own updater has them; without a name of the board nobody can say where it belongs. */
async function whyNotNow(run: MpyRun, target: MpyTarget, signal: AbortSignal): Promise<string | undefined> {
  const { config, clock, newDigest } = run
  if (config.force) return undefined
  if (config.device_id !== undefined && !isInRollout(target.ref || target.commit, config.device_id, config.rollout_percent, newDigest)) return `The rollout has reached ${config.rollout_percent} % of the boards, and this one comes later`
  if (config.min_battery_percent !== undefined) run.tell({ type: 'note', words: 'The console does not tell the charge of the battery, so min_battery_percent is not looked at' })
  return whyWait(config, { nowMs: clock.wallMs(), ...await readHealth(run, signal) })
}

async function bringTo(target: MpyTarget, run: MpyRun, signal: AbortSignal): Promise<Pick<MpyOutcome, 'filesChanged' | 'fetchedBytes'>> {
  await checkResources(run, signal)
  // First what nobody wants any more: it must not be in the way of what is to come.
  const stagedBytes = await dropStrangers(target, run, signal)
  await checkSpace(target, stagedBytes, run, signal)
  const wishes: TransactionWish[] = []
  let fetchedBytes = 0
  for (const file of target.files) {
    const staged = await stageFile(file, target, run, signal)
    run.tell({ type: 'staged', path: file.path, how: staged.how, fetchedBytes: staged.fetchedBytes })
    fetchedBytes += staged.fetchedBytes
    if (staged.how !== 'unchanged') wishes.push({ kind: 'put', target: file.path, staged: stagePathOf(file.path), sha256: staged.sha256 })
  }
  for (const path of await doomed(target, run, signal)) wishes.push({ kind: 'delete', target: path })
  const before = await readVersion(run, signal)
  const next = { ref: target.ref, commit: target.commit }
  // One that is the same in other words is left as it stands: flash wears.
  const isSame = before?.ref === next.ref && before.commit === next.commit
  const request = { wishes, state: isSame ? undefined : { target: mpyPlaces.version, text: versionText(next) }, from: before ? inJournal(before.ref, before.commit) : null, to: inJournal(next.ref, next.commit) }
  const { leftover, changed } = await applyTransaction(request, transactionDeps(run, places), signal)
  if (leftover !== undefined) run.tell({ type: 'note', words: `The board is new, and its backups are cleared away at the next contact (${leftover})` })
  const now = await readVersion(run, signal)
  if (now?.ref !== next.ref || now.commit !== next.commit) throw new WorkbenchError('device/wrong-content', `The board reports ${now ? shownVersion(now.ref, now.commit) : 'no version'} after the update to ${request.to}`, { hint: 'Run the update again; it recovers the board first' })
  return { filesChanged: changed, fetchedBytes }
}

/** For people; a name that is longer than a journal takes would make a damaged one of it. */
const inJournal = (ref: string, commit: string): string => shownVersion(ref, commit).slice(0, mostNamedChars)

async function checkResources({ config: { min_free_mem: leastBytes, min_cpu_mhz: leastMhz }, readResources, tell }: MpyRun, signal: AbortSignal): Promise<void> {
  if (leastBytes === 0 && leastMhz === undefined) return
  const { freeBytes, cpuMhz } = readResources ? await readResources(signal) : {}
  for (const [key, least, found, what] of [['min_free_mem', leastBytes, freeBytes, 'bytes of memory free'], ['min_cpu_mhz', leastMhz ?? 0, cpuMhz, 'MHz']] as const) {
    if (least === 0 || found !== undefined && found >= least) continue
    if (found === undefined) { tell({ type: 'note', words: `The board does not tell what ${key} asks for, so it is not looked at` }); continue }
    throw new WorkbenchError('device/refused', `The board has ${found} ${what}, and its configuration wants ${least} for an update`, { context: { key, found, least, reason: 'INSUFFICIENT_RESOURCES' }, hint: `Nothing was fetched. Free some, or lower ${key} in the configuration of the board` })
  }
}

/** Old and new content stand side by side for a moment; what an interrupted download left in the stage stands there already. */
async function checkSpace(target: MpyTarget, stagedBytes: number, run: MpyRun, signal: AbortSignal): Promise<void> {
  const totalBytes = target.files.reduce((sum, { size }) => sum + (size ?? 0), 0)
  const neededBytes = Math.max(2 * totalBytes, run.config.min_free_storage) - stagedBytes
  const freeBytes = await run.fs.free(signal)
  if (freeBytes === undefined || freeBytes >= neededBytes) return
  throw new WorkbenchError('device/no-space', `The board has ${freeBytes} bytes free, and this update wants ${neededBytes}`, { context: { freeBytes, neededBytes, reason: 'INSUFFICIENT_RESOURCES' }, hint: 'Delete what the board does not need, or leave files out of the release' })
}

/** Of an earlier download what this version does not have. Result: bytes of what it has, and no more of each file than it has. */
async function dropStrangers(target: MpyTarget, { fs }: MpyRun, signal: AbortSignal): Promise<number> {
  const wanted = new Map(target.files.map(({ path, size }) => [stagePathOf(path), size ?? 0]))
  let bytes = 0
  for (const { path, kind } of await walk(fs, mpyPlaces.stage, signal)) {
    const most = wanted.get(path)
    if (most !== undefined) bytes += Math.min(most, (await fs.stat(path, signal))?.size ?? 0)
    else if (kind !== 'folder') await fs.remove(path, signal)
  }
  return bytes
}

/** What the release deletes, and on the developer channel what lies under a pattern and is not of this version. */
async function doomed(target: MpyTarget, run: MpyRun, signal: AbortSignal): Promise<string[]> {
  const { channel, delete_patterns: patterns } = run.config
  const found = new Set(target.deletes)
  const coming = new Set(target.files.map(({ path }) => path))
  for (const path of run.leaves ?? []) if (!coming.has(path) && !isOwn(path) && isPermitted(path, run.config)) found.add(targetPath(path))
  if (channel !== 'stable' && patterns.length > 0) {
    const roots = patterns.map((each) => each.replaceAll(/^\/+|\/+$/g, '')).filter((each) => each !== '')
    for (const { path, kind } of await walk(run.fs, '', signal)) {
      if (kind === 'file' && roots.some((root) => isWithin(path, root)) && !coming.has(path) && !isOwn(path) && isPermitted(path, run.config)) found.add(path)
    }
  }
  // On a board that knows no case, another spelling of a name is the same file, and it would go with it.
  const spelled = new Map([...coming].map((path) => [path.toLowerCase(), path]))
  for (const path of found) {
    const other = spelled.get(path.toLowerCase())
    if (other !== undefined && other !== path && await areOneFile(path, other, run, signal)) found.delete(path)
  }
  return [...found]
}

/** Both names lead to something, and not both stand there as they are written. */
async function areOneFile(one: string, other: string, { fs }: MpyRun, signal: AbortSignal): Promise<boolean> {
  const standsSo = async (path: string): Promise<boolean> => {
    for (const folder of [...foldersAbove(path), path]) if (!(await fs.list(parentOf(folder), signal)).includes(nameOf(folder))) return false
    return true
  }
  if (!await fs.stat(one, signal) || !await fs.stat(other, signal)) return false
  return !(await standsSo(one) && await standsSo(other))
}
