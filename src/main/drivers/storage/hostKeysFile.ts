import { readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolders } from '../files/makeFolders.ts'
import { z } from 'zod'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

const schema = z.record(z.string().max(300), z.string().max(128))

/** The host keys that somebody has accepted, by `host:port`. */
export interface HostKeys {
  get(place: string): Promise<string | undefined>
  put(place: string, sha256: string): Promise<void>
}

export function createHostKeysFile(path: string): HostKeys {
  const read = async (): Promise<Readonly<Record<string, string>>> => {
    try {
      return schema.parse(JSON.parse(await readFile(path, 'utf8')))
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return {}
      // An unreadable list must not look like a first use.
      throw new WorkbenchError('host/io', `${path} cannot be read`, { cause, hint: 'Move it away, and compare the fingerprints of your switches again' })
    }
  }
  return {
    get: async (place) => { const keys = await read(); return Object.hasOwn(keys, place) ? keys[place] : undefined },
    put: async (place, sha256) => {
      const keys = { ...await read(), [place]: sha256 }
      try {
        await makeFolders(dirname(path), 0o700)
        await writeFile(`${path}.new`, `${JSON.stringify(keys, undefined, 2)}\n`, { mode: 0o600, flush: true })
        await rename(`${path}.new`, path)
      } catch (cause) {
        throw new WorkbenchError('host/io', `${path} cannot be written`, { cause, hint: 'Is the disk full, or the folder read-only?' })
      }
    },
  }
}
