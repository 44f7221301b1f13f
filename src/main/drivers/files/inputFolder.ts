import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, opendir, realpath } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { ImageBytes } from '../../../shared/bytes/storedBytes.ts'
import { dumpRecordName, recordPathOf } from '../../../shared/dump/dumpRecord.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { reasonOf } from '../errors/reasonOf.ts'
import { sumStoredFile } from './storedFile.ts'

/** What was found at the path a person gave: bytes only, nothing understood yet. */
export type RawRestoreInput<Bytes extends ImageBytes = Uint8Array> =
  | { readonly kind: 'folder'; readonly path: string; readonly files: readonly { readonly name: string; readonly bytes: Bytes }[]; readonly ignored: readonly string[]; /** dump.json, where there is one. */ readonly record?: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly name: string; readonly bytes: Bytes; /** What a dump has left beside it, where it has. */ readonly record?: Uint8Array }

export interface ReadInputOptions {
  readonly signal: AbortSignal
  /** For all files together. */
  readonly maxBytes?: number
  /** A dump, which has a record with its sums, that is larger than that stays on the disk; anything else of that size is refused all the same. */
  readonly largeDumpsStay?: boolean
  /** What an earlier reading of this file gave. Compared byte for byte, and given again instead of a second copy where it is the same. */
  readonly before?: (path: string) => Uint8Array | undefined
}

const leastLimitBytes = 512 * 1024 * 1024
const mostLimitBytes = 4 * 1024 * 1024 * 1024

/** What is read is held whole, once: half of this computer's memory, so that a card's dump is no reason to swap. */
export const inputLimitBytes = (memoryBytes = totalmem()): number => Math.min(mostLimitBytes, Math.max(leastLimitBytes, Math.floor(memoryBytes / 2)))

const maxFiles = 64
const maxRecordBytes = 256 * 1024
const maxEntries = 10_000
const pieceBytes = 1024 * 1024

/** Reads nothing but plain files, and of a folder only those whose name begins with `mtd`. */
export async function readRestoreInput(given: string, options: ReadInputOptions & { readonly largeDumpsStay?: false }): Promise<RawRestoreInput>
export async function readRestoreInput(given: string, options: ReadInputOptions): Promise<RawRestoreInput<ImageBytes>>
export async function readRestoreInput(given: string, { signal, maxBytes = inputLimitBytes(), largeDumpsStay = false, before = () => undefined }: ReadInputOptions): Promise<RawRestoreInput<ImageBytes>> {
  signal.throwIfAborted()
  const path = resolve(given)
  const found = await look(path)
  const budget = { leftBytes: maxBytes }
  if (found.isFile()) {
    const record = await readRecordAt(recordPathOf(path), signal)
    const stays = largeDumpsStay && record !== undefined && found.size > maxBytes
    const bytes = stays ? await sumPlainFile(path, found, signal) : await readPlainFile(path, found, budget, signal, before(path))
    return { kind: 'file', path, name: basename(path), bytes, ...(record ? { record } : {}) }
  }
  if (!found.isDirectory()) throw await notPlain(path, found)
  const { chosen, ignored } = await namesIn(path, signal)
  if (chosen.length === 0) {
    throw new WorkbenchError('input/not-found', `No mtd files in ${path}`, { hint: 'Choose the folder that holds mtd0, mtd1, … or one image of the whole flash' })
  }
  // Everything is looked at before anything is read: a refusal should not cost half a gigabyte.
  const stats: Stats[] = []
  for (const name of chosen) {
    const stat = await look(join(path, name))
    if (!stat.isFile()) throw await notPlain(join(path, name), stat)
    stats.push(stat)
  }
  const total = stats.reduce((sum, { size }) => sum + size, 0)
  const stays = total > maxBytes && largeDumpsStay && ignored.includes(dumpRecordName)
  if (total > maxBytes && !stays) throw tooLarge(path, total, maxBytes)
  const files: { name: string; bytes: ImageBytes }[] = []
  for (const [index, name] of chosen.entries()) {
    const stat = stats[index]
    const file = join(path, name)
    if (stat) files.push({ name, bytes: stays ? await sumPlainFile(file, stat, signal) : await readPlainFile(file, stat, budget, signal, before(file)) })
  }
  if (!ignored.includes(dumpRecordName)) return { kind: 'folder', path, files, ignored }
  const record = await readRecordAt(join(path, dumpRecordName), signal)
  return { kind: 'folder', path, files, ignored: ignored.filter((name) => name !== dumpRecordName), ...(record ? { record } : {}) }
}

async function readRecordAt(path: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const stat = await look(path).catch((error: unknown) => {
    if (error instanceof WorkbenchError && error.code === 'input/not-found') return undefined
    throw error
  })
  if (!stat) return undefined
  if (!stat.isFile()) throw await notPlain(path, stat)
  return readPlainFile(path, stat, { leftBytes: maxRecordBytes }, signal, undefined)
}

async function namesIn(path: string, signal: AbortSignal): Promise<{ chosen: string[]; ignored: string[] }> {
  const chosen: string[] = []
  const ignored: string[] = []
  try {
    for await (const { name } of await opendir(path)) {
      signal.throwIfAborted()
      ;(name.startsWith('mtd') ? chosen : ignored).push(name)
      if (chosen.length > maxFiles || chosen.length + ignored.length > maxEntries) {
        throw new WorkbenchError('input/too-large', `${path} holds more entries than a restore folder can`, { context: { mtdFiles: chosen.length, others: ignored.length } })
      }
    }
  } catch (error) {
    if (error instanceof WorkbenchError) throw error
    signal.throwIfAborted()
    throw unreadable(path, error)
  }
  return { chosen: chosen.sort(), ignored: ignored.sort() }
}

async function look(path: string): Promise<Stats> {
  try {
    return await lstat(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** What was looked at and what is opened must be one file: in between, a name can be given to another one. */
async function openSeen(path: string, seen: Stats): Promise<FileHandle> {
  // O_NONBLOCK: a fifo put there meanwhile would hang the open. Windows knows neither flag.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    .catch((error: unknown) => { throw unreadable(path, error) })
  try {
    const now = await handle.stat()
    if (!now.isFile() || now.ino !== seen.ino || now.dev !== seen.dev || now.size !== seen.size) throw changed(path)
    return handle
  } catch (error) {
    await handle.close()
    throw error instanceof WorkbenchError ? error : unreadable(path, error)
  }
}

const sumPlainFile = async (path: string, stat: Stats, signal: AbortSignal): Promise<ImageBytes> => sumStoredFile({
  path, stat, open: async () => openSeen(path, stat), changed: () => changed(path),
  readInto: async (handle, into, at, readSignal) => readFrom(handle, into, at, path, readSignal),
}, signal)

async function readPlainFile(path: string, seen: Stats, budget: { leftBytes: number }, signal: AbortSignal, before: Uint8Array | undefined): Promise<Uint8Array> {
  if (seen.size > budget.leftBytes) throw tooLarge(path, seen.size, budget.leftBytes)
  const handle = await openSeen(path, seen)
  try {
    const now = await handle.stat()
    const same = before?.length === now.size && await holds(handle, before, signal) ? before : undefined
    const bytes = same ?? await readAll(handle, now.size, path, signal)
    const at = bytes.length
    const { bytesRead: beyond } = await handle.read(new Uint8Array(1), 0, 1, at)
    if (beyond > 0) throw changed(path)
    budget.leftBytes -= bytes.length
    return bytes
  } catch (error) {
    if (error instanceof WorkbenchError) throw error
    signal.throwIfAborted()
    throw unreadable(path, error)
  } finally {
    await handle.close()
  }
}

async function readAll(handle: FileHandle, lengthBytes: number, path: string, signal: AbortSignal): Promise<Uint8Array> {
  const bytes = new Uint8Array(lengthBytes)
  await readFrom(handle, bytes, 0, path, signal)
  return bytes
}

async function readFrom(handle: FileHandle, into: Uint8Array, position: number, path: string, signal: AbortSignal): Promise<void> {
  let at = 0
  while (at < into.length) {
    signal.throwIfAborted()
    const { bytesRead } = await handle.read(into, at, Math.min(pieceBytes, into.length - at), position + at)
      .catch((error: unknown) => { throw unreadable(path, error) })
    if (bytesRead === 0) throw changed(path)
    at += bytesRead
  }
}

async function holds(handle: FileHandle, bytes: Uint8Array, signal: AbortSignal): Promise<boolean> {
  const piece = Buffer.alloc(Math.min(pieceBytes, bytes.length))
  let at = 0
  while (at < bytes.length) {
    signal.throwIfAborted()
    const { bytesRead } = await handle.read(piece, 0, Math.min(piece.length, bytes.length - at), at)
    if (bytesRead === 0 || piece.compare(bytes, at, at + bytesRead, 0, bytesRead) !== 0) return false
    at += bytesRead
  }
  return true
}

const changed = (path: string): WorkbenchError =>
  new WorkbenchError('input/conflict', `${path} changed while it was being read`, { hint: 'Wait until the copy is finished, then plan again' })

const tooLarge = (path: string, sizeBytes: number, maxBytes: number): WorkbenchError =>
  new WorkbenchError('input/too-large', `${path} holds ${sizeBytes} bytes; at most ${maxBytes} are read`, { context: { sizeBytes, maxBytes }, hint: 'Is this of a flash chip? A dump of an eMMC of this size is restored with the dump.json that was made with it; anything else in pieces: a folder with some of its mtd files, and --mtdparts' })

function unreadable(path: string, cause: unknown): WorkbenchError {
  const why = reasonOf(cause)
  if (why === 'no permission') return new WorkbenchError('host/no-permission', `${path} may not be read by this user`, { cause })
  const known = ['it does not exist', 'a part of the path is not a folder'].includes(why)
  return new WorkbenchError(known ? 'input/not-found' : 'host/io', `${path} cannot be read: ${why}`, { cause })
}

async function notPlain(path: string, found: Stats): Promise<WorkbenchError> {
  const kind = kindOf(found)
  const target = found.isSymbolicLink() ? await realpath(path).catch(() => undefined) : undefined
  return new WorkbenchError('input/not-supported', `${path} is a ${kind}; only plain files are read`, {
    context: { kind }, hint: target === undefined ? 'Put the files themselves into the folder' : `It points to ${target}; copy the file here, or choose that path`,
  })
}

function kindOf(found: Stats): string {
  if (found.isSymbolicLink()) return 'symbolic link'
  if (found.isDirectory()) return 'folder'
  if (found.isFIFO()) return 'fifo'
  if (found.isSocket()) return 'socket'
  return found.isBlockDevice() || found.isCharacterDevice() ? 'device' : 'special file'
}
