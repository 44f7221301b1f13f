import { isDevicePath, isWithin } from '../../../shared/devices/devicePath.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** What the updater itself keeps on a board. Compared without case, because FAT does. */
export const mpyPlaces = {
  version: 'version.json', errors: 'ota_error.json', health: 'ota_health.json', lastCheck: 'ota_last_check.json',
  journal: '.ota_txn.json', stage: '.ota_stage', backup: '.ota_backup',
} as const
const own: readonly string[] = Object.values(mpyPlaces)

export const unsafePath = (path: string, why: string): WorkbenchError => new WorkbenchError('input/malformed', `The path ${shown(path)} is refused: ${why}`, {
  context: { reason: 'PATH_REFUSED', path: path.slice(0, 200) }, hint: 'Nothing was changed on the board. Make the release again; if it came from elsewhere, do not trust its source',
})
const shown = (path: string): string => JSON.stringify(path.slice(0, 120))

/** The same text, when it names one place below the root and nothing else; an error with the reason otherwise. */
export function normalisePath(path: string): string {
  if (path.startsWith('/')) throw unsafePath(path, 'it begins at the root')
  if (/^[A-Za-z]:/.test(path)) throw unsafePath(path, 'it names a drive')
  if (!isDevicePath(path)) throw unsafePath(path, 'it is empty, or has an empty part, ".", "..", a backslash, a control character or a part that is too long')
  return path
}

/** Where an update may put a file, or take one away. */
export function targetPath(path: string): string {
  const normal = normalisePath(path)
  if (normal.split('/').some((part) => part.startsWith('.'))) throw unsafePath(path, 'it is hidden')
  if (isOwn(normal)) throw unsafePath(path, 'it belongs to the updater')
  return normal
}

export const isOwn = (path: string): boolean => own.some((each) => isWithin(path.toLowerCase(), each) || path.toLowerCase() === `${each}.tmp`)

export interface PathFilter {
  readonly allow: readonly string[]
  readonly ignore: readonly string[]
}

const entries = (list: readonly string[]): string[] => list.map((each) => each.replaceAll(/^\/+|\/+$/g, '')).filter((each) => each !== '')

/** Entries are folders or files, not patterns; what is ignored is not permitted, whatever else allows it. */
export function isPermitted(path: string, { allow, ignore }: PathFilter): boolean {
  const allowed = entries(allow)
  return (allowed.length === 0 || allowed.some((each) => isWithin(path, each))) && !entries(ignore).some((each) => isWithin(path, each))
}

/** Two names for one file on a board that knows no case, or a file where another wants a folder. */
export function checkNoCollisions(paths: readonly string[]): void {
  const seen = new Map<string, string>()
  for (const path of paths) {
    const key = path.normalize('NFC').toLowerCase()
    const other = seen.get(key)
    if (other !== undefined) throw unsafePath(path, other === path ? 'it is named twice' : `on this board it is the same file as ${shown(other)}`)
    seen.set(key, path)
  }
  for (const [key, path] of seen) {
    for (let at = key.indexOf('/'); at > 0; at = key.indexOf('/', at + 1)) {
      const above = seen.get(key.slice(0, at))
      if (above !== undefined) throw unsafePath(path, `${shown(above)} is a file and cannot be its folder`)
    }
  }
}
