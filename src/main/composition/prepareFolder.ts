import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { reasonOf } from '../drivers/errors/reasonOf.ts'
import { makeFoldersSync } from '../drivers/files/makeFolders.ts'

/** The folder that everything is kept in, for nobody else's eyes. */
export function prepareFolder(folder: string): void {
  try {
    makeFoldersSync(folder, 0o700)
  } catch (cause) {
    throw new WorkbenchError('host/io', `The data folder ${folder} cannot be made: ${reasonOf(cause)}`, { cause, hint: 'Choose another with --data' })
  }
}
