import type { DeviceFs, DevicePath } from '../../../shared/devices/deviceFs.ts'
import { joined, nameOf, parentOf } from '../../../shared/devices/devicePath.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { RecoveryProblem, TransactionJournal, TransactionOp } from '../../../shared/ota/transaction.schema.ts'
import { ensureFoldersAbove, hashOf, linkAt, readText, removeTree, replaceText, setLink, tmpOf } from './deviceFiles.ts'
import { readJournal, removeJournal, writeJournal } from './transactionJournal.ts'
import type { TransactionDeps } from './transactionTypes.ts'

export type StepDeps = Omit<TransactionDeps, 'newId'>

const mostStateBytes = 1024 * 1024

/** Beside the link that it becomes, with a name that is swept away by whoever finds it. */
const linkTmp = (target: DevicePath, id: string): DevicePath => joined(parentOf(target), `.${nameOf(target)}.tmp.${id}`)

/** Stands only for what the op names: what else lies on the device is none of its business. */
export async function doOp(op: TransactionOp, id: string, { fs }: StepDeps, signal: AbortSignal): Promise<void> {
  switch (op.op) {
    case 'folder': await fs.mkdir(op.target, signal); return
    case 'link': await setLink(fs, op.target, op.to, linkTmp(op.target, id), signal); return
    case 'delete': await fs.rename(op.target, op.backup, signal); return
    case 'new': await fs.rename(op.staged, op.target, signal); return
    case 'replace':
      await fs.rename(op.target, op.backup, signal)
      // Were the second rename to become durable without this one, the old content would be nowhere.
      await syncNames(fs, [op.target, op.backup], signal)
      await fs.rename(op.staged, op.target, signal)
  }
}

async function syncNames(fs: DeviceFs, paths: readonly DevicePath[], signal: AbortSignal): Promise<void> {
  for (const folder of new Set(paths.map(parentOf))) await fs.sync(folder, signal)
}

/** Also of what another session of the same device did and did not sync any more. */
export async function syncTargets(ops: readonly TransactionOp[], { fs }: StepDeps, signal: AbortSignal): Promise<void> {
  await fs.sync(undefined, signal)
  for (const folder of new Set(ops.map(({ target }) => parentOf(target)))) {
    if (folder === '' || (await fs.stat(folder, signal))?.kind === 'folder') await fs.sync(folder, signal)
  }
}

/** Read back: whether the op's target is as after it. */
export async function isNew(op: TransactionOp, { fs, newDigest }: StepDeps, signal: AbortSignal): Promise<boolean> {
  switch (op.op) {
    case 'folder': return (await fs.stat(op.target, signal))?.kind === 'folder'
    case 'link': return op.to === null ? await fs.stat(op.target, signal) === undefined : await linkAt(fs, op.target, signal) === op.to
    // A folder may have taken its place.
    case 'delete': return ['folder', undefined].includes((await fs.stat(op.target, signal))?.kind)
    case 'new':
    case 'replace': return await hashOf(fs, op.target, newDigest, signal) === op.sha256_new
  }
}

/** Whether it is as before it. A folder that holds something else by now stays, and counts as that. */
async function isOld(op: TransactionOp, { fs, newDigest }: StepDeps, signal: AbortSignal): Promise<boolean> {
  switch (op.op) {
    case 'folder': return true
    case 'link': return op.from === null ? await fs.stat(op.target, signal) === undefined : await linkAt(fs, op.target, signal) === op.from
    case 'new': return await fs.stat(op.target, signal) === undefined
    case 'replace':
    case 'delete': return await hashOf(fs, op.target, newDigest, signal) === op.sha256_old
  }
}

async function undoOp(op: TransactionOp, id: string, deps: StepDeps, signal: AbortSignal): Promise<void> {
  const { fs } = deps
  switch (op.op) {
    case 'folder': {
      if ((await fs.stat(op.target, signal))?.kind === 'folder' && (await fs.list(op.target, signal)).length === 0) await fs.remove(op.target, signal)
      return
    }
    case 'link': {
      const tmp = linkTmp(op.target, id)
      if (await isOld(op, deps, signal)) { if (await fs.stat(tmp, signal)) await fs.remove(tmp, signal) } else await setLink(fs, op.target, op.from, tmp, signal)
      return
    }
    case 'new': if (await fs.stat(op.target, signal)) await fs.remove(op.target, signal); return
    case 'replace':
    case 'delete': await bringBack(op, deps, signal)
  }
}

async function bringBack({ target, backup, sha256_old }: Extract<TransactionOp, { op: 'replace' | 'delete' }>, deps: StepDeps, signal: AbortSignal): Promise<void> {
  const { fs, newDigest } = deps
  if (await hashOf(fs, target, newDigest, signal) === sha256_old) return
  const kept = await hashOf(fs, backup, newDigest, signal)
  if (kept === undefined) throw new WorkbenchError('device/not-found', `the backup ${backup} is missing`)
  // A backup that is not the old file would be put in the place of the only copy that may still be good.
  if (kept !== sha256_old) throw new WorkbenchError('device/wrong-content', `the backup ${backup} is not the old file`)
  await ensureFoldersAbove(fs, target, signal)
  if (!fs.abilities.replaces && await fs.stat(target, signal)) await fs.remove(target, signal)
  await fs.rename(backup, target, signal)
}

/** The device itself said no: the other steps may still work. When nobody answers, none will. */
const isRefusal = (error: unknown): error is WorkbenchError => error instanceof WorkbenchError && error.code.startsWith('device/') && error.code !== 'device/no-answer'

/**
 * Everything back, last first, each as far as it goes. What was not begun was not touched. Ends with a look at every op, and only when all
 * are old are the state written back and the backups cleared away; otherwise backups and journal stay for another try.
 */
export async function undoTransaction(journal: TransactionJournal, deps: StepDeps, signal: AbortSignal): Promise<readonly RecoveryProblem[]> {
  const { tell } = deps
  const problems: RecoveryProblem[] = []
  const attempt = async (op: Pick<TransactionOp, 'target'> & { readonly backup?: string }, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (!isRefusal(error)) throw error
      problems.push({ target: op.target, ...(op.backup === undefined ? {} : { backup: op.backup }), why: error.message })
      tell?.({ type: 'not-undone', target: op.target, why: error.message })
    }
  }
  const touched = journal.ops.slice(0, journal.begun)
  for (const [number, op] of [...touched.entries()].reverse()) {
    await attempt(op, async () => { await undoOp(op, journal.id, deps, signal); tell?.({ type: 'undone', number, op: op.op, target: op.target }) })
  }
  if (problems.length === 0) await attempt({ target: journal.to }, async () => { await syncTargets(touched, deps, signal) })
  for (const op of problems.length === 0 ? touched : []) {
    await attempt(op, async () => { if (!await isOld(op, deps, signal)) throw new WorkbenchError('device/wrong-content', `${op.target} is still not what it was`) })
  }
  const { state } = journal
  if (problems.length === 0 && state) await attempt(state, async () => { await settleState(state.target, state.from, deps, signal) })
  if (problems.length > 0) { await noteProblems(problems, deps, signal); return problems }
  await attempt({ target: deps.places.backup }, async () => { await clearAway(deps, signal) })
  return problems
}

/** The state file says exactly that; it is not written when it does already. */
export async function settleState(target: DevicePath, text: string | null, { fs }: StepDeps, signal: AbortSignal): Promise<void> {
  const found = await readText(fs, target, mostStateBytes, signal) ?? null
  if (found === text) {
    // Not written again, but whoever wrote it may not have come to the sync.
    if (text !== null) await fs.sync(target, signal)
    await fs.sync(parentOf(target), signal)
    return
  }
  if (text === null) {
    await fs.remove(target, signal)
    await fs.sync(parentOf(target), signal)
    return
  }
  await replaceText(fs, target, text, signal)
  if (await readText(fs, target, mostStateBytes, signal) !== text) throw new WorkbenchError('device/wrong-content', `${target} does not read back as it was written`, { context: { path: target } })
}

/**
 * Backups, stage and what else is of use no more; the journal last, and only when the backups are gone for sure: without it they would
 * look like those of an interrupted update.
 */
export async function clearAway(deps: StepDeps, signal: AbortSignal): Promise<void> {
  const { fs, places } = deps
  const found = await readJournal(fs, places, signal)
  await removeTree(fs, places.backup, signal)
  if (places.stage !== undefined) await removeTree(fs, places.stage, signal)
  if (found.kind === 'whole') {
    const { ops, state, id } = found.journal
    const leftovers = [...ops.flatMap((op) => (op.op === 'link' ? [linkTmp(op.target, id)] : [])), ...(state ? [tmpOf(state.target)] : [])]
    for (const path of leftovers) if (await fs.stat(path, signal)) await fs.remove(path, signal)
  }
  await fs.sync(undefined, signal)
  await syncNames(fs, [places.backup, ...(places.stage === undefined ? [] : [places.stage])], signal)
  await removeJournal(fs, places, signal)
}

/** Rolls forward what is wholly there: state, commit, clean-up. */
export async function finishTransaction(journal: TransactionJournal, deps: StepDeps, signal: AbortSignal): Promise<void> {
  const { fs, places } = deps
  if (journal.state) await settleState(journal.state.target, journal.state.to, deps, signal)
  if (journal.phase !== 'committed') await writeJournal(fs, places, { ...journal, phase: 'committed' }, signal)
  await clearAway(deps, signal)
}

/** As well as can be: the problem itself is reported either way. */
export async function noteProblems(problems: readonly RecoveryProblem[], { fs, places }: StepDeps, signal: AbortSignal): Promise<void> {
  if (places.errors === undefined) return
  const errors = problems.slice(0, 100).map(({ target, backup, why }) => `${target}: ${why}${backup === undefined ? '' : ` (kept: ${backup})`}`)
  await replaceText(fs, places.errors, JSON.stringify({ errors }), signal).catch(() => undefined)
}
