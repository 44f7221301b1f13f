import { updaterFault } from '../../../shared/ota/updaterFault.ts'
import { isPlainPath } from './manifest.ts'

export const mostZipEntries = 10_000
const spareBytes = 64 * 2 ** 20

/** What the directory of an archive says about one entry, before anything is unpacked. */
export interface ZipEntryFacts {
  readonly nameBytes: Uint8Array
  readonly isEncrypted: boolean
  /** Kind and permission bits where it was packed on Unix. */
  readonly unixMode: number | undefined
  /** 0: as it is, 8: deflated. */
  readonly method: number
  readonly packedBytes: number
  readonly sizeBytes: number
}

export interface CheckedZipEntry {
  readonly name: string
  readonly isFolder: boolean
  /** Without setuid, setgid and sticky. */
  readonly mode: number
  readonly sizeBytes: number
}

const refuse = (what: string): Error => updaterFault('INVALID_PACKAGE', `the archive ${what}`, { hint: 'An honest package has nothing like that; do not use it' })

/** All entries, or a refusal of the whole archive: one bad entry is reason enough not to unpack any. */
export function checkZipEntries(entries: readonly ZipEntryFacts[], archiveBytes: number): readonly CheckedZipEntry[] {
  if (entries.length > mostZipEntries) throw refuse(`has more than ${mostZipEntries} entries`)
  const checked = entries.map(checkEntry)
  const unpackedBytes = checked.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const mostBytes = 4 * archiveBytes + spareBytes
  if (!(unpackedBytes <= mostBytes)) throw refuse(`would unpack to ${unpackedBytes} bytes, more than ${mostBytes}`)
  refuseDoubles(checked)
  return checked
}

function checkEntry(entry: ZipEntryFacts): CheckedZipEntry {
  const text = nameOf(entry.nameBytes)
  const isFolder = text.endsWith('/')
  const name = isFolder ? text.slice(0, -1) : text
  const told = JSON.stringify(name.slice(0, 80))
  if (name.startsWith('/') || !isPlainPath(name) || /^[a-z]:/i.test(name)) throw refuse(`has an entry whose name points outside: ${told}`)
  if (entry.isEncrypted) throw refuse(`has an encrypted entry: ${told}`)
  if (!Number.isSafeInteger(entry.sizeBytes) || entry.sizeBytes < 0) throw refuse(`has an entry of impossible length: ${told}`)
  if (entry.method !== 0 && entry.method !== 8) throw refuse(`has an entry packed in a way that is not known (${entry.method}): ${told}`)
  const kind = (entry.unixMode ?? 0) & 0o170000
  if (kind === 0o120000) throw refuse(`has a symbolic link: ${told}`)
  if (kind !== 0 && kind !== (isFolder ? 0o040000 : 0o100000)) throw refuse(`has an entry that is no plain file: ${told}`)
  return { name, isFolder, mode: modeOf(entry.unixMode, isFolder), sizeBytes: entry.sizeBytes }
}

function nameOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw refuse('has a name that is not UTF-8')
  }
}

function modeOf(unixMode: number | undefined, isFolder: boolean): number {
  const bits = (unixMode ?? 0) & 0o777
  return bits !== 0 ? bits : isFolder ? 0o755 : 0o644
}

function refuseDoubles(entries: readonly CheckedZipEntry[]): void {
  const seen = new Set<string>()
  for (const { name } of entries) {
    if (seen.has(name)) throw refuse(`has ${JSON.stringify(name)} twice`)
    seen.add(name)
  }
}
