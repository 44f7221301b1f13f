import { byCodePoint } from '../../../shared/devices/devicePath.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { checkNoCollisions, isOwn, targetPath } from './paths.ts'

/** What a release takes when nobody says anything: the updater and the program. */
const usual = ['ota.py', 'main.py']
const neverGlobs = ['.git*', '.ota_*', '__pycache__', '*.pyc', '*.pyo']

export interface FileChoice {
  readonly include?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  /** The text of a list file: one path a line; blank lines and lines that begin with # are skipped. */
  readonly fileList?: string | undefined
  /** Left out wherever it lies. */
  readonly manifestPath?: string | undefined
}

/** Sorted. What is asked for by name and is not there, or could never be taken by a board, is an error; what a pattern passes over is not. */
export function chooseFiles(all: readonly string[], choice: FileChoice): string[] {
  const listed = choice.fileList?.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
  const include = choice.include ?? []
  const there = new Set(all)
  for (const path of listed ?? []) {
    targetPath(path)
    if (!there.has(path)) throw new WorkbenchError('input/not-found', `${path} is in the list of files but not in the folder`, { context: { path } })
  }
  const wanted = listed === undefined && include.length === 0
    ? (path: string): boolean => usual.includes(path)
    : (path: string): boolean => listed?.includes(path) === true || include.some((glob) => matchesGlob(path, glob))
  const left = [...neverGlobs, ...choice.exclude ?? []]
  const chosen = all.filter((path) => wanted(path) && path !== choice.manifestPath && !isOwn(path) && !left.some((glob) => matchesGlob(path, glob)) && !path.split('/').some((part) => part.startsWith('.')))
  for (const path of chosen) targetPath(path)
  checkNoCollisions(chosen)
  return chosen.sort(byCodePoint)
}

/**
 * `*` and `?` stay within one part, `**` stands for any number of parts. A pattern without a slash fits any part of a path,
 * so that `*.pyc` and `__pycache__` mean what everybody expects.
 */
export function matchesGlob(path: string, glob: string): boolean {
  const parts = path.split('/')
  if (!glob.includes('/')) return glob === '**' || parts.some((part) => matchesPart(part, glob))
  return matchesList(parts, glob.replaceAll(/^\/+|\/+$/g, '').split('/'), '**', matchesPart)
}

const matchesPart = (part: string, glob: string): boolean => matchesList([...part], [...glob], '*', (letter, pattern) => pattern === '?' || letter === pattern)

/** One star is remembered at a time, so that no pattern takes longer than the product of both lengths. */
function matchesList(items: readonly string[], patterns: readonly string[], star: string, fits: (item: string, pattern: string) => boolean): boolean {
  let item = 0
  let pattern = 0
  let starAt = -1
  let retryFrom = 0
  while (item < items.length) {
    const here = patterns[pattern]
    if (here === star) { starAt = pattern; retryFrom = item; pattern += 1 } else if (here !== undefined && fits(items[item] ?? '', here)) { item += 1; pattern += 1 } else if (starAt >= 0) { retryFrom += 1; item = retryFrom; pattern = starAt + 1 } else return false
  }
  while (patterns[pattern] === star) pattern += 1
  return pattern === patterns.length
}
