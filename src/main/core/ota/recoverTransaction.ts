import { isWithin, parentOf } from '../../../shared/devices/devicePath.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { RecoveryProblem, RecoveryReport, TransactionJournal } from '../../../shared/ota/transaction.schema.ts'
import { ensureFoldersAbove, tmpOf, walk } from './deviceFiles.ts'
import { readJournal } from './transactionJournal.ts'
import { clearAway, finishTransaction, isNew, noteProblems, type StepDeps, undoTransaction } from './transactionSteps.ts'
import type { RecoverTransaction } from './transactionTypes.ts'

export const recoverTransaction: RecoverTransaction = async (deps, signal) => {
  const { fs, places } = deps
  const found = await readJournal(fs, places, signal)
  if (found.kind === 'none') return recoverWithoutJournal(deps, signal)
  if (found.kind === 'damaged') {
    // Its content was durable before it got its name, so this is a broken flash or a stranger; backups are not touched on a guess.
    const problems = [{ target: places.journal, why: 'the journal of an interrupted update cannot be read' }]
    await noteProblems(problems, deps, signal)
    return { end: 'incomplete', problems }
  }
  const { journal } = found
  if (journal.phase === 'committed' || journal.phase === 'files_durable' && await areAllNew(journal, deps, signal)) {
    await finishTransaction(journal, deps, signal)
    return { end: 'new', id: journal.id, to: journal.to }
  }
  deps.tell?.({ type: 'undoing', why: 'the update was interrupted' })
  const problems = await undoTransaction(journal, deps, signal)
  return problems.length > 0 ? { end: 'incomplete', id: journal.id, problems: [...problems] } : { end: 'old', id: journal.id, from: journal.from }
}

async function areAllNew(journal: TransactionJournal, deps: StepDeps, signal: AbortSignal): Promise<boolean> {
  for (const op of journal.ops) if (!await isNew(op, deps, signal)) return false
  return true
}

/**
 * No journal: nothing was begun, or an updater without one was interrupted. Of the latter only its backups are left to go by; they are put
 * back, and the version that the device reports may be wrong after that.
 */
async function recoverWithoutJournal(deps: StepDeps, signal: AbortSignal): Promise<RecoveryReport> {
  const { fs, places } = deps
  const backups = (await walk(fs, places.backup, signal)).filter(({ kind }) => kind !== 'folder')
  const problems: RecoveryProblem[] = []
  for (const { path: backup } of backups) {
    const target = backup.slice(places.backup.length + 1)
    try {
      await putBack(backup, target, deps, signal)
    } catch (error) {
      if (!(error instanceof WorkbenchError) || !error.code.startsWith('device/')) throw error
      problems.push({ target, backup, why: error.message })
    }
  }
  if (problems.length > 0) {
    await noteProblems(problems, deps, signal)
    return { end: 'incomplete', problems }
  }
  const left = [places.backup, tmpOf(places.journal), ...(places.stage === undefined ? [] : [places.stage])]
  for (const path of left) if (await fs.stat(path, signal)) { await clearAway(undefined, deps, signal); break }
  return backups.length > 0 ? { end: 'old', isLegacy: true } : { end: 'nothing' }
}

async function putBack(backup: string, target: string, { fs, places }: StepDeps, signal: AbortSignal): Promise<void> {
  if (isWithin(target, places.backup) || target === places.journal) throw new WorkbenchError('device/refused', `${target} belongs to the update itself`)
  await ensureFoldersAbove(fs, target, signal)
  if (!fs.abilities.replaces && await fs.stat(target, signal)) await fs.remove(target, signal)
  await fs.rename(backup, target, signal)
  for (const folder of new Set([parentOf(target), parentOf(backup)])) await fs.sync(folder, signal)
}
