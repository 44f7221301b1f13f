import { chmod, lstat, mkdir, open, readdir, readlink, realpath, rename, rm, rmdir, statfs, symlink } from 'node:fs/promises'
import { constants } from 'node:fs'
import { join } from 'node:path'
import type { DeviceFs, DevicePath, DeviceStat } from '../../../shared/devices/deviceFs.ts'
import { foldersAbove, isDevicePath } from '../../../shared/devices/devicePath.ts'
import { type ErrorCode, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'

const codes: Readonly<Record<string, ErrorCode>> = { ENOENT: 'device/not-found', EEXIST: 'device/exists', ENOSPC: 'device/no-space', EDQUOT: 'device/no-space' }
const pieceBytes = 64 * 1024

/** The tree of this very computer that an updater looks after. Links are never followed, so nothing outside of it is reached. */
export async function openRootFolder(given: string): Promise<DeviceFs> {
  const root = await told(given, realpath(given))
  const at = async (path: DevicePath, signal: AbortSignal): Promise<string> => {
    signal.throwIfAborted()
    if (path !== '' && !isDevicePath(path)) throw new WorkbenchError('device/refused', `${JSON.stringify(path.slice(0, 100))} is no place below ${root}`)
    for (const folder of foldersAbove(path)) {
      const facts = await lstat(join(root, folder)).catch(() => undefined)
      if (facts?.isSymbolicLink() === true) throw new WorkbenchError('device/refused', `${folder} is a link and is not followed`, { context: { path } })
    }
    return join(root, path)
  }
  return {
    label: root, abilities: { replaces: true, links: true, modes: true, syncs: true },
    stat: async (path, signal) => statOf(await at(path, signal)),
    list: async (path, signal) => (await told(path, readdir(await at(path, signal)))).sort(),
    read: async function* (path, signal, offset = 0) {
      const file = await told(path, open(await at(path, signal), constants.O_RDONLY | constants.O_NOFOLLOW))
      try {
        for (let from = offset; ;) {
          signal.throwIfAborted()
          const { bytesRead, buffer } = await told(path, file.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, from))
          if (bytesRead === 0) return
          from += bytesRead
          yield buffer.subarray(0, bytesRead)
        }
      } finally { await file.close() }
    },
    write: async (path, content, signal, options = {}) => {
      const how = options.append === true ? constants.O_APPEND : constants.O_TRUNC
      const file = await told(path, open(await at(path, signal), constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | how, options.mode ?? 0o644))
      try {
        for await (const piece of content) {
          signal.throwIfAborted()
          for (let done = 0; done < piece.length;) done += (await told(path, file.write(piece, done))).bytesWritten
        }
      } finally { await file.close() }
    },
    rename: async (from, to, signal) => told(to, rename(await at(from, signal), await at(to, signal))),
    remove: async (path, signal) => {
      const whole = await at(path, signal)
      await told(path, (await told(path, lstat(whole))).isDirectory() ? rmdir(whole) : rm(whole))
    },
    mkdir: async (path, signal) => { await told(path, mkdir(await at(path, signal), 0o755)) },
    readlink: async (path, signal) => told(path, readlink(await at(path, signal))),
    symlink: async (target, path, signal) => told(path, symlink(target, await at(path, signal))),
    chmod: async (path, mode, signal) => {
      const whole = await at(path, signal)
      // Of a link it would be its target's.
      if ((await told(path, lstat(whole))).isSymbolicLink()) throw new WorkbenchError('device/refused', `${path} is a link`)
      await told(path, chmod(whole, mode))
    },
    sync: async (path, signal) => {
      const file = await told(path ?? root, open(await at(path ?? '', signal), constants.O_RDONLY | constants.O_NOFOLLOW))
      try { await told(path ?? root, file.sync()) } finally { await file.close() }
    },
    free: async () => { const facts = await told(root, statfs(root)); return facts.bavail * facts.bsize },
  }
}

async function statOf(path: string): Promise<DeviceStat | undefined> {
  const facts = await lstat(path).catch((error: unknown) => {
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  })
  if (!facts) return undefined
  if (!facts.isFile() && !facts.isDirectory() && !facts.isSymbolicLink()) throw new WorkbenchError('device/refused', `${path} is neither file nor folder nor link`)
  return { kind: facts.isSymbolicLink() ? 'link' : facts.isDirectory() ? 'folder' : 'file', size: facts.isFile() ? facts.size : 0, mode: facts.mode & 0o7777 }
}

async function told<T>(path: string, work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw new WorkbenchError(codes[errnoOf(cause) ?? ''] ?? 'device/refused', `${path}: ${reasonOf(cause)}`, { cause, context: { path } })
  })
}
