import { constants } from 'node:fs'
import { lstat, open, readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { byCodePoint, isDevicePath } from '../../../shared/devices/devicePath.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { maxBoardFileBytes } from '../../../shared/ota/mpyManifest.schema.ts'
import { reasonOf } from '../errors/reasonOf.ts'

const mostFiles = 20_000
const deepest = 32

/** Paths of the files below a folder, sorted. Links are not followed: a release holds files, and what is none, or has an impossible name, is told to `other` alone. */
export async function listReleaseFiles(folder: string, signal: AbortSignal, other: (path: string) => void = () => undefined): Promise<string[]> {
  const found: string[] = []
  const visit = async (below: string, depth: number): Promise<void> => {
    signal.throwIfAborted()
    if (depth > deepest) throw tooMany(folder, `folders deeper than ${deepest}`)
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`
      if (!isDevicePath(path)) other(path)
      else if (entry.isDirectory()) await visit(path, depth + 1)
      else if (!entry.isFile()) other(path)
      else if (found.push(path) > mostFiles) throw tooMany(folder, `more than ${mostFiles} files`)
    }
  }
  try {
    await visit('', 0)
  } catch (error) {
    if (error instanceof WorkbenchError) throw error
    signal.throwIfAborted()
    throw new WorkbenchError('input/not-found', `The folder ${folder} cannot be read: ${reasonOf(error)}`, { cause: error, hint: 'Name the folder that holds the files' })
  }
  return found.sort(byCodePoint)
}
const tooMany = (folder: string, what: string): WorkbenchError => new WorkbenchError('input/too-large', `${folder} holds ${what}`, { hint: 'Is this the folder of a release?' })

/** The file itself, below the folder and nowhere else; `undefined` when there is none. */
export async function readReleaseFile(folder: string, path: string): Promise<Uint8Array | undefined> {
  if (!isDevicePath(path)) return undefined
  const whole = join(folder, path)
  // A folder on the way that is a link would lead out of it.
  const real = await realpath(whole).catch(() => undefined)
  if (real === undefined || real !== join(await realpath(folder), path)) return undefined
  if (!(await lstat(whole)).isFile()) return undefined
  const file = await open(whole, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const { size } = await file.stat()
    if (size > maxBoardFileBytes) throw new WorkbenchError('input/too-large', `${path} has ${size} bytes; no board holds that`, { context: { lengthBytes: size, limitBytes: maxBoardFileBytes } })
    return new Uint8Array(await file.readFile())
  } finally {
    await file.close()
  }
}
