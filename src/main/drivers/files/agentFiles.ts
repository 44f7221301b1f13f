import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { readBounded } from './bootFiles.ts'

/** What an agent takes of itself when it is replaced; more is something else. */
const mostAgentBytes = 256 * 1024
/** An empty page, or the message of a failed download. */
const leastAgentBytes = 1024
/** More than one stream of a flash agent can carry. */
const mostImageBytes = 512 * 1024 * 1024

interface NamedBytes {
  readonly path: string
  readonly bytes: Uint8Array
}

/** `input/missing-file`, `input/too-large`, `input/malformed`, `host/io`. */
export async function readAgentFile(path: string): Promise<NamedBytes> {
  const bytes = await readBounded(path, mostAgentBytes).catch((error: unknown) => { throw unread(error, path, 'The flash agent') })
  if (bytes.length < leastAgentBytes) {
    throw new WorkbenchError('input/malformed', `${path} has ${bytes.length} bytes; that is no flash agent`, { context: { path, lengthBytes: bytes.length }, hint: 'A failed download looks like this' })
  }
  return { path, bytes }
}

export async function readFlashImage(path: string): Promise<NamedBytes> {
  const bytes = await readBounded(path, mostImageBytes).catch((error: unknown) => { throw unread(error, path, 'The image') })
  if (bytes.length === 0) throw new WorkbenchError('input/malformed', `${path} is empty`, { context: { path } })
  return { path, bytes }
}

function unread(error: unknown, path: string, what: string): WorkbenchError {
  if (error instanceof WorkbenchError) return error
  const code = errnoOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return new WorkbenchError('input/missing-file', `${what} is missing: ${path}`, { context: { path }, cause: error })
  return new WorkbenchError('host/io', `${path} cannot be read: ${reasonOf(error)}`, { context: { path }, cause: error })
}
