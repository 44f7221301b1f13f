import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import type { OpenPackage } from '../../../shared/ota/openPackage.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { updaterFault } from '../../../shared/ota/updaterFault.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { mostManifestBytes } from '../../protocols/updater/manifest.ts'
import { type CheckedZipEntry, checkZipEntries, mostZipEntries, type ZipEntryFacts } from '../../protocols/updater/zipRules.ts'

const manifestName = 'manifest.json'
const incrementalName = 'incremental.json'
const damaged = (cause: unknown): Error => updaterFault('INVALID_PACKAGE', 'the package is damaged or no zip archive', { cause, hint: 'Download it again' })

/** The directory is read and checked as a whole before anything is unpacked; the file stays on the disk and is read in pieces. */
export async function openPackageZip(path: string, signal: AbortSignal): Promise<OpenPackage> {
  let zip: ZipFile | undefined
  try {
    const { size } = await stat(path)
    // Names are read by rules of ours, so they are wanted as bytes.
    zip = await yauzl.openPromise(path, { autoClose: false, lazyEntries: true, decodeStrings: false })
    const entries = await entriesOf(zip, signal)
    const checked = checkZipEntries(entries.map(factsOf), size)
    const files = new Map(checked.map((facts, index) => [facts.name, { facts, entry: entries[index] }]).filter((each): each is [string, Member] => !(each[1] as { facts: CheckedZipEntry }).facts.isFolder))
    return packageOf(zip, files, await textOf(zip, files, manifestName, signal), await textOf(zip, files, incrementalName, signal))
  } catch (error) {
    zip?.close()
    signal.throwIfAborted()
    if (error instanceof WorkbenchError) throw error
    throw unreadable(error, path) ?? damaged(error)
  }
}

/** The disk said no: nothing is known of the package, and to download it again would help nobody. */
function unreadable(cause: unknown, path: string): WorkbenchError | undefined {
  const code = errnoOf(cause) ?? ''
  if (code === 'ENOENT') return new WorkbenchError('input/not-found', `There is no file ${path}`, { cause })
  if (code === 'EISDIR') return new WorkbenchError('input/malformed', `${path} is a folder and no package`, { cause, hint: 'rackbench release package builds a package of a folder' })
  if (code === 'EACCES' || code === 'EPERM') return new WorkbenchError('host/no-permission', `${path} may not be read by this user`, { cause, hint: 'Check who owns it' })
  return ['EIO', 'ELOOP', 'ENOTDIR', 'EMFILE'].includes(code) ? new WorkbenchError('host/io', `${path} cannot be read: ${reasonOf(cause)}`, { cause }) : undefined
}

interface Member { readonly facts: CheckedZipEntry; readonly entry: Entry }

async function entriesOf(zip: ZipFile, signal: AbortSignal): Promise<Entry[]> {
  const entries: Entry[] = []
  if (zip.entryCount > mostZipEntries) throw updaterFault('INVALID_PACKAGE', `the archive has more than ${mostZipEntries} entries`)
  for await (const entry of zip.eachEntry()) {
    signal.throwIfAborted()
    if (entries.push(entry) > mostZipEntries) break
  }
  return entries
}

function factsOf(entry: Entry): ZipEntryFacts {
  return {
    nameBytes: entry.fileNameRaw, isEncrypted: entry.isEncrypted(), method: entry.compressionMethod, packedBytes: entry.compressedSize, sizeBytes: entry.uncompressedSize,
    // Only a packer on Unix or macOS keeps them there.
    unixMode: [3, 19].includes(entry.versionMadeBy >> 8) ? entry.externalFileAttributes >>> 16 : undefined,
  }
}

async function textOf(zip: ZipFile, files: ReadonlyMap<string, Member>, name: string, signal: AbortSignal): Promise<string | undefined> {
  const member = files.get(name)
  if (!member) return undefined
  if (member.facts.sizeBytes > mostManifestBytes) throw updaterFault('INVALID_MANIFEST', `${name} is longer than ${mostManifestBytes} bytes`)
  const pieces: Uint8Array[] = []
  for await (const piece of piecesOf(zip, member, signal)) pieces.push(piece)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces))
  } catch (cause) {
    throw updaterFault('INVALID_MANIFEST', `${name} is not UTF-8`, { cause })
  }
}

const packageOf = (zip: ZipFile, files: ReadonlyMap<string, Member>, manifestText: string | undefined, incrementalText: string | undefined): OpenPackage => ({
  manifestText, incrementalText,
  entry: (name) => files.get(name)?.facts,
  read: (name, signal) => {
    const member = files.get(name)
    if (!member) throw updaterFault('INVALID_PACKAGE', `the archive has no file ${JSON.stringify(name.slice(0, 100))}`)
    return piecesOf(zip, member, signal)
  },
  close: async () => { zip.close() },
})

/** yauzl itself ends it when more or less comes out than the directory says; the checksum is ours to check. */
async function* piecesOf(zip: ZipFile, { entry, facts }: Member, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  let stream: Readable | undefined
  let sum = 0
  try {
    stream = await zip.openReadStreamPromise(entry)
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      signal.throwIfAborted()
      sum = crc32(piece, sum)
      yield piece
    }
    if (sum !== entry.crc32) throw updaterFault('INVALID_PACKAGE', `${facts.name} in the archive is damaged: its checksum is wrong`)
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof WorkbenchError ? error : damaged(error)
  } finally {
    stream?.destroy()
  }
}
