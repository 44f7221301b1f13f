import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createTarReader, type TarFile, type TarLimits } from '../../protocols/tar/parser.ts'
import { errnoOf } from '../errors/reasonOf.ts'

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

/**
 * Unpacks while it reads, into memory only. Stops at the first thing that is not allowed, without unpacking the rest.
 * `name` is for messages. Throws what the tar reader throws, and `input/malformed` for a damaged or shortened gzip.
 */
export async function readTarGz(name: string, source: AsyncIterable<Uint8Array>, limits: TarLimits, wanted: (name: string) => boolean, signal: AbortSignal): Promise<readonly TarFile[]> {
  const reader = createTarReader(limits, wanted)
  try {
    await pipeline(Readable.from(source), createGunzip(), async (unpacked: AsyncIterable<Uint8Array>) => {
      for await (const chunk of unpacked) reader.push(chunk)
    }, { signal })
    return reader.end()
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof WorkbenchError || errnoOf(error)?.startsWith('Z_') !== true) throw error
    throw new WorkbenchError('input/malformed', `${name} is damaged or cut off: it cannot be unpacked`, { cause: error, hint: 'Download it again' })
  }
}
