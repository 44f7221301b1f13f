import { mkdirSync, statSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { errnoOf } from '../errors/reasonOf.ts'

const anyMode = 0o777

/** Node's own recursive mkdir never ends below /proc, where a folder exists and nothing can be made in it. This one tries each folder of the path twice at most. */
export async function makeFolders(path: string, mode = anyMode): Promise<void> {
  const missing: string[] = []
  for (let at = resolve(path); !await mkdir(at, mode).then(() => true, async (error: unknown) => isThere(error, at, missing, (await stat(at).catch(() => undefined))?.isDirectory())); at = dirname(at));
  for (const at of missing.reverse()) {
    await mkdir(at, mode).catch(async (error: unknown) => { settle(error, at, (await stat(at).catch(() => undefined))?.isDirectory()) })
  }
}

export function makeFoldersSync(path: string, mode = anyMode): void {
  const missing: string[] = []
  const isFolder = (at: string): boolean | undefined => statSync(at, { throwIfNoEntry: false })?.isDirectory()
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      mkdirSync(at, mode)
      break
    } catch (error) {
      if (isThere(error, at, missing, isFolder(at))) break
    }
  }
  for (const at of missing.reverse()) {
    try {
      mkdirSync(at, mode)
    } catch (error) {
      settle(error, at, isFolder(at))
    }
  }
}

/** False: its parent has to be made first. */
function isThere(cause: unknown, at: string, missing: string[], isFolder: boolean | undefined): boolean {
  if (isFolder === true) return true
  if (errnoOf(cause) !== 'ENOENT' || dirname(at) === at) throw asError(cause)
  missing.push(at)
  return false
}

/** Its parent is there; somebody else may have made it meanwhile. */
function settle(cause: unknown, at: string, isFolder: boolean | undefined): void {
  if (isFolder === true) return
  if (errnoOf(cause) !== 'ENOENT') throw asError(cause)
  throw Object.assign(new Error(`${dirname(at)} takes no folders`, { cause }), { code: 'ENOFOLDERS' })
}

const asError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)))
