import { constants } from 'node:fs'
import { access, type FileHandle, link, lstat, open, readdir, rename, rm, rmdir, statfs, unlink } from 'node:fs/promises'
import { dumpRecordName, recordPathOf } from '../../../shared/dump/dumpRecord.schema.ts'
import { basename, dirname, join, resolve } from 'node:path'
import { makeFolders } from './makeFolders.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'

export type DumpForm = 'folder' | 'image' | 'ipctool'

/** What a dump to this path would find. */
export interface DumpPlace {
  /** Absolute. */
  readonly path: string
  /** Of an earlier try that was cut off. */
  readonly keptBytes: number
  readonly freeBytes: number
}

/** A file that has not got its name yet. */
export interface HiddenFile {
  read(offsetBytes: number, lengthBytes: number, signal: AbortSignal): Promise<Uint8Array>
  write(offsetBytes: number, bytes: Uint8Array, signal: AbortSignal): Promise<void>
}

export interface HiddenDump {
  freeBytes(): Promise<number>
  file(name: string): Promise<HiddenFile>
  pathOf(name: string): string
  publish(files: readonly { readonly name: string; readonly lengthBytes: number }[], signal: AbortSignal): Promise<void>
  close(keep: boolean): Promise<void>
}

const pieceBytes = 1024 * 1024
/** A dump holds Wi-Fi passwords and keys. */
const fileMode = 0o600
const folderMode = 0o700

/** Beside the output, so that a rename is all that is missing in the end. */
const hiddenPathOf = (path: string, form: DumpForm): string => join(dirname(path), `.${basename(path)}.${form}.rackbench-partial`)

/** Touches nothing. `input/conflict` when something is there, `host/no-permission` when nothing can be made there. */
export async function inspectDumpPlace(given: string, form: DumpForm): Promise<DumpPlace> {
  const path = resolve(given)
  await refuseTaken(path, form)
  const ancestor = await nearestFolder(dirname(path))
  await access(ancestor, constants.W_OK | constants.X_OK).catch((error: unknown) => { throw diskError(ancestor, error) })
  return { path, keptBytes: await bytesIn(hiddenPathOf(path, form)), freeBytes: await freeBytesOf(ancestor) }
}

async function refuseTaken(path: string, form: DumpForm): Promise<void> {
  if (form !== 'folder' && await lstat(recordPathOf(path)).catch(ignoreAbsent(path))) {
    throw new WorkbenchError('input/conflict', `${recordPathOf(path)} is there already, and a dump never overwrites`, { context: { path }, hint: 'It is the record of another dump of this name. Choose a name that is free' })
  }
  const found = await lstat(path).catch(ignoreAbsent(path))
  if (!found) return
  if (form === 'folder' && found.isDirectory() && (await readdir(path)).length === 0) return
  throw new WorkbenchError('input/conflict', `${path} is there already, and a dump never overwrites`, { context: { path }, hint: 'Choose a name that is free' })
}

async function nearestFolder(start: string): Promise<string> {
  for (let path = start; ; path = dirname(path)) {
    const found = await lstat(path).catch(ignoreAbsent(path))
    const isFolder = found?.isDirectory() === true || (found?.isSymbolicLink() === true && await readdir(path).then(() => true, () => false))
    if (isFolder || dirname(path) === path) return path
    if (found) throw new WorkbenchError('input/conflict', `${path} is no folder, so nothing can be made in it`, { context: { path } })
  }
}

const ignoreAbsent = (path: string) => (error: unknown): undefined => {
  if (errnoOf(error) === 'ENOENT') return undefined
  throw errnoOf(error) === 'ENOTDIR' ? new WorkbenchError('input/conflict', `A part of ${path} is a file and no folder`, { context: { path } }) : diskError(path, error)
}

async function freeBytesOf(path: string): Promise<number> {
  const disk = await statfs(path).catch((error: unknown) => { throw diskError(path, error) })
  return disk.bavail * disk.bsize
}

async function bytesIn(path: string): Promise<number> {
  const found = await lstat(path).catch(ignoreAbsent(path))
  if (!found) return 0
  if (found.isFile()) return found.size
  if (!found.isDirectory()) throw notOurs(path)
  let total = 0
  for (const name of await readdir(path)) total += (await lstat(join(path, name))).size
  return total
}

/** Nothing is made before the first file is asked for, and everything stays hidden until `publish`. */
export async function openHiddenDump(given: string, form: DumpForm, signal: AbortSignal): Promise<HiddenDump> {
  const { path } = await inspectDumpPlace(given, form)
  signal.throwIfAborted()
  const hidden = hiddenPathOf(path, form)
  const opening = new Map<string, Promise<FileHandle>>()
  let state: 'open' | 'published' | 'closed' = 'open'
  const handleOf = async (name: string): Promise<FileHandle> => {
    // Work that was cancelled may still be on its way here.
    if (state !== 'open') throw new WorkbenchError('link/closed', `The dump to ${path} is over`)
    const handle = opening.get(name) ?? makeFile(form, hidden, name)
    opening.set(name, handle)
    return handle
  }
  return {
    freeBytes: async () => freeBytesOf(await nearestFolder(dirname(hidden))),
    pathOf: (name) => (name === '' ? path : form === 'folder' ? join(path, name) : recordPathOf(path)),
    file: async (name) => fileOn(await handleOf(name), path),
    publish: async (files, publishSignal) => {
      for (const { name, lengthBytes } of files) {
        publishSignal.throwIfAborted()
        await settle(await handleOf(name), lengthBytes, path)
      }
      await closeAll(opening)
      publishSignal.throwIfAborted()
      if (form === 'folder') await publishFolder(hidden, path, new Set(files.map(({ name }) => name)))
      else await publishFiles(hidden, path, files.some(({ name }) => name === dumpRecordName))
      state = 'published'
    },
    close: async (keep) => {
      if (state === 'published') return
      state = 'closed'
      await closeAll(opening)
      if (form !== 'folder') await rm(recordPathOf(hidden), { force: true }).catch((error: unknown) => { throw diskError(hidden, error) })
      if (!keep) await rm(hidden, { recursive: true, force: true }).catch((error: unknown) => { throw diskError(hidden, error) })
    },
  }
}

/** With what is missing of the folders above. */
async function makeFile(form: DumpForm, hidden: string, name: string): Promise<FileHandle> {
  await (form === 'folder' ? makeFolders(hidden, folderMode) : makeFolders(dirname(hidden)))
    .catch((error: unknown) => { throw diskError(hidden, error) })
  if (form === 'folder' && !(await lstat(hidden)).isDirectory()) throw notOurs(hidden)
  return openPlain(form === 'folder' ? join(hidden, name) : name === '' ? hidden : recordPathOf(hidden))
}

/** A link put there meanwhile would lead the dump elsewhere. Windows does not know the flag. */
async function openPlain(path: string): Promise<FileHandle> {
  try {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), fileMode)
    if ((await handle.stat()).isFile()) return handle
    await handle.close()
  } catch (error) {
    throw diskError(path, error)
  }
  throw notOurs(path)
}

function fileOn(handle: FileHandle, path: string): HiddenFile {
  return {
    read: async (offsetBytes, lengthBytes, signal) => {
      const bytes = new Uint8Array(lengthBytes)
      let at = 0
      while (at < lengthBytes) {
        signal.throwIfAborted()
        const { bytesRead } = await handle.read(bytes, at, Math.min(pieceBytes, lengthBytes - at), offsetBytes + at).catch((error: unknown) => { throw diskError(path, error) })
        if (bytesRead === 0) break
        at += bytesRead
      }
      return at === lengthBytes ? bytes : bytes.subarray(0, at)
    },
    write: async (offsetBytes, bytes, signal) => {
      for (let at = 0; at < bytes.length;) {
        signal.throwIfAborted()
        const { bytesWritten } = await handle.write(bytes, at, Math.min(pieceBytes, bytes.length - at), offsetBytes + at).catch((error: unknown) => { throw diskError(path, error) })
        at += bytesWritten
      }
    },
  }
}

async function settle(handle: FileHandle, lengthBytes: number, path: string): Promise<void> {
  try {
    await handle.truncate(lengthBytes)
    await handle.sync()
  } catch (error) {
    throw diskError(path, error)
  }
}

async function closeAll(opening: Map<string, Promise<FileHandle>>): Promise<void> {
  for (const [name, handle] of opening) {
    opening.delete(name)
    // One that could not be opened has told so already.
    await handle.then(async (opened) => opened.close(), () => undefined)
  }
}

const taken = (path: string): WorkbenchError =>
  new WorkbenchError('input/conflict', `Something was put at ${path} while the dump was made`, { context: { path }, hint: 'Dump again to a name that is free' })

async function publishFolder(hidden: string, path: string, wanted: ReadonlySet<string>): Promise<void> {
  try {
    // Parts of an earlier try with another partition table.
    for (const name of await readdir(hidden)) if (!wanted.has(name)) await rm(join(hidden, name), { recursive: true })
    // Takes only an empty folder away: with anything in it this fails.
    await rmdir(path).catch((error: unknown) => { if (errnoOf(error) !== 'ENOENT') throw error })
    await rename(hidden, path)
  } catch (error) {
    throw ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errnoOf(error) ?? '') ? taken(path) : diskError(path, error)
  }
}

/** The record first: a dump has its name only when everything of it is there. */
async function publishFiles(hidden: string, path: string, hasRecord: boolean): Promise<void> {
  if (hasRecord) await publishFile(recordPathOf(hidden), recordPathOf(path))
  try {
    await publishFile(hidden, path)
  } catch (error) {
    if (hasRecord) await rm(recordPathOf(path), { force: true }).catch(() => undefined)
    throw error
  }
}

const noLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES'])

/** A second name first, because that is never given over something else; a rename is. */
async function publishFile(hidden: string, path: string): Promise<void> {
  try {
    await link(hidden, path)
    await unlink(hidden)
    return
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw taken(path)
    if (!noLinks.has(errnoOf(error) ?? '')) throw diskError(path, error)
  }
  // FAT and some network disks have no second names: the name is taken first, and then given to the dump.
  try {
    await (await open(path, 'wx', fileMode)).close()
    await rename(hidden, path)
  } catch (error) {
    throw errnoOf(error) === 'EEXIST' ? taken(path) : diskError(path, error)
  }
}

const notOurs = (path: string): WorkbenchError =>
  new WorkbenchError('input/conflict', `${path} is in the way, and it is not what a dump leaves there`, { context: { path }, hint: 'Look at it and move it away' })

/** Exported for its words. */
export function diskError(path: string, cause: unknown): WorkbenchError {
  if (cause instanceof WorkbenchError) return cause
  const code = errnoOf(cause) ?? ''
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) return new WorkbenchError('host/disk-full', `There is no room for ${path}`, { cause, context: { path }, hint: 'Make room, or dump to another disk' })
  if (['EACCES', 'EPERM', 'EROFS'].includes(code)) return new WorkbenchError('host/no-permission', `Nothing may be written at ${path}`, { cause, context: { path } })
  if (code === 'ELOOP') return notOurs(path)
  return new WorkbenchError('host/io', `${path} cannot be written: ${reasonOf(cause)}`, { cause, context: { path } })
}
