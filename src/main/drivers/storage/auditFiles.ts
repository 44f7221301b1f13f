import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolders } from '../files/makeFolders.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** As many records of one switch in one second as anybody will make. */
const mostTries = 20

/** Keeps a record under the name of its switch and the time; never overwrites one. Readable by this user only. */
export async function writeAuditFile(folder: string, host: string, wallMs: number, text: string): Promise<string> {
  const stamp = new Date(wallMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
  const name = `${host.replaceAll(/[^A-Za-z0-9.-]/g, '_').replace(/^\.+/, '_').slice(0, 100)}-${stamp}`
  try {
    await makeFolders(folder, 0o700)
    for (let number = 1; number <= mostTries; number += 1) {
      const path = join(folder, `${name}${number === 1 ? '' : `-${number}`}.rsc`)
      try {
        await writeFile(path, text, { flag: 'wx', mode: 0o600, flush: true })
        return path
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      }
    }
  } catch (cause) {
    throw new WorkbenchError('host/io', `The record cannot be written to ${folder}`, { cause, hint: 'Is the disk full, or the folder read-only?' })
  }
  throw new WorkbenchError('input/conflict', `There are ${mostTries} records of ${host} of this second already`)
}
