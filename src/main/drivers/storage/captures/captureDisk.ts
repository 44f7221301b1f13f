import { type FileHandle, open, rm, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolders } from '../../files/makeFolders.ts'

/** The little that captures need of a disk; a test gives one that fills up. */
export interface CaptureDisk {
  freeBytes(folder: string): Promise<number>
  /** Fails when the file is there already. Makes its folder. */
  create(path: string): Promise<CaptureFile>
  remove(path: string): Promise<void>
}
export interface CaptureFile {
  /** All of it at that place, or an error; after an error the same place can be written again. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>
  close(): Promise<void>
}

/** More pieces than this are an error of the system call on Linux. */
const mostPieces = 512

export const createCaptureDisk = (): CaptureDisk => ({
  freeBytes: async (folder) => { const { bavail, bsize } = await statfs(folder); return bavail * bsize },
  create: async (path) => {
    await makeFolders(dirname(path), 0o700)
    // Consoles show passwords now and then, so their captures are for this user alone.
    const handle = await open(path, 'wx', 0o600)
    return { write: async (parts, position) => writeAll(handle, parts, position), close: async () => handle.close() }
  },
  remove: async (path) => rm(path, { force: true }),
})

async function writeAll(handle: FileHandle, parts: readonly Uint8Array[], position: number): Promise<void> {
  let at = position
  for (let first = 0; first < parts.length; first += mostPieces) {
    const some = parts.slice(first, first + mostPieces)
    const wanted = some.reduce((sum, part) => sum + part.length, 0)
    const { bytesWritten } = await handle.writev(some, at)
    if (bytesWritten < wanted) await writeRest(handle, Buffer.concat(some).subarray(bytesWritten), at + bytesWritten)
    at += wanted
  }
}

/** A disk that fills up in the middle takes what it can, and says so at the next attempt only. */
async function writeRest(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  const { bytesWritten } = await handle.write(bytes, 0, bytes.length, position)
  if (bytesWritten < bytes.length) throw Object.assign(new Error('only a part could be written'), { code: 'ENOSPC' })
}
