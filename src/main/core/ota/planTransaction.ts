import type { DevicePath } from '../../../shared/devices/deviceFs.ts'
import { foldersAbove, isDevicePath, joined, nameOf, parentOf } from '../../../shared/devices/devicePath.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { mostTransactionOps, type TransactionOp, type TransactionPlan, type TransactionState } from '../../../shared/ota/transaction.schema.ts'
import { hashOf, linkAt, readText } from './deviceFiles.ts'
import { isFreeTarget } from './transactionJournal.ts'
import type { TransactionDeps, TransactionRequest, TransactionWish } from './transactionTypes.ts'

const mostStateBytes = 65_536

type Wish<K extends TransactionWish['kind']> = Extract<TransactionWish, { kind: K }>

/**
 * Looks at the device and says, op by op, what will be done and what stands there now. Reads only. Deletes come first, so that a folder may
 * take the place of a file; then folders, files, and links last, in the order in which they were wished.
 */
export async function planTransaction(request: TransactionRequest, deps: TransactionDeps, signal: AbortSignal): Promise<TransactionPlan> {
  checkWishes(request, deps)
  const { wishes } = request
  const ofKind = <K extends TransactionWish['kind']>(kind: K): Wish<K>[] => wishes.filter((wish): wish is Wish<K> => wish.kind === kind)
  const deletes: TransactionOp[] = []
  for (const wish of ofKind('delete')) deletes.push(...await planDelete(wish.target, deps, signal))
  const goes = new Set(deletes.map(({ target }) => target))
  const puts: TransactionOp[] = []
  for (const wish of ofKind('put')) puts.push(...await planPut(wish, deps, signal))
  const links: TransactionOp[] = []
  for (const wish of ofKind('link')) links.push(...await planLink(wish, deps, signal))
  const folders = await planFolders([...puts, ...links].map(({ target }) => target), goes, deps, signal)
  const state = request.state ? await planState(request.state, deps, signal) : null
  return { v: 1, id: deps.newId(), from: request.from, to: request.to, ops: [...deletes, ...folders, ...puts, ...links], state }
}

function checkWishes({ wishes, state }: TransactionRequest, { places }: TransactionDeps): void {
  if (wishes.length > mostTransactionOps) throw new WorkbenchError('input/too-large', `${wishes.length} changes at once are too many; ${mostTransactionOps} is the most`)
  const targets = new Set<string>()
  const take = (target: string): void => {
    if (!isDevicePath(target)) throw new WorkbenchError('input/malformed', `"${target.slice(0, 200)}" is no place on a device`, { hint: 'Parts joined by "/", none of them empty, "." or ".."' })
    if (!isFreeTarget(target, places)) throw new WorkbenchError('input/malformed', `${target} belongs to the update itself and cannot be its target`)
    if (targets.has(target)) throw new WorkbenchError('input/conflict', `${target} is named twice`, { context: { path: target } })
    targets.add(target)
  }
  for (const wish of wishes) {
    take(wish.target)
    if (wish.kind === 'put' && !isDevicePath(wish.staged)) throw new WorkbenchError('input/malformed', `"${wish.staged.slice(0, 200)}" is no place on a device`)
  }
  if (state) take(state.target)
  for (const wish of wishes) {
    if (wish.kind === 'delete') continue
    const above = foldersAbove(wish.target).find((folder) => wishes.some(({ kind, target }) => kind !== 'delete' && target === folder))
    if (above !== undefined) throw new WorkbenchError('input/conflict', `${above} cannot be a file and the folder of ${wish.target}`, { context: { path: above } })
  }
}

const inTheWay = (path: DevicePath, kind: string): WorkbenchError =>
  new WorkbenchError('input/conflict', `${path} is a ${kind} on the device, so it cannot be changed as asked`, { context: { path }, hint: 'Look at it, and move it away if nobody needs it' })

async function planDelete(target: DevicePath, { fs, places, newDigest }: TransactionDeps, signal: AbortSignal): Promise<TransactionOp[]> {
  const found = await fs.stat(target, signal)
  if (!found) return []
  const old = await hashOf(fs, target, newDigest, signal)
  if (old === undefined) throw inTheWay(target, found.kind)
  return [{ op: 'delete', target, backup: joined(places.backup, target), sha256_old: old }]
}

async function planPut({ target, staged, sha256 }: Wish<'put'>, { fs, places, newDigest }: TransactionDeps, signal: AbortSignal): Promise<TransactionOp[]> {
  const stagedHash = await hashOf(fs, staged, newDigest, signal)
  // Nothing is begun on the word of somebody who wrote it: what is moved into place is what was read back.
  if (stagedHash !== sha256) {
    throw new WorkbenchError('device/wrong-content', stagedHash === undefined ? `${staged} is not there, although it was staged` : `${staged} is not what was staged`, { context: { path: staged }, hint: 'Start the update again: it is sent once more' })
  }
  const found = await fs.stat(target, signal)
  if (!found) return [{ op: 'new', target, staged, sha256_new: sha256 }]
  const old = await hashOf(fs, target, newDigest, signal)
  if (old === undefined) throw inTheWay(target, found.kind)
  if (old === sha256) return []
  return [{ op: 'replace', target, staged, backup: joined(places.backup, target), sha256_old: old, sha256_new: sha256 }]
}

async function planLink({ target, to }: Wish<'link'>, { fs }: TransactionDeps, signal: AbortSignal): Promise<TransactionOp[]> {
  if (!fs.abilities.links) throw new WorkbenchError('input/not-supported', `${fs.label} has no symbolic links`)
  const found = await fs.stat(target, signal)
  if (found && found.kind !== 'link') throw inTheWay(target, found.kind)
  const from = await linkAt(fs, target, signal)
  return from === to ? [] : [{ op: 'link', target, from, to }]
}

async function planFolders(targets: readonly DevicePath[], goes: ReadonlySet<DevicePath>, { fs }: TransactionDeps, signal: AbortSignal): Promise<TransactionOp[]> {
  const made = new Set<DevicePath>()
  const known = new Set<DevicePath>()
  for (const target of targets) {
    for (const folder of foldersAbove(target)) {
      if (known.has(folder) || made.has(folder)) continue
      const isNew = foldersAbove(folder).some((above) => made.has(above))
      const found = isNew || goes.has(folder) ? undefined : await fs.stat(folder, signal)
      if (!found) made.add(folder)
      else if (found.kind === 'folder') known.add(folder)
      else throw inTheWay(folder, found.kind)
    }
  }
  return [...made].map((target) => ({ op: 'folder', target }))
}

async function planState({ target, text }: NonNullable<TransactionRequest['state']>, { fs }: TransactionDeps, signal: AbortSignal): Promise<TransactionState | null> {
  if (new TextEncoder().encode(text).length > mostStateBytes) throw new WorkbenchError('input/too-large', `The state of ${mostStateBytes} bytes and more is too large for ${target}`)
  const folder = parentOf(target)
  if (folder !== '' && (await fs.stat(folder, signal))?.kind !== 'folder') throw new WorkbenchError('input/conflict', `There is no folder for ${nameOf(target)}`, { context: { path: folder } })
  const found = await fs.stat(target, signal)
  if (found && found.kind !== 'file') throw inTheWay(target, found.kind)
  const from = await readText(fs, target, mostStateBytes, signal) ?? null
  return from === text ? null : { target, from, to: text }
}
