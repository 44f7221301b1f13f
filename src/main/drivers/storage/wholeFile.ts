import { readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolders } from '../files/makeFolders.ts'
import type { z } from 'zod'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'

/** Replaced whole, by rename, so that a power cut leaves the old one or the new one. */
export interface WholeFile<T> {
  read(): Promise<T>
  /** One change after the other; two windows lose nothing of each other's. */
  change(how: (settings: T) => T): Promise<void>
}

export interface WholeFileOptions<T> {
  readonly path: string
  readonly schema: z.ZodType<T>
  /** While there is no file. */
  readonly first: T
  /** For whoever has a damaged one. */
  readonly hint: string
}

export function createWholeFile<T>({ path, schema, first, hint }: WholeFileOptions<T>): WholeFile<T> {
  const changes = createLane()
  const read = async (): Promise<T> => {
    try {
      return schema.parse(JSON.parse(await readFile(path, 'utf8')))
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return first
      throw new WorkbenchError('input/malformed', `${path} cannot be read`, { cause, hint })
    }
  }
  const write = async (settings: T): Promise<void> => {
    try {
      await makeFolders(dirname(path), 0o700)
      await writeFile(`${path}.new`, `${JSON.stringify(settings, undefined, 2)}\n`, { mode: 0o600, flush: true })
      await rename(`${path}.new`, path)
    } catch (cause) {
      throw new WorkbenchError('host/io', `${path} cannot be written`, { cause, hint: 'Is the disk full, or the folder read-only?' })
    }
  }
  return { read, change: async (how) => changes(new AbortController().signal, async () => { await write(schema.parse(how(await read()))) }) }
}
