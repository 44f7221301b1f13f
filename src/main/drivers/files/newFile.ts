import { open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolders } from './makeFolders.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

const batchBytes = 256 * 1024

/** Writes a file that was not there, as its pieces come; one that could not be finished is taken away. `input/conflict`, `host/disk-full`. */
export async function writeNewFile(path: string, pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<number> {
  await makeFolders(dirname(path)).catch(() => undefined) // the open says what is wrong
  const file = await open(path, 'wx', 0o600).catch((cause: unknown) => { throw problemWith(path, cause) })
  let isWhole = false
  try {
    let bytes = 0
    let batch: Uint8Array[] = []
    let waiting = 0
    const flush = async (): Promise<void> => { if (batch.length > 0) await file.writev(batch); batch = []; waiting = 0 }
    for await (const piece of pieces) {
      signal.throwIfAborted()
      batch.push(piece)
      bytes += piece.length
      waiting += piece.length
      if (waiting >= batchBytes || batch.length >= 512) await flush()
    }
    await flush()
    const { size } = await file.stat()
    if (size !== bytes) throw new WorkbenchError('host/disk-full', `${path} could not be written whole`, { context: { bytes, found: size } })
    isWhole = true
    return bytes
  } catch (cause) {
    throw problemWith(path, cause)
  } finally {
    await file.close()
    if (!isWhole) await rm(path, { force: true }).catch(() => undefined) // half a file stays where the disk refuses even that
  }
}

/** A file that was not there and grows while its content comes. What was appended is kept whatever happens, until it is dropped. */
export interface GrowingFile {
  append(bytes: Uint8Array): Promise<void>
  /** On the disk, and as long as all that was appended. `host/disk-full` otherwise. */
  end(): Promise<void>
  /** Nothing worth keeping came: the name is free again. */
  drop(): Promise<void>
}

export async function openGrowingFile(path: string): Promise<GrowingFile> {
  const file = await open(path, 'wx').catch((cause: unknown) => { throw problemWith(path, cause) })
  let bytes = 0
  return {
    append: async (piece) => {
      await file.appendFile(piece).catch((cause: unknown) => { throw problemWith(path, cause) })
      bytes += piece.length
    },
    end: async () => {
      try {
        await file.sync()
        const { size } = await file.stat()
        if (size !== bytes) throw new WorkbenchError('host/disk-full', `${path} could not be written whole`, { context: { bytes, found: size } })
      } catch (cause) {
        throw problemWith(path, cause)
      } finally {
        await file.close()
      }
    },
    drop: async () => {
      await file.close()
      await rm(path, { force: true })
    },
  }
}

function problemWith(path: string, cause: unknown): Error {
  const code = cause instanceof Error && 'syscall' in cause && 'code' in cause ? String(cause.code) : undefined
  if (code === undefined) return cause instanceof Error ? cause : new WorkbenchError('host/io', `${path} cannot be written`, { cause })
  if (code === 'EEXIST') return new WorkbenchError('input/conflict', `${path} is there already`, { cause, hint: 'Choose another name; nothing is overwritten' })
  // A limit on the size of files stops it in the middle just as a full disk does.
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return new WorkbenchError('host/disk-full', `There is no room for ${path}`, { cause, hint: 'Free some space, or choose another disk' })
  return new WorkbenchError('host/io', `${path} cannot be written`, { cause })
}
