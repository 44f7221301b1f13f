import { Readable } from 'node:stream'
import { link, rename, rm, stat } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { ZipFile } from 'yazl'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { writeNewFile } from './newFile.ts'

export interface ZipPart {
  readonly name: string
  readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** A program of a package is to be executed; absent: for its owner alone. */
  readonly mode?: number
}

/** A new zip, a piece at a time; under its name only when it is whole, and proved where somebody does that. `input/conflict` for one that is there. Result: its length. */
export async function writeZip(path: string, parts: AsyncIterable<ZipPart>, maxBytes: number, signal: AbortSignal, prove: (beside: string) => Promise<void> = async () => undefined): Promise<number> {
  await refuseExisting(path)
  // Beside the target, so that the last step is one rename on one disk.
  const beside = `${path}.${randomBytes(4).toString('hex')}.part`
  const bytes = await writeNewFile(beside, bounded(zipped(parts, signal), maxBytes), signal)
  try {
    await prove(beside)
    await putInPlace(beside, path)
  } finally {
    await rm(beside, { force: true }).catch(() => undefined) // half a name stays where the disk refuses even that
  }
  return bytes
}

const conflict = (path: string, cause?: unknown): WorkbenchError => new WorkbenchError('input/conflict', `${path} is there already`, { cause, hint: 'Choose another name; nothing is overwritten' })

async function refuseExisting(path: string): Promise<void> {
  if (await stat(path).then(() => true, () => false)) throw conflict(path)
}

/** A link fails where something is already; a disk without links gets a rename. */
async function putInPlace(beside: string, path: string): Promise<void> {
  try {
    await link(beside, path)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') throw conflict(path, cause)
    await refuseExisting(path)
    await rename(beside, path).catch((error: unknown) => { throw new WorkbenchError('host/io', `${path} cannot be written`, { cause: error }) })
  }
}

async function* zipped(parts: AsyncIterable<ZipPart>, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  const zip = new ZipFile()
  const out = zip.outputStream as Readable
  // One listener for all files: each of its own would stay, and keep its source, until the last one is in.
  let leave: (() => void) | undefined
  out.once('close', () => { leave?.() })
  const fill = async (): Promise<void> => {
    for await (const { name, pieces, mode = 0o100600 } of parts) {
      signal.throwIfAborted()
      const source = Readable.from(pieces, { objectMode: false })
      const ended = new Promise<void>((resolve, reject) => { source.once('close', resolve); source.once('error', reject); leave = () => { source.destroy(); resolve() } })
      // Owner only, as the bundle itself: it is about somebody's network.
      zip.addReadStream(source, name, { mode, compress: true })
      await ended
    }
    zip.end()
  }
  zip.on('error', (error: Error) => { out.destroy(error) })
  const filling = fill().catch((error: unknown) => { out.destroy(error instanceof Error ? error : new Error(String(error))) })
  const stop = (): void => { out.destroy(signal.reason as Error) }
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const piece of out) yield piece as Uint8Array
  } finally {
    signal.removeEventListener('abort', stop)
    out.destroy()
    await filling
  }
}

async function* bounded(pieces: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array, void, void> {
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > maxBytes) throw new WorkbenchError('input/too-large', `The file would be larger than ${Math.round(maxBytes / 2 ** 20)} MiB`, { hint: 'Choose fewer cameras, or a shorter time' })
    yield piece
  }
}
