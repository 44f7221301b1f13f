import { createReadStream } from 'node:fs'
import { errnoOf, reasonOf } from '../drivers/errors/reasonOf.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'

/** Lists, keys, tokens and configurations: text that people write. */
export const mostTextBytes = 1024 * 1024

/** A file that a person named, or what another program pipes in (`<(…)`): never more than is wanted of it, and why it cannot be had. */
export async function readGivenFile(path: string, maxBytes: number, hint: string, signal?: AbortSignal): Promise<Uint8Array> {
  const bytes = new Uint8Array(maxBytes + 1)
  let at = 0
  try {
    // The last byte is one too many.
    for await (const piece of createReadStream(path, { end: maxBytes, ...(signal ? { signal } : {}) })) {
      bytes.set(piece as Uint8Array, at)
      at += (piece as Uint8Array).length
    }
  } catch (cause) {
    signal?.throwIfAborted()
    const isForbidden = ['EACCES', 'EPERM'].includes(errnoOf(cause) ?? '')
    throw new WorkbenchError(isForbidden ? 'host/no-permission' : 'input/not-found', `${path} cannot be read: ${reasonOf(cause)}`, { cause, hint })
  }
  if (at > maxBytes) throw new WorkbenchError('input/too-large', `${path} holds more than ${maxBytes} bytes`, { context: { limitBytes: maxBytes }, hint })
  return bytes.slice(0, at)
}

export const readGivenText = async (path: string, hint: string, signal?: AbortSignal): Promise<string> => new TextDecoder().decode(await readGivenFile(path, mostTextBytes, hint, signal))
