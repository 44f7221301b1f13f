import type { Attributes, FileEntryWithStats, Stats } from 'ssh2'
import type { DeviceFs, DevicePath, DeviceStat } from '../../../shared/devices/deviceFs.ts'
import { byCodePoint, isDevicePath, parentOf } from '../../../shared/devices/devicePath.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { openSsh, type SshPlace } from '../ssh/sshConnection.ts'
import { type Done, openSftpCalls, type SftpCalls, sftpProblem, sftpStatus, statusOf } from './sftpCalls.ts'
import { statOf } from './statOf.ts'
import { createUndurable } from './undurable.ts'

const pieceBytes = 32 * 1024
/** Requests on their way at once: one after the other, each would cost a turn of the network. */
const mostWaiting = 16
const mostNames = 100_000

export interface SftpFs extends DeviceFs {
  close(): Promise<void>
}

/**
 * Files of an appliance below `root`. With OpenSSH a rename replaces and a sync is real; with a server that lacks these extensions
 * `abilities` say so. The host key is pinned.
 */
export async function openSftpFs(place: SshPlace, root: string, clock: Clock, signal: AbortSignal): Promise<SftpFs> {
  const ssh = await openSsh(place, clock, signal)
  try {
    const calls = await openSftpCalls(ssh, clock, signal)
    const base = await calls.ask<string>('Finding the folder', signal, (sftp, done) => { sftp.realpath(root, done as (error: Error | undefined, path: string) => void) }).catch((cause: unknown) => { throw statusOf(cause) === sftpStatus.noSuchFile ? noFolder(root, ssh.label, false) : sftpProblem(root, cause) })
    const kind = await calls.ask<Stats>('Looking at the folder', signal, (sftp, done) => { sftp.lstat(base, done as (error: Error | undefined, stats: Stats) => void) }).then((found) => (found.isDirectory() ? 'folder' : 'file'), (cause: unknown) => {
      if (statusOf(cause) === sftpStatus.noSuchFile) return 'nothing'
      throw sftpProblem(root, cause)
    })
    if (kind !== 'folder') throw noFolder(root, ssh.label, kind === 'file')
    const abilities = { replaces: await isOffered('rename', calls, signal), links: true, modes: true, syncs: await isOffered('sync', calls, signal) }
    return { ...createSftpFs(calls, base === '/' ? '' : base, `${ssh.label}${base}`, abilities), close: ssh.close }
  } catch (error) {
    await ssh.close()
    throw error
  }
}

const noFolder = (root: string, label: string, isFile: boolean): WorkbenchError =>
  new WorkbenchError('input/not-found', isFile ? `${root} is no folder on ${label}` : `There is no folder ${root} on ${label}`, { context: { path: root }, hint: 'It plays / of the appliance, and its versions lie in opt/tope/versions below it' })

/** ssh2 throws at once where the server did not announce it; asked about nothing that exists. */
async function isOffered(which: 'rename' | 'sync', calls: SftpCalls, signal: AbortSignal): Promise<boolean> {
  const nowhere = '/.rackbench-asks-only/nothing'
  try {
    await calls.ask(`Asking for ${which}`, signal, (sftp, done: Done<undefined>) => { if (which === 'rename') sftp.ext_openssh_rename(nowhere, nowhere, done); else sftp.ext_openssh_fsync(Buffer.alloc(4), done) })
    return true
  } catch (error) {
    if (error instanceof WorkbenchError) throw error
    return statusOf(error) !== undefined && statusOf(error) !== sftpStatus.unsupported
  }
}

function createSftpFs(calls: SftpCalls, base: string, label: string, abilities: DeviceFs['abilities']): DeviceFs {
  const undurable = createUndurable()
  const far = (path: DevicePath): string => (path === '' ? base === '' ? '/' : base : `${base}/${path}`)
  /** None of its folders is a link, so that nothing outside of the root is reached. */
  const placeOf = async (path: DevicePath, signal: AbortSignal): Promise<string> => {
    signal.throwIfAborted()
    if (path === '') return far('')
    if (!isDevicePath(path)) throw new WorkbenchError('device/refused', `"${path.slice(0, 200)}" is no place on a device`)
    const parent = far(parentOf(path))
    const real = await calls.ask<string>('Finding a folder', signal, (sftp, done) => { sftp.realpath(parent, done as (error: Error | undefined, at: string) => void) }).catch((cause: unknown) => { throw sftpProblem(path, cause) })
    if (real !== parent) throw new WorkbenchError('device/refused', `${path} leads through a link`, { context: { path } })
    return far(path)
  }
  const askAt = async <T = undefined>(what: string, path: DevicePath, signal: AbortSignal, start: Parameters<typeof calls.ask<T>>[2]): Promise<T> =>
    calls.ask<T>(what, signal, start).catch((cause: unknown) => { throw sftpProblem(path, cause) })
  const stat = async (path: DevicePath, signal: AbortSignal): Promise<DeviceStat | undefined> => statOf(path, async () => {
    const at = await placeOf(path, signal)
    return askAt<Stats>('Looking at a file', path, signal, (sftp, done) => { sftp.lstat(at, done as (error: Error | undefined, stats: Stats) => void) })
  })
  const demandKind = async (path: DevicePath, kind: DeviceStat['kind'], signal: AbortSignal): Promise<void> => {
    const found = await stat(path, signal)
    if (!found) throw new WorkbenchError('device/not-found', `There is no ${path}`, { context: { path } })
    if (found.kind !== kind) throw new WorkbenchError('device/refused', `${path} is a ${found.kind}, no ${kind}`, { context: { path } })
  }
  const withHandle = async <T>(path: DevicePath, flags: 'r' | 'w' | 'a', mode: number | undefined, signal: AbortSignal, work: (handle: Buffer) => Promise<T>): Promise<T> => {
    const attributes = mode === undefined ? {} : { mode }
    const handle = await askAt<Buffer>('Opening a file', path, signal, (sftp, done) => { sftp.open(far(path), flags, attributes, done as (error: Error | undefined, handle: Buffer) => void) })
    // Closed also when the signal is aborted; the far end has room for a hundred open files.
    const close = async (): Promise<void> => calls.ask('Closing a file', new AbortController().signal, (sftp, done: Done<undefined>) => { sftp.close(handle, done) })
    try {
      const value = await work(handle)
      await close().catch((cause: unknown) => { throw sftpProblem(path, cause) })
      return value
    } catch (error) {
      await close().catch(() => undefined)
      throw error
    }
  }
  const free = async (signal: AbortSignal): Promise<number | undefined> => {
    try {
      const told = await calls.ask<unknown>('Asking for room', signal, (sftp, done) => { sftp.ext_openssh_statvfs(far(''), done) })
      const { f_bavail: blocks, f_frsize: blockBytes } = told as { f_bavail?: unknown; f_frsize?: unknown }
      return typeof blocks === 'number' && typeof blockBytes === 'number' ? blocks * blockBytes : undefined
    } catch (error) {
      if (error instanceof WorkbenchError || signal.aborted) throw error
      return undefined
    }
  }
  /** A plain failure on writing is most often a full disk, and SFTP has no word for it. */
  const roomProblem = async (path: DevicePath, cause: unknown, signal: AbortSignal): Promise<Error> => {
    if (statusOf(cause instanceof WorkbenchError ? cause.cause : cause) !== sftpStatus.failure) return sftpProblem(path, cause)
    const freeBytes = await free(signal).catch(() => undefined)
    return freeBytes !== undefined && freeBytes < 2 * pieceBytes ? new WorkbenchError('device/no-space', `There is no room for ${path}`, { cause, context: { path } }) : sftpProblem(path, cause)
  }
  /** The same of a name that is there already; else a new name may have found no room. */
  const takenProblem = async (path: DevicePath, cause: unknown, signal: AbortSignal): Promise<Error> =>
    (cause instanceof WorkbenchError && cause.code === 'device/refused' && await stat(path, signal) ? new WorkbenchError('device/exists', `${path} is there already`, { cause, context: { path } }) : roomProblem(path, cause, signal))

  const pour = async (handle: Buffer, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, start: number, signal: AbortSignal): Promise<void> => {
    const waiting: Promise<unknown>[] = []
    let position = start
    try {
      for await (const piece of content) {
        for (let at = 0; at < piece.length; at += pieceBytes) {
          const part = Buffer.from(piece.subarray(at, at + pieceBytes))
          const offset = position
          position += part.length
          const written = calls.ask('Writing a file', signal, (sftp, done: Done<undefined>) => { sftp.write(handle, part, 0, part.length, offset, done) })
          written.catch(() => undefined)
          waiting.push(written)
          if (waiting.length >= mostWaiting) await waiting.shift()
        }
      }
      await Promise.all(waiting)
    } finally {
      // None may still be under way when the handle is closed.
      await Promise.allSettled(waiting)
    }
  }

  return {
    label, abilities, stat, free,
    list: async (path, signal) => {
      const at = await placeOf(path, signal)
      await demandKind(path, 'folder', signal)
      const handle = await askAt<Buffer>('Opening a folder', path, signal, (sftp, done) => { sftp.opendir(at, done as (error: Error | undefined, handle: Buffer) => void) })
      const names: string[] = []
      try {
        for (;;) {
          const some = await calls.ask<FileEntryWithStats[] | undefined>('Reading a folder', signal, (sftp, done) => { sftp.readdir(handle, done as (error: Error | undefined, list: FileEntryWithStats[]) => void) }).catch((cause: unknown) => {
            if (statusOf(cause) === sftpStatus.endOfFile) return undefined
            throw sftpProblem(path, cause)
          })
          if (some === undefined || some.length === 0) break
          names.push(...some.map(({ filename }) => filename).filter((name) => name !== '.' && name !== '..' && isDevicePath(name) && !name.includes('/')))
          if (names.length > mostNames) throw new WorkbenchError('device/too-much-output', `${path} holds more than ${mostNames} names`, { context: { path } })
        }
      } finally {
        await calls.ask('Closing a folder', new AbortController().signal, (sftp, done: Done<undefined>) => { sftp.close(handle, done) }).catch(() => undefined)
      }
      return names.sort(byCodePoint)
    },
    read: async function* read(path, signal, offset = 0) {
      await placeOf(path, signal)
      await demandKind(path, 'file', signal)
      const handle = await askAt<Buffer>('Opening a file', path, signal, (sftp, done) => { sftp.open(far(path), 'r', done as (error: Error | undefined, handle: Buffer) => void) })
      try {
        for (let position = offset; ;) {
          const at = position
          const buffer = Buffer.alloc(pieceBytes)
          const bytes = await calls.ask<number>('Reading a file', signal, (sftp, done) => { sftp.read(handle, buffer, 0, pieceBytes, at, (error, count) => { done(error, count) }) }).catch((cause: unknown) => {
            if (statusOf(cause) === sftpStatus.endOfFile) return 0
            throw sftpProblem(path, cause)
          })
          if (bytes === 0) return
          position += bytes
          yield new Uint8Array(buffer.subarray(0, bytes))
        }
      } finally {
        await calls.ask('Closing a file', new AbortController().signal, (sftp, done: Done<undefined>) => { sftp.close(handle, done) }).catch(() => undefined)
      }
    },
    write: async (path, content, signal, more = {}) => {
      await placeOf(path, signal)
      const found = await stat(path, signal)
      if (found && found.kind !== 'file') throw new WorkbenchError('device/refused', `${path} is a ${found.kind}`, { context: { path } })
      const isAppending = more.append === true
      undurable.content(path)
      try {
        await withHandle(path, isAppending ? 'a' : 'w', more.mode, signal, async (handle) => pour(handle, content, isAppending ? found?.size ?? 0 : 0, signal))
        if (more.mode !== undefined) await askAt('Setting the mode', path, signal, (sftp, done: Done<undefined>) => { sftp.chmod(far(path), (more.mode ?? 0) & 0o7777, done) })
      } catch (cause) {
        throw await roomProblem(path, cause, signal)
      }
    },
    rename: async (from, to, signal) => {
      const [one, other] = [await placeOf(from, signal), await placeOf(to, signal)]
      const [source, target] = [await stat(from, signal), await stat(to, signal)]
      if (!source) throw new WorkbenchError('device/not-found', `There is no ${from}`, { context: { path: from } })
      if (target && (target.kind === 'folder' || source.kind === 'folder')) throw new WorkbenchError('device/refused', `${to} is in the way`, { context: { path: to } })
      if (target && !abilities.replaces) throw new WorkbenchError('device/exists', `${to} is there already`, { context: { path: to } })
      await askAt('Renaming a file', from, signal, (sftp, done: Done<undefined>) => { if (abilities.replaces) sftp.ext_openssh_rename(one, other, done); else sftp.rename(one, other, done) }).catch(async (cause: unknown) => { throw await roomProblem(from, cause, signal) })
      undurable.moved(from, to)
    },
    remove: async (path, signal) => {
      if (path === '') throw new WorkbenchError('device/refused', 'The root cannot be removed')
      const at = await placeOf(path, signal)
      const isFolder = (await stat(path, signal))?.kind === 'folder'
      await askAt('Removing a file', path, signal, (sftp, done: Done<undefined>) => { if (isFolder) sftp.rmdir(at, done); else sftp.unlink(at, done) })
      undurable.gone(path)
    },
    mkdir: async (path, signal) => {
      const at = await placeOf(path, signal)
      await askAt('Making a folder', path, signal, (sftp, done: Done<undefined>) => { sftp.mkdir(at, { mode: 0o755 } as Attributes, done) }).catch(async (cause: unknown) => { throw await takenProblem(path, cause, signal) })
      undurable.content(path)
    },
    readlink: async (path, signal) => {
      const at = await placeOf(path, signal)
      return askAt<string>('Reading a link', path, signal, (sftp, done) => { sftp.readlink(at, done as (error: Error | undefined, target: string) => void) })
    },
    symlink: async (target, path, signal) => {
      const at = await placeOf(path, signal)
      await askAt('Making a link', path, signal, (sftp, done: Done<undefined>) => { sftp.symlink(target, at, done) }).catch(async (cause: unknown) => { throw await takenProblem(path, cause, signal) })
      undurable.name(path)
    },
    chmod: async (path, mode, signal) => {
      const at = await placeOf(path, signal)
      if ((await stat(path, signal))?.kind === 'link') throw new WorkbenchError('device/refused', `${path} is a link`, { context: { path } })
      await askAt('Setting the mode', path, signal, (sftp, done: Done<undefined>) => { sftp.chmod(at, mode & 0o7777, done) })
    },
    sync: async (path, signal) => {
      for (const each of path === undefined ? undurable.paths() : [path]) {
        await placeOf(each, signal)
        const isThere = await stat(each, signal) !== undefined
        if (!isThere && path !== undefined) throw new WorkbenchError('device/not-found', `There is no ${each}`, { context: { path: each } })
        // What somebody else took away meanwhile has nothing left to keep.
        if (!isThere) { undurable.gone(each); continue }
        // A folder opens as a file does, and its fsync makes its names durable.
        if (abilities.syncs) await withHandle(each, 'r', undefined, signal, async (handle) => askAt('Syncing a file', each, signal, (sftp, done: Done<undefined>) => { sftp.ext_openssh_fsync(handle, done) }))
        undurable.synced(each)
      }
    },
  }
}
