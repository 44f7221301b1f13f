import type { DeviceFs } from '../../../shared/devices/deviceFs.ts'
import { isWithin, parentOf } from '../../../shared/devices/devicePath.ts'
import { crc32, hexCrc } from '../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type TransactionJournal, transactionJournalSchema } from '../../../shared/ota/transaction.schema.ts'
import { readText, replaceText, tmpOf } from './deviceFiles.ts'
import type { TransactionPlaces } from './transactionTypes.ts'

/** 20,000 ops with long paths; no real one comes near. */
const mostJournalBytes = 32 * 1024 * 1024

const sumOf = (journal: object): string => hexCrc(crc32(new TextEncoder().encode(JSON.stringify(journal))))

export async function writeJournal(fs: DeviceFs, places: TransactionPlaces, journal: TransactionJournal, signal: AbortSignal): Promise<void> {
  await replaceText(fs, places.journal, `${JSON.stringify({ ...journal, crc32: sumOf(journal) })}\n`, signal)
}

/** A journal that is there and cannot be believed is not the same as none. */
export type FoundJournal = { readonly kind: 'none' } | { readonly kind: 'damaged' } | { readonly kind: 'whole'; readonly journal: TransactionJournal }

export async function readJournal(fs: DeviceFs, places: TransactionPlaces, signal: AbortSignal): Promise<FoundJournal> {
  const main = await fs.stat(places.journal, signal)
  if (main) {
    const journal = parseJournal(await textOrNothing(fs, places.journal, signal), places)
    return journal ? { kind: 'whole', journal } : { kind: 'damaged' }
  }
  // Where a rename cannot replace, the power may have gone between taking the old one away and naming the new one.
  const journal = parseJournal(await textOrNothing(fs, tmpOf(places.journal), signal), places)
  return journal ? { kind: 'whole', journal } : { kind: 'none' }
}

async function textOrNothing(fs: DeviceFs, path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await readText(fs, path, mostJournalBytes, signal)
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'device/wrong-content') return undefined
    throw error
  }
}

function parseJournal(text: string | undefined, places: TransactionPlaces): TransactionJournal | undefined {
  if (text === undefined) return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || !('crc32' in parsed)) return undefined
  const { crc32: sum, ...rest } = parsed
  if (sum !== sumOf(rest)) return undefined
  const journal = transactionJournalSchema.safeParse(rest)
  return journal.success && staysInItsPlaces(journal.data, places) ? journal.data : undefined
}

/** A sum is no signature: whoever can write to the device can write a journal, and it must not lead a recovery to foreign files. */
function staysInItsPlaces({ ops }: TransactionJournal, places: TransactionPlaces): boolean {
  return ops.every((op) => isFreeTarget(op.target, places) && (!('backup' in op) || isWithin(op.backup, places.backup)))
}

/** Not one of the transaction's own files. */
export function isFreeTarget(target: string, places: TransactionPlaces): boolean {
  const folders = [places.backup, ...(places.stage === undefined ? [] : [places.stage])]
  const files = [places.journal, ...(places.errors === undefined ? [] : [places.errors])]
  return !folders.some((folder) => isWithin(target, folder)) && !files.some((file) => target === file || target === tmpOf(file))
}

/** The very last step. A `.tmp` that outlives the journal would be taken for it, so that one is gone for sure before. */
export async function removeJournal(fs: DeviceFs, places: TransactionPlaces, signal: AbortSignal): Promise<void> {
  const tmp = tmpOf(places.journal)
  if (await fs.stat(tmp, signal)) {
    await fs.remove(tmp, signal)
    await fs.sync(parentOf(tmp), signal)
  }
  if (!await fs.stat(places.journal, signal)) return
  await fs.remove(places.journal, signal)
  await fs.sync(parentOf(places.journal), signal)
}
