import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolders } from '../files/makeFolders.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'

/** Replaced whole, by rename: a power cut or a second program leaves the old file or the new one, never a piece. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.${randomBytes(4).toString('hex')}.new`
  try {
    await makeFolders(dirname(path), 0o700)
    const file = await open(beside, 'wx', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => undefined)
    const isFull = errnoOf(cause) === 'ENOSPC'
    throw new WorkbenchError(isFull ? 'host/disk-full' : 'host/io', `${path} cannot be written: ${isFull ? 'the disk is full' : reasonOf(cause)}`, { cause })
  }
}

/** `undefined` when it is not there. `input/not-supported`, `input/too-large`, `host/no-permission`, `host/io`. */
export async function readWhole(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    // O_NONBLOCK: a fifo of that name would hang the open. Windows does not know it.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      const facts = await file.stat()
      if (!facts.isFile()) throw new WorkbenchError('input/not-supported', `${path} is not a plain file`)
      if (facts.size > maxBytes) throw new WorkbenchError('input/too-large', `${path} has ${facts.size} bytes, more than ${maxBytes}`, { context: { sizeBytes: facts.size } })
      const bytes = await file.readFile()
      if (bytes.length > maxBytes) throw new WorkbenchError('input/too-large', `${path} grows while it is read`)
      return bytes
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof WorkbenchError) throw error
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    const why = reasonOf(error)
    throw new WorkbenchError(why === 'no permission' ? 'host/no-permission' : 'host/io', `${path} cannot be read: ${why}`, { cause: error })
  }
}
