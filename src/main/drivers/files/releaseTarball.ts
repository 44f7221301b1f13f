import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { TarFile, TarLimits } from '../../protocols/tar/parser.ts'
import { reasonOf } from '../errors/reasonOf.ts'
import { isGzip, readTarGz } from './tarGz.ts'

/** A release has four files. The root file system of the largest flash has 118 MiB. */
const releaseLimits: TarLimits = { maxMembers: 32, maxFileBytes: 128 * 1024 * 1024, maxTotalBytes: 160 * 1024 * 1024, special: 'refuse' }
const maxPackedBytes = 128 * 1024 * 1024
const pieceBytes = 256 * 1024

/**
 * The files of a firmware release (.tgz) by name, unpacked into memory. Nothing is written, and no name out of the archive ever becomes a
 * path. `input/not-found`, `input/malformed`, `input/not-supported` (links, devices), `input/conflict`, `input/too-large`, `host/io`.
 */
export async function readReleaseTarball(given: string, signal: AbortSignal, limits: TarLimits = releaseLimits): Promise<readonly TarFile[]> {
  signal.throwIfAborted()
  const path = resolve(given)
  // O_NONBLOCK: a fifo of that name would hang the open. Windows does not know it.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => { throw unreadable(path, error) })
  try {
    const facts = await handle.stat()
    if (!facts.isFile()) throw new WorkbenchError('input/not-supported', `${path} is not a plain file`, { hint: 'Choose the .tgz of an OpenIPC firmware release' })
    if (facts.size > maxPackedBytes) throw new WorkbenchError('input/too-large', `${path} has ${facts.size} bytes, more than any release`, { context: { sizeBytes: facts.size } })
    const start = new Uint8Array(2)
    await handle.read(start, 0, 2, 0)
    if (!isGzip(start)) throw new WorkbenchError('input/malformed', `${basename(path)} is not a .tgz archive`, { hint: 'Choose the .tgz of an OpenIPC firmware release' })
    return await readTarGz(basename(path), piecesOf(handle, facts.size), limits, () => true, signal)
  } catch (error) {
    if (error instanceof WorkbenchError) throw error
    signal.throwIfAborted()
    throw unreadable(path, error)
  } finally {
    await handle.close()
  }
}

/** Not a stream of Node's: that would close the handle behind our back. Ends at the size that was looked at, however the file grows. */
async function* piecesOf(handle: FileHandle, lengthBytes: number): AsyncGenerator<Uint8Array> {
  let at = 0
  while (at < lengthBytes) {
    const piece = new Uint8Array(Math.min(pieceBytes, lengthBytes - at))
    const { bytesRead } = await handle.read(piece, 0, piece.length, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield piece.subarray(0, bytesRead)
  }
}

function unreadable(path: string, cause: unknown): WorkbenchError {
  const why = reasonOf(cause)
  if (why === 'no permission') return new WorkbenchError('host/no-permission', `${path} may not be read by this user`, { cause })
  const missing = why === 'it does not exist' || why === 'a part of the path is not a folder'
  return new WorkbenchError(missing ? 'input/not-found' : 'host/io', `${path} cannot be read: ${why}`, { cause })
}
