import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeFoldersSync } from '../files/makeFolders.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { reasonOf } from '../errors/reasonOf.ts'

/** SQLite's primary result codes of a file that another connection has. */
const busy = new Set([5, 6])

/**
 * One agent for one state file: two would each do the same command once. It is a lock of the operating system, which ends with its
 * process however that ends; Node has none of its own, so it is SQLite's, on an empty file beside the state.
 */
export function lockAgentState(path: string): { release(): void } {
  const file = `${path}.lock`
  let database: DatabaseSync | undefined
  try {
    makeFoldersSync(dirname(file), 0o700)
    database = new DatabaseSync(file, { timeout: 0 })
    database.exec('BEGIN EXCLUSIVE')
    const held = database
    return { release: () => { held.close() } }
  } catch (cause) {
    database?.close()
    if (cause instanceof Error && 'errcode' in cause && typeof cause.errcode === 'number' && busy.has(cause.errcode & 0xff)) {
      throw new WorkbenchError('input/conflict', `Another agent works with ${path}`, { cause, hint: 'End that one first, or give this screen a file of its own with --state' })
    }
    throw new WorkbenchError('host/io', `${file} cannot be locked: ${reasonOf(cause)}`, { cause, hint: 'Without it this screen could do a command twice' })
  }
}
