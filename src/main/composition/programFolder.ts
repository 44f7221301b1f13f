import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of the program, which has its package.json: a file of it knows where it lies, but not how deep once it is built. */
export function programFolder(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) if (existsSync(join(folder, 'package.json')) || dirname(folder) === folder) return folder
}
