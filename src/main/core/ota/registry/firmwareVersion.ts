import { firmwareVersionSchema, maxVersionLength } from '../../../../shared/ota/registry.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'

/** Of a file's name without its ending: the first run of digits and dots with a dot in it, and a suffix behind a hyphen. */
export function versionOfStem(stem: string): string | undefined {
  const found = /(\d+(?:\.\d+)+)\.*(-[A-Za-z0-9.-]+)?/.exec(stem.slice(0, 255))
  if (!found) return undefined
  const version = `${found[1] ?? ''}${found[2] ?? ''}`
  return version.length <= maxVersionLength ? version : undefined
}

/** What somebody who uploads calls it. The exact words stay where they begin with a number; else it is read as the name of a file would be. */
export function versionOfUpload(given: string): string {
  const malformed = (why: string): WorkbenchError => new WorkbenchError('input/malformed', why, { hint: `As in 0.8.0 or 0.8.0-rc1: letters, digits and . _ + -, at most ${maxVersionLength}` })
  if (!firmwareVersionSchema.safeParse(given).success) throw malformed('The version has characters or a length that nodes cannot take')
  if (/^\d+(\.\d+)+([-+_.].*)?$/.test(given)) return given
  const version = versionOfStem(given)
  if (version === undefined) throw malformed('There is no version number in it')
  return version
}

/** Numbers as the node's own scan reads them from the front; a suffix is not looked at. */
export function tripleOf(version: string): readonly [number, number, number] | undefined {
  const found = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})/.exec(version)
  return found ? [Number(found[1]), Number(found[2]), Number(found[3])] : undefined
}

/** Above 0 when the node takes `offered` for newer than `running`: by numbers where both have three, else byte by byte. */
export function compareAsNode(offered: string, running: string): number {
  const [a, b] = [tripleOf(offered), tripleOf(running)]
  if (a && b) return (a[0] - b[0]) || (a[1] - b[1]) || (a[2] - b[2])
  return offered === running ? 0 : offered > running ? 1 : -1
}

/** What the registry calls available is a difference, and nothing about older or newer. */
export const isUpdateAvailable = (current: string | undefined, running: string | undefined): boolean =>
  current !== undefined && (running === undefined || current !== running)

export type NeverReason = 'older' | 'suffix-only' | 'too-large'

/** Why a node that runs `running` will not take `offered`, however long anybody waits; undefined when it will, or has it. */
export function whyNever({ running, offered, sizeBytes, maxPullBytes }: { readonly running: string | undefined; readonly offered: string; readonly sizeBytes: number; readonly maxPullBytes: number }): NeverReason | undefined {
  if (running === offered) return undefined
  if (sizeBytes > maxPullBytes) return 'too-large'
  if (running === undefined) return undefined
  const order = compareAsNode(offered, running)
  if (order > 0) return undefined
  return order === 0 ? 'suffix-only' : 'older'
}

export function neverWords(reason: NeverReason, { running, offered }: { readonly running: string | undefined; readonly offered: string }): string {
  switch (reason) {
    case 'older': return `It runs ${running ?? 'a newer version'} and never goes back to ${offered}`
    case 'suffix-only': return `It runs ${running ?? ''}; to a node ${offered} is the same version, because only what follows the three numbers differs`
    case 'too-large': return `${offered} is larger than the node's partition check allows`
  }
}
