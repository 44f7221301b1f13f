import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** Whether a program would be found by its name, without running it. */
export async function isOnPath(program: string, path = process.env['PATH'] ?? '', platform: string = process.platform): Promise<boolean> {
  const names = platform === 'win32' ? [`${program}.exe`] : [program]
  for (const folder of path.split(delimiter).filter(Boolean)) {
    for (const name of names) if (await access(join(folder, name), constants.X_OK).then(() => true, () => false)) return true
  }
  return false
}
