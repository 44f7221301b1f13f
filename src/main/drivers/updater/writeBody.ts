import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolders } from '../files/makeFolders.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { updaterFault } from '../../../shared/ota/updaterFault.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import type { Body } from './packageBody.ts'

/** A line that says nothing for this long is dead. */
const silenceLimitMs = 30_000

/** Onto the disk as it comes, durable at the end; how long the file is then. More than was ordered is not written. */
export async function writeBody(path: string, body: Body, mostBytes: number, progress: (bytes: number) => void, clock: Clock, signal: AbortSignal): Promise<number> {
  const file = await opened(path, body.fromBytes)
  let at = body.fromBytes
  try {
    for await (const piece of heard(body, clock, signal)) {
      if (at + piece.length > mostBytes) throw updaterFault('PACKAGE_SIZE_MISMATCH', `more than the ${mostBytes} bytes that were ordered came`)
      await written(file, piece, at)
      at += piece.length
      progress(at)
    }
    await file.sync()
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof WorkbenchError) throw error
    // The body was cut, so what is there is a beginning that can be continued.
    if (body.announcedBytes !== undefined && at - body.fromBytes < body.announcedBytes) throw updaterFault('DOWNLOAD_FAILED', `the line broke after ${at} bytes: ${reasonOf(error)}`, { cause: error })
    throw updaterFault('DOWNLOAD_FAILED', reasonOf(error), { cause: error })
  } finally {
    await file.close()
  }
  return at
}

async function opened(path: string, fromBytes: number): Promise<FileHandle> {
  try {
    await makeFolders(dirname(path), 0o755)
    const file = await open(path, fromBytes > 0 ? 'r+' : 'w', 0o644)
    // Whatever stood behind the place where it goes on was never counted.
    await file.truncate(fromBytes)
    return file
  } catch (cause) {
    throw diskFault(path, cause)
  }
}

async function written(file: FileHandle, piece: Uint8Array, at: number): Promise<void> {
  try {
    for (let done = 0; done < piece.length;) done += (await file.write(piece, done, piece.length - done, at + done)).bytesWritten
  } catch (cause) {
    throw diskFault('the package', cause)
  }
}

const diskFault = (what: string, cause: unknown): Error => (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(errnoOf(cause) ?? '')
  ? updaterFault('DISK_FULL', 'there is no room for the package', { cause })
  : updaterFault('DOWNLOAD_FAILED', `${what} cannot be written: ${reasonOf(cause)}`, { cause }))

/** Each piece within the limit on silence: past it the connection is cut, so that the read ends by itself. */
async function* heard(body: Body, clock: Clock, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  const over = new AbortController()
  const both = AbortSignal.any([signal, over.signal])
  let lastMs = clock.nowMs()
  const watch = async (): Promise<void> => {
    for (let leftMs = silenceLimitMs; leftMs > 0; leftMs = lastMs + silenceLimitMs - clock.nowMs()) await clock.sleep(leftMs, both)
    body.cut(updaterFault('DOWNLOAD_FAILED', `nothing came for ${silenceLimitMs / 1000} s`))
  }
  const stop = (): void => { body.cut(signal.reason as Error) }
  signal.addEventListener('abort', stop, { once: true })
  // Ends by being aborted, each time but one.
  watch().catch(() => undefined)
  try {
    for await (const piece of body.pieces) {
      lastMs = clock.nowMs()
      yield piece
    }
  } finally {
    signal.removeEventListener('abort', stop)
    over.abort()
  }
}
