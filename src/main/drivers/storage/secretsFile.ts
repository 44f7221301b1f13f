import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

const schema = z.record(z.string().max(128), z.string().max(1024))

/** Passwords of switches, apart from everything that is shown, exported or put into a report. Readable by this user only. */
export interface Secrets {
  get(ref: string): Promise<string | undefined>
  put(ref: string, secret: string): Promise<void>
  remove(ref: string): Promise<void>
}

export function createSecretsFile(path: string): Secrets {
  const read = async (): Promise<Readonly<Record<string, string>>> => {
    try {
      return schema.parse(JSON.parse(await readFile(path, 'utf8')))
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return {}
      // Its contents stay out of the message.
      throw new WorkbenchError('host/io', `${path} cannot be read`, { hint: 'Move it away and enter the passwords again' })
    }
  }
  const write = async (secrets: Readonly<Record<string, string>>): Promise<void> => {
    try {
      await mkdir(dirname(path), { recursive: true })
      const beside = `${path}.new`
      await writeFile(beside, `${JSON.stringify(secrets)}\n`, { mode: 0o600, flush: true })
      await rename(beside, path)
    } catch {
      throw new WorkbenchError('host/io', `${path} cannot be written`, { hint: 'Is the disk full, or the folder read-only?' })
    }
  }
  return {
    get: async (ref) => (await read())[ref],
    put: async (ref, secret) => { await write({ ...await read(), [ref]: secret }) },
    remove: async (ref) => {
      const { [ref]: gone, ...others } = await read()
      if (gone !== undefined) await write(others)
    },
  }
}
