import type { DevicePath } from './deviceFs.ts'

/** As Linux and FAT have it. */
const mostPartBytes = 255
const mostPathLetters = 1024

/** Whether this text may stand where a `DevicePath` is wanted; the root, which is the empty text, may not. */
export function isDevicePath(text: string): boolean {
  if (text === '' || text.length > mostPathLetters) return false
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\x00-\x1f\x7f\\]/.test(text)) return false
  return text.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && new TextEncoder().encode(part).length <= mostPartBytes)
}

/** Of a path with one part it is the root. */
export const parentOf = (path: DevicePath): DevicePath => path.slice(0, Math.max(0, path.lastIndexOf('/')))

export const nameOf = (path: DevicePath): string => path.slice(path.lastIndexOf('/') + 1)

export const joined = (folder: DevicePath, name: string): DevicePath => (folder === '' ? name : `${folder}/${name}`)

/** The path itself, or something below it. */
export const isWithin = (path: DevicePath, folder: DevicePath): boolean => folder === '' || path === folder || path.startsWith(`${folder}/`)

/** Every folder above it, the outermost first, without the root. */
export function foldersAbove(path: DevicePath): DevicePath[] {
  const above: DevicePath[] = []
  for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) above.push(path.slice(0, at))
  return above
}

/** By code point, as `DeviceFs.list` sorts; JavaScript's own order is that of UTF-16. */
export function byCodePoint(a: string, b: string): number {
  const [one, other] = [[...a], [...b]]
  for (let index = 0; index < Math.min(one.length, other.length); index += 1) {
    const difference = (one[index]?.codePointAt(0) ?? 0) - (other[index]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return one.length - other.length
}
