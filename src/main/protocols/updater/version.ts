/** Three numbers; text would put 1.10.0 before 1.2.0. */
export type VersionNumbers = readonly [number, number, number]

/** `undefined` for everything that is not three numbers with dots between, of at most nine digits each. */
export function versionNumbers(text: string): VersionNumbers | undefined {
  const found = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/.exec(text)
  return found ? [Number(found[1]), Number(found[2]), Number(found[3])] : undefined
}

/** Older first; what is no version comes after all that are, by its text. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionNumbers(a), versionNumbers(b)]
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0
  for (const at of [0, 1, 2] as const) if (left[at] !== right[at]) return left[at] - right[at]
  // 1.01.0 and 1.1.0 are the same release under two names.
  return a < b ? -1 : a > b ? 1 : 0
}

/** The folder of a version; also of one that was made by hand and lacks the v. */
export const folderOfVersion = (version: string): string => `v${version}`
export const versionOfFolder = (folder: string): string | undefined => (folder.startsWith('v') && versionNumbers(folder.slice(1)) ? folder.slice(1) : undefined)
