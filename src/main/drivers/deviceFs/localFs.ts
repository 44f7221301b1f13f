import { constants } from 'node:fs'
import { chmod, type FileHandle, lstat, mkdir, open, readdir, readlink, realpath, rename, rmdir, statfs, symlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import type { DeviceFs, DevicePath, DeviceStat } from '../../../shared/devices/deviceFs.ts'
import { byCodePoint, isDevicePath, parentOf } from '../../../shared/devices/devicePath.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { statOf } from './statOf.ts'
import { createUndurable } from './undurable.ts'

const pieceBytes = 64 * 1024
const isWindows = process.platform === 'win32'

/** A folder of this computer as a device: an appliance's own tree, or a board's files on a desk. It must exist. */
export async function openLocalFs(folder: string): Promise<DeviceFs> {
  const root = await realpath(folder).catch((cause: unknown) => { throw problem('', cause) })
  const undurable = createUndurable()

  /** The place itself is not followed by what is done with it; that none of its folders is a link is seen here. */
  const placeOf = async (path: DevicePath, signal: AbortSignal): Promise<string> => {
    signal.throwIfAborted()
    if (path === '') return root
    if (!isDevicePath(path)) throw new WorkbenchError('device/refused', `"${path.slice(0, 200)}" is no place on a device`)
    const parent = join(root, parentOf(path))
    const real = await realpath(parent).catch((cause: unknown) => { throw problem(path, cause) })
    if (real !== parent) throw new WorkbenchError('device/refused', `${path} leads through a link`, { context: { path } })
    return join(root, path)
  }
  const at = async <T>(path: DevicePath, signal: AbortSignal, work: (place: string) => Promise<T>): Promise<T> => {
    const place = await placeOf(path, signal)
    try {
      return await work(place)
    } catch (cause) {
      throw problem(path, cause)
    }
  }
  const stat = async (path: DevicePath, signal: AbortSignal): Promise<DeviceStat | undefined> => statOf(path, async () => at(path, signal, async (place) => lstat(place)))
  const syncOne = async (path: DevicePath, signal: AbortSignal): Promise<void> => {
    await at(path, signal, async (place) => {
      // Windows keeps its folders by itself, and opens none.
      if (isWindows && (await lstat(place)).isDirectory()) return
      const handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW)
      try { await handle.sync() } finally { await handle.close() }
    })
    undurable.synced(path)
  }

  return {
    label: folder,
    abilities: { replaces: true, links: true, modes: !isWindows, syncs: true },
    stat,
    list: async (path, signal) => at(path, signal, async (place) => {
      if (!(await lstat(place)).isDirectory()) throw new WorkbenchError('device/refused', `${path} is no folder`, { context: { path } })
      return (await readdir(place)).sort(byCodePoint)
    }),
    read: async function* read(path, signal, offset = 0) {
      const handle = await at(path, signal, openFile)
      try {
        for (let position = offset; ;) {
          signal.throwIfAborted()
          const { buffer, bytesRead } = await handle.read(new Uint8Array(pieceBytes), 0, pieceBytes, position).catch((cause: unknown) => { throw problem(path, cause) })
          if (bytesRead === 0) return
          position += bytesRead
          yield buffer.subarray(0, bytesRead)
        }
      } finally {
        await handle.close()
      }
    },
    write: async (path, content, signal, more = {}) => at(path, signal, async (place) => {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK | (more.append === true ? constants.O_APPEND : constants.O_TRUNC)
      const handle = await open(place, flags, 0o644)
      undurable.content(path)
      try {
        for await (const piece of content) { signal.throwIfAborted(); await writeAll(handle, piece) }
        if (more.mode !== undefined) await handle.chmod(more.mode & 0o7777)
      } finally {
        await handle.close()
      }
    }),
    rename: async (from, to, signal) => {
      const target = await placeOf(to, signal)
      await at(from, signal, async (place) => {
        // The system would put a folder over an empty one.
        const [one, other] = [await lstat(place), await lstat(target).catch(() => undefined)]
        if (other && (other.isDirectory() || one.isDirectory())) throw new WorkbenchError('device/refused', `${to} is in the way`, { context: { path: to } })
        await rename(place, target)
      })
      undurable.moved(from, to)
    },
    remove: async (path, signal) => {
      if (path === '') throw new WorkbenchError('device/refused', 'The root cannot be removed')
      await at(path, signal, async (place) => ((await lstat(place)).isDirectory() ? rmdir(place) : unlink(place)))
      undurable.gone(path)
    },
    mkdir: async (path, signal) => { await at(path, signal, async (place) => mkdir(place, 0o755)); undurable.content(path) },
    readlink: async (path, signal) => at(path, signal, async (place) => readlink(place)),
    symlink: async (target, path, signal) => { await at(path, signal, async (place) => symlink(target, place)); undurable.name(path) },
    chmod: async (path, mode, signal) => at(path, signal, async (place) => {
      if ((await lstat(place)).isSymbolicLink()) throw new WorkbenchError('device/refused', `${path} is a link`, { context: { path } })
      await chmod(place, mode & 0o7777)
    }),
    sync: async (path, signal) => {
      if (path !== undefined) { await syncOne(path, signal); return }
      for (const each of undurable.paths()) {
        // What somebody else took away meanwhile has nothing left to keep.
        if (await stat(each, signal)) await syncOne(each, signal)
        else undurable.gone(each)
      }
    },
    free: async (signal) => at('', signal, async (place) => { const { bavail, bsize } = await statfs(place); return bavail * bsize }),
  }
}

/** A pipe in its place would keep the reader for ever. */
async function openFile(place: string): Promise<FileHandle> {
  const handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw Object.assign(new Error('it is no file'), { code: 'EISDIR' })
}

/** A disk that fills up in the middle takes what it can, and says so at the next attempt only. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten
}

function problem(path: DevicePath, cause: unknown): Error {
  const code = errnoOf(cause)
  // What the caller threw himself, a cancel for instance, is his.
  if (cause instanceof Error && (cause instanceof WorkbenchError || code === undefined || !('code' in cause))) return cause
  const name = path === '' ? 'The root' : path
  const more = { cause, context: { path } }
  if (code === undefined) return new WorkbenchError('device/refused', `${name} cannot be used`, more)
  if (code === 'ENOENT' || code === 'ENOTDIR') return new WorkbenchError('device/not-found', `There is no ${path}`, more)
  if (code === 'EEXIST') return new WorkbenchError('device/exists', `${name} is there already`, more)
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) return new WorkbenchError('device/no-space', `There is no room for ${path}`, more)
  return new WorkbenchError('device/refused', `${name} cannot be used: ${reasonOf(cause)}`, more)
}
