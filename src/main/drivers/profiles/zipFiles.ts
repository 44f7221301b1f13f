import { crc32 } from 'node:zlib'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { safeMemberName, type TarFile, type TarLimits } from '../../protocols/tar/parser.ts'

export const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4

/**
 * The files of a zip archive that `wanted` names, into memory. Links are left out, as is what is larger than one file may be; names that
 * point outside, encrypted files and archives that unpack without end are refused. `name` is for messages.
 */
export async function readZip(name: string, bytes: Uint8Array, limits: Omit<TarLimits, 'special'>, wanted: (name: string) => boolean, signal: AbortSignal): Promise<readonly TarFile[]> {
  let zip: ZipFile | undefined
  try {
    zip = await yauzl.fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), { autoClose: false, lazyEntries: true, validateEntrySize: true, strictFileNames: true })
    if (zip.entryCount > limits.maxMembers) throw new WorkbenchError('input/too-large', `${name} has more than ${limits.maxMembers} members`)
    const files: TarFile[] = []
    const names = new Set<string>()
    let leftBytes = limits.maxTotalBytes
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted()
      const member = memberName(entry)
      if (member === undefined || !wanted(member) || entry.uncompressedSize > limits.maxFileBytes) continue
      if (names.has(member)) throw new WorkbenchError('input/conflict', `${name} holds ${member} twice`, { context: { name: member } })
      names.add(member)
      const content = await contentsOf(zip, entry, member, Math.min(limits.maxFileBytes, leftBytes))
      leftBytes -= content.length
      files.push({ name: member, bytes: content })
    }
    return files
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof WorkbenchError) throw error
    throw new WorkbenchError('input/malformed', `${name} is damaged or no zip archive`, { cause: error, hint: 'Download it again' })
  } finally {
    zip?.close()
  }
}

/** `undefined`: a folder or something special. */
function memberName(entry: Entry): string | undefined {
  const { fileName, externalFileAttributes, versionMadeBy } = entry
  if (fileName.endsWith('/')) return undefined
  const name = safeMemberName(fileName)
  if (name === undefined) throw new WorkbenchError('input/malformed', 'The zip archive has a member whose name points outside', { context: { name: fileName.slice(0, 80) }, hint: 'An honest archive has no such names; do not use it' })
  // Unix keeps the kind of file in the upper half: anything but a plain one, or nothing at all, is left out.
  const kind = versionMadeBy >> 8 === 3 ? (externalFileAttributes >>> 16) & 0o170000 : 0
  return kind === 0 || kind === 0o100000 ? name : undefined
}

async function contentsOf(zip: ZipFile, entry: Entry, name: string, maxBytes: number): Promise<Uint8Array> {
  if (entry.isEncrypted()) throw new WorkbenchError('input/not-supported', `${name} in the zip archive is encrypted`)
  const pieces: Uint8Array[] = []
  let lengthBytes = 0
  for await (const piece of await zip.openReadStreamPromise(entry) as AsyncIterable<Uint8Array>) {
    lengthBytes += piece.length
    if (lengthBytes > maxBytes) throw new WorkbenchError('input/too-large', 'The zip archive unpacks to more than is allowed', { context: { maxBytes } })
    pieces.push(piece)
  }
  const whole = Buffer.concat(pieces)
  if (crc32(whole) !== entry.crc32) throw new WorkbenchError('input/malformed', `${name} in the zip archive is damaged: its checksum is wrong`)
  return whole
}
