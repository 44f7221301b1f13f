import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'

/** The old file or the new one, whenever the power goes: content first, then its name. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx', 0o644)
    try { await file.writeFile(bytes); await file.sync() } finally { await file.close() }
    await rename(temporary, path)
    const folder = await open(dirname(path), 'r')
    try { await folder.sync() } finally { await folder.close() }
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined)
    const isFull = ['ENOSPC', 'EDQUOT'].includes(errnoOf(cause) ?? '')
    throw new WorkbenchError(isFull ? 'host/disk-full' : 'host/io', `${path} cannot be written: ${isFull ? 'the disk is full' : reasonOf(cause)}`, { cause, hint: isFull ? 'Make room, and try again' : 'Is its folder there, and may this user write in it?' })
  }
}
