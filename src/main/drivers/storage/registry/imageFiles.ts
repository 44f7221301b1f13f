import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { ImageFiles, StagedImage } from '../../../../shared/ota/registryStore.ts'
import { errnoOf, reasonOf } from '../../errors/reasonOf.ts'
import { nodeDisk } from '../diskCalls.ts'

/** Images that are served are kept in memory, proved; as many as fit in here. */
const mostCachedBytes = 64 * 1024 * 1024
const headBytes = 256
/** Another process may be uploading this very moment, and takes no longer. */
const leftoverAfterMs = 3_600_000

interface Proved {
  /** Changes with everything that may change the bytes. */
  readonly stamp: string
  readonly bytes: Promise<Uint8Array>
  readonly sizeBytes: number
}

/** `DIR/images/<sha256>.bin`, so that no name that anybody sends chooses a path. */
export function createImageFolder(folder: string, wallMs: () => number, disk = nodeDisk): ImageFiles {
  const proved = new Map<string, Proved>()
  const pathOf = (sha256: string): string => join(folder, `${sha256}.bin`)

  const remember = (sha256: string, entry: Proved): void => {
    proved.delete(sha256)
    proved.set(sha256, entry)
    let total = [...proved.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    for (const [key, { sizeBytes }] of proved) {
      if (total <= mostCachedBytes || key === sha256) break
      proved.delete(key)
      total -= sizeBytes
    }
  }
  return {
    receive: async (pieces, maxBytes, signal) => {
      const part = join(folder, `${randomBytes(8).toString('hex')}.part`)
      await disk.mkdir(folder, 0o700).catch((cause: unknown) => { throw problem('The folder of the images cannot be made', cause) })
      const file = await disk.open(part, 'wx', 0o600).catch((cause: unknown) => { throw problem('An image cannot be written', cause) })
      let isThere = true
      const drop = async (): Promise<void> => { if (isThere) { isThere = false; await disk.rm(part, { force: true }) } }
      try {
        const written = await writeAll(file, pieces, maxBytes, signal)
        return {
          ...written, drop,
          keep: async () => {
            await disk.rename(part, pathOf(written.sha256)).catch((cause: unknown) => { throw problem('The image cannot be put in its place', cause) })
            isThere = false
            await syncFolder(folder, disk).catch((cause: unknown) => { throw problem('The folder of the images cannot be written', cause) })
          },
        }
      } catch (error) {
        await drop()
        if (signal.aborted) throw error
        throw problem('The image did not arrive whole', error)
      } finally {
        await file.close()
      }
    },
    read: async (image, signal) => {
      signal.throwIfAborted()
      const { sha256, sizeBytes } = image
      const found = await stat(pathOf(sha256), { bigint: true }).catch((cause: unknown) => { throw problem('The file of this image is gone', cause) })
      const stamp = `${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`
      const known = proved.get(sha256)
      if (known?.stamp === stamp) { remember(sha256, known); return known.bytes }
      const bytes = readProved(pathOf(sha256), image)
      bytes.catch(() => { if (proved.get(sha256)?.stamp === stamp) proved.delete(sha256) })
      remember(sha256, { stamp, bytes, sizeBytes })
      return bytes
    },
    sweep: async (known) => {
      const names = await readdir(folder).catch(() => [])
      let swept = 0
      for (const name of names) {
        const sha256 = /^([0-9a-f]{64})\.bin$/.exec(name)?.[1]
        if (sha256 === undefined ? !name.endsWith('.part') : known.has(sha256)) continue
        const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Infinity }))
        if (wallMs() - mtimeMs < leftoverAfterMs) continue
        await rm(join(folder, name), { force: true })
        swept += 1
      }
      return swept
    },
  }
}

async function writeAll(file: FileHandle, pieces: AsyncIterable<Uint8Array>, maxBytes: number, signal: AbortSignal): Promise<Pick<StagedImage, 'sha256' | 'sizeBytes' | 'head'>> {
  const hash = createHash('sha256')
  let head = Buffer.alloc(0)
  let sizeBytes = 0
  for await (const piece of pieces) {
    signal.throwIfAborted()
    sizeBytes += piece.length
    if (sizeBytes > maxBytes) throw new WorkbenchError('input/too-large', `More than ${maxBytes} bytes are no firmware image for this product`, { context: { maxBytes, reason: 'TooLarge' } })
    if (head.length < headBytes) head = Buffer.concat([head, piece.subarray(0, headBytes - head.length)])
    hash.update(piece)
    for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten
  }
  await file.sync()
  return { sha256: hash.digest('hex'), sizeBytes, head: new Uint8Array(head) }
}

async function readProved(path: string, { sha256, sizeBytes }: { readonly sha256: string; readonly sizeBytes: number }): Promise<Uint8Array> {
  const file = await open(path, 'r').catch((cause: unknown) => { throw problem('The file of this image is gone', cause) })
  try {
    // One more than there may be: a file that grew is another file.
    const bytes = new Uint8Array(sizeBytes + 1)
    let filled = 0
    for (;;) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled)
      filled += bytesRead
      if (bytesRead === 0 || filled === bytes.length) break
    }
    const image = bytes.subarray(0, sizeBytes)
    if (filled !== sizeBytes || createHash('sha256').update(image).digest('hex') !== sha256) {
      throw new WorkbenchError('host/io', 'The file of this image is not what was registered', { context: { sha256, reason: 'ChangedUnderneath' }, hint: 'Upload the same image again: that mends it' })
    }
    return image
  } finally {
    await file.close()
  }
}

/** A name is durable when its folder is; where folders cannot be opened, the system sees to that itself. */
async function syncFolder(folder: string, disk: typeof nodeDisk): Promise<void> {
  const handle = await disk.open(folder, 'r').catch(() => undefined)
  if (!handle) return
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function problem(sentence: string, cause: unknown): WorkbenchError {
  if (cause instanceof WorkbenchError) return cause
  const code = errnoOf(cause)
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return new WorkbenchError('host/disk-full', `${sentence}: the disk is full`, { cause, hint: 'Free some space' })
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE') return new WorkbenchError('link/closed', 'The connection ended before all of the image had come', { cause, hint: 'Upload it again' })
  return new WorkbenchError('host/io', `${sentence}: ${reasonOf(cause)}`, { cause })
}
