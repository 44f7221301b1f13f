import { lstat, opendir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { safeMemberName } from '../../protocols/tar/parser.ts'
import { reasonOf } from '../errors/reasonOf.ts'
import { isGzip, readTarGz } from '../files/tarGz.ts'
import { download, type DownloadDeps, parseWebUrl } from './download.ts'
import { readWhole } from './wholeFile.ts'
import { isZip, readZip } from './zipFiles.ts'

/** Bytes of a source under the names that they have there. What is in them is for the core to judge. */
export interface ProfileFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** Where the public recovery tool keeps its profiles: the newest state of its repository, packed. */
export const publicProfileUrl = 'https://github.com/OpenIPC/defib/archive/refs/heads/main.tar.gz'

/** Of one profile or one SPL. */
const maxFileBytes = 256 * 1024
const maxPackedBytes = 64 * 1024 * 1024
const maxEntries = 20_000
const maxKeptBytes = 64 * 1024 * 1024
const limits = { maxMembers: maxEntries, maxFileBytes, maxTotalBytes: 256 * 1024 * 1024, special: 'skip' } as const

/** Profiles and what lies beside them; sources, pictures and captures of a repository are passed over. */
const isWanted = (name: string): boolean => !/\.(py|c|h|s|md|png|jpe?g|gif|svg|html?|ts|js|toml|lock|yml|yaml|dcap)$/i.test(name)

/**
 * Files of a folder (that one only, not those below), of one file, or of a web address. A file or address may be a profile, a zip or a tar.gz. Nothing is
 * written and links are not followed. `input/…` for what it is, `link/…` for the way there, `host/…` for this computer.
 */
export async function readProfileSource(given: string, deps: DownloadDeps, signal: AbortSignal): Promise<readonly ProfileFile[]> {
  signal.throwIfAborted()
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(given)) {
    const wanted = parseWebUrl(given)
    const { bytes, url } = await download(deps, wanted, maxPackedBytes, signal)
    // The name comes from the address that was asked for: the one behind it may be a number.
    return unpack(lastPiece(wanted) ?? lastPiece(url) ?? 'download', bytes, signal)
  }
  const path = resolve(given)
  const found = await lstat(path).catch((cause: unknown) => {
    const why = reasonOf(cause)
    throw new WorkbenchError(why === 'it does not exist' ? 'input/not-found' : 'host/io', `${path} cannot be read: ${why}`, { cause })
  })
  if (found.isDirectory()) return readFolder(path, signal)
  const bytes = await readWhole(path, maxPackedBytes)
  if (!bytes) throw new WorkbenchError('input/not-found', `${path} is not there any more`)
  return unpack(basename(path), bytes, signal)
}

function lastPiece(url: URL): string | undefined {
  const piece = url.pathname.split('/').findLast((each) => each !== '')
  try {
    return piece === undefined ? undefined : safeMemberName(decodeURIComponent(piece))
  } catch {
    // Not an encoded name; then it is none of ours.
    return undefined
  }
}

async function unpack(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<readonly ProfileFile[]> {
  if (isGzip(bytes)) return kept((await readTarGz(name, piecesOf(bytes), limits, isWanted, signal)).map((file) => ({ path: file.name, bytes: file.bytes })))
  if (isZip(bytes)) return kept((await readZip(name, bytes, limits, isWanted, signal)).map((file) => ({ path: file.name, bytes: file.bytes })))
  if (/^\s*<(!doctype|html)/i.test(new TextDecoder().decode(bytes.subarray(0, 200)))) {
    throw new WorkbenchError('input/malformed', `${name} is a web page and not a profile`, { hint: 'Give the address of the file itself, or of the repository as a .zip or .tar.gz' })
  }
  if (bytes.length > maxFileBytes) throw new WorkbenchError('input/too-large', `${name} has ${bytes.length} bytes; that is no profile`, { context: { lengthBytes: bytes.length } })
  return [{ path: name, bytes }]
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function kept(files: readonly ProfileFile[]): readonly ProfileFile[] {
  const total = files.reduce((sum, { bytes }) => sum + bytes.length, 0)
  if (total <= maxKeptBytes) return files
  throw new WorkbenchError('input/too-large', `The archive holds ${total} bytes; that is no collection of profiles`, { context: { total } })
}

async function readFolder(path: string, signal: AbortSignal): Promise<readonly ProfileFile[]> {
  const names: string[] = []
  for await (const entry of await opendir(path)) {
    signal.throwIfAborted()
    // Links are left out: where they lead is somebody else's choice.
    if (entry.isFile() && isWanted(entry.name)) names.push(entry.name)
    if (names.length > maxEntries) throw new WorkbenchError('input/too-large', `${path} holds more than ${maxEntries} files`)
  }
  const files: ProfileFile[] = []
  let leftBytes = maxKeptBytes
  for (const name of names.sort()) {
    signal.throwIfAborted()
    const file = join(path, name)
    const facts = await lstat(file).catch(() => undefined)
    if (!facts?.isFile() || facts.size > Math.min(maxFileBytes, leftBytes)) continue
    const bytes = await readWhole(file, maxFileBytes)
    if (!bytes) continue
    leftBytes -= bytes.length
    files.push({ path: name, bytes })
  }
  return files
}
