import { foldersAbove } from '../../../shared/devices/devicePath.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { TransactionJournal, TransactionPlan } from '../../../shared/ota/transaction.schema.ts'
import { ensureFoldersAbove, walk } from './deviceFiles.ts'
import { planTransaction } from './planTransaction.ts'
import { readJournal, writeJournal } from './transactionJournal.ts'
import { clearAway, doOp, isNew, settleState, syncTargets, undoTransaction } from './transactionSteps.ts'
import type { ApplyTransaction, TransactionDeps } from './transactionTypes.ts'

/** A slow board reads every file back once more meanwhile. */
const undoLimitMs = 120_000
const undoLimitOpMs = 5_000
/** The journal is rewritten before each step; with very many ops a step is several of them, so that the flash is not worn by the journal. */
const mostSteps = 64

export const applyTransaction: ApplyTransaction = async (request, deps, signal) => {
  const { fs, places, tell } = deps
  await demandQuiet(deps, signal)
  const plan = await planTransaction(request, deps, signal)
  tell?.({ type: 'planned', ops: plan.ops.length })
  if (plan.ops.length === 0 && !plan.state) return { end: 'nothing', changed: 0 }
  let journal: TransactionJournal = { ...plan, phase: 'applying', begun: 0 }
  const write = async (change: Partial<TransactionJournal>): Promise<void> => {
    // Taken as written from here on: if the write fails, nobody knows whether it was.
    journal = { ...journal, ...change }
    await writeJournal(fs, places, journal, signal)
  }
  try {
    await prepare(plan, deps, signal)
    await write({})
    const stepOps = Math.ceil(plan.ops.length / mostSteps)
    for (const [number, op] of plan.ops.entries()) {
      if (number >= journal.begun) await write({ begun: Math.min(plan.ops.length, number + stepOps) })
      await doOp(op, plan.id, deps, signal)
      tell?.({ type: 'applied', number, op: op.op, target: op.target })
    }
    await prove(plan, deps, signal)
    await write({ phase: 'files_durable' })
    if (plan.state) await settleState(plan.state.target, plan.state.to, deps, signal)
  } catch (error) {
    await undoAfter(error, journal, deps)
    throw error
  }
  const changed = plan.ops.filter(({ op }) => op !== 'folder').length
  // The device is new from here on, whatever becomes of the rest.
  if (plan.state) tell?.({ type: 'state-written', target: plan.state.target })
  try {
    await write({ phase: 'committed' })
    tell?.({ type: 'committed' })
    await clearAway(journal, deps, signal)
    return { end: 'new', changed }
  } catch (error) {
    return { end: 'new', changed, leftover: error instanceof Error ? error.message : 'unknown reason' }
  }
}

/** Over an earlier one that was not recovered nothing is known, and its backups are the only old files there are. */
async function demandQuiet({ fs, places }: TransactionDeps, signal: AbortSignal): Promise<void> {
  const found = await readJournal(fs, places, signal)
  const backups = await walk(fs, places.backup, signal)
  if (found.kind === 'none' && backups.every(({ kind }) => kind === 'folder')) return
  throw new WorkbenchError('input/conflict', 'An earlier update of this device was interrupted and is not cleared up yet', { hint: 'Recover the device first', context: { journal: found.kind } })
}

async function prepare(plan: TransactionPlan, { fs }: TransactionDeps, signal: AbortSignal): Promise<void> {
  const backups = plan.ops.flatMap((op) => ('backup' in op ? [op.backup] : []))
  const staged = plan.ops.flatMap((op) => ('staged' in op ? [op.staged] : []))
  for (const backup of backups) await ensureFoldersAbove(fs, backup, signal)
  // What is moved later must be whole after a power cut, and so must the folders that the backups go to; by name, because an earlier session may have made them.
  await fs.sync(undefined, signal)
  for (const path of staged) await fs.sync(path, signal)
  for (const folder of new Set([...backups, ...staged].flatMap((path) => ['', ...foldersAbove(path)]))) await fs.sync(folder, signal)
}

async function prove(plan: TransactionPlan, deps: TransactionDeps, signal: AbortSignal): Promise<void> {
  await syncTargets(plan.ops, deps, signal)
  for (const op of plan.ops) {
    if (await isNew(op, deps, signal)) continue
    throw new WorkbenchError('device/wrong-content', `${op.target} does not read back as it was written`, { context: { path: op.target }, hint: 'Everything was put back as it was; try again, and suspect the flash if it happens twice' })
  }
  deps.tell?.({ type: 'proved', files: plan.ops.length })
}

async function undoAfter(cause: unknown, journal: TransactionJournal, deps: TransactionDeps): Promise<void> {
  deps.tell?.({ type: 'undoing', why: cause instanceof Error ? cause.message : 'unknown reason' })
  // A signal of its own: the caller's is often aborted already, and an undo has to work just then.
  const problems = await withDeadline(deps.clock, undoLimitMs + undoLimitOpMs * journal.ops.length, 'putting the old files back', new AbortController().signal,
    async (signal) => undoTransaction(journal, deps, signal))
    .catch((error: unknown) => {
      throw new WorkbenchError(error instanceof WorkbenchError ? error.code : 'link/closed', 'The update was interrupted and could not be undone: the device does not answer any more', { cause, hint: 'Its journal is on the device: the next contact brings it to the old or the new version' })
    })
  if (problems.length === 0) return
  throw new WorkbenchError('device/recovery-incomplete', `The update failed, and ${problems.length} of its changes could not be undone: ${problems[0]?.target ?? ''}: ${problems[0]?.why ?? ''}`, {
    cause, context: { problems: problems.length, target: problems[0]?.target ?? '', backup: problems[0]?.backup ?? '' }, hint: 'The backups are kept on the device; mend what it complains about and recover it again',
  })
}
