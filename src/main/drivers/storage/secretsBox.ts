import { chmod, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { makeFolders } from '../files/makeFolders.ts'
import { z } from 'zod'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'
import type { KeyVault, SecretsPlace } from '../../../shared/secrets/secrets.schema.ts'

const plainSchema = z.record(z.string().max(128), z.string().max(1024))
const sealedSchema = z.record(z.string().max(128), z.base64().max(16_384))
type Texts = Readonly<Record<string, string>>

/** Passwords of switches, apart from everything that is shown, exported or put into a report. */
export interface Secrets {
  get(ref: string): Promise<string | undefined>
  put(ref: string, secret: string): Promise<void>
  remove(ref: string): Promise<void>
}

export interface SecretsBox extends Secrets {
  where(): Promise<SecretsPlace>
  /** How many lie where they no longer belong. */
  strays(): Promise<number>
  /** Brings them to their place, reads each back, and only then removes the old file. */
  moveStrays(): Promise<void>
}

export interface SecretsBoxDeps {
  /** Of its own, for this user only. */
  readonly folder: string
  /** Where earlier versions kept them, readable. */
  readonly oldFile: string
  /** Absent where no window runs: they are kept readable then, in a file for this user only. */
  readonly vault: KeyVault | undefined
  readonly log: (line: string) => void
}

export function createSecretsBox({ folder, oldFile, vault, log }: SecretsBoxDeps): SecretsBox {
  const [plainFile, sealedFile] = [join(folder, 'plain.json'), join(folder, 'sealed.json')]
  const notices: string[] = []
  const lane = createLane()
  const always = new AbortController().signal
  const say = (notice: string): void => { if (!notices.includes(notice)) { notices.push(notice); log(notice) } }

  const load = async (path: string, schema: typeof plainSchema | typeof sealedSchema): Promise<Texts> => {
    await closeToOthers(path, 0o600, say)
    try {
      return schema.parse(JSON.parse(await readFile(path, 'utf8')))
    } catch (cause) {
      if (isMissing(cause)) return {}
      // Its contents stay out of the message.
      throw new WorkbenchError('host/io', `${path} cannot be read`, { hint: 'Move it away and enter the passwords again' })
    }
  }
  const save = async (path: string, texts: Texts): Promise<void> => {
    try {
      await makeFolders(folder, 0o700)
      await closeToOthers(folder, 0o700, say)
      await writeFile(`${path}.new`, `${JSON.stringify(texts)}\n`, { mode: 0o600, flush: true })
      await rename(`${path}.new`, path)
    } catch (error) {
      if (error instanceof WorkbenchError) throw error
      throw new WorkbenchError('host/io', `${path} cannot be written`, { hint: 'Is the disk full, or the folder read-only?' })
    }
  }
  const open = (ref: string, sealed: string): string => {
    try {
      if (vault) return vault.open(new Uint8Array(Buffer.from(sealed, 'base64')))
    } catch {
      // What the system says of it may hold anything; its name is enough.
    }
    throw vault
      ? new WorkbenchError('host/no-permission', `The password "${ref}" cannot be opened by ${vault.label}`, { context: { ref }, hint: 'Unlock the keychain, or enter the password again' })
      : new WorkbenchError('host/no-permission', `The password "${ref}" lies in the keychain of this computer, which only the desktop window opens`, { context: { ref }, hint: 'Do this in the window, or enter the password again here' })
  }
  const get = async (ref: string): Promise<string | undefined> => {
    const plain = (await load(plainFile, plainSchema))[ref]
    if (plain !== undefined) return plain
    const sealed = (await load(sealedFile, sealedSchema))[ref]
    return sealed === undefined ? undefined : open(ref, sealed)
  }
  const keep = async (texts: Texts): Promise<void> => {
    if (!vault) { await save(plainFile, { ...await load(plainFile, plainSchema), ...texts }); return }
    const sealed = Object.fromEntries(Object.entries(texts).map(([ref, text]) => [ref, Buffer.from(vault.seal(text)).toString('base64')]))
    await save(sealedFile, { ...await load(sealedFile, sealedSchema), ...sealed })
    const kept = await load(sealedFile, sealedSchema)
    for (const [ref, text] of Object.entries(texts)) if (open(ref, kept[ref] ?? '') !== text) throw new WorkbenchError('host/io', `${vault.label} did not give back what it was given`, { context: { ref } })
  }
  const without = async (path: string, schema: typeof plainSchema | typeof sealedSchema, ref: string): Promise<void> => {
    const { [ref]: gone, ...others } = await load(path, schema)
    if (gone !== undefined) await save(path, others)
  }
  const strayFiles = vault ? [oldFile, plainFile] : [oldFile]
  return {
    get,
    put: async (ref, secret) => lane(always, async () => {
      await keep({ [ref]: secret })
      if (vault) await without(plainFile, plainSchema, ref)
    }),
    remove: async (ref) => lane(always, async () => {
      await without(plainFile, plainSchema, ref)
      await without(sealedFile, sealedSchema, ref)
    }),
    strays: async () => (await Promise.all(strayFiles.map(async (path) => Object.keys(await load(path, plainSchema)).length))).reduce((sum, count) => sum + count, 0),
    moveStrays: async () => lane(always, async () => {
      for (const path of strayFiles) {
        await keep(await load(path, plainSchema))
        await rm(path, { force: true })
      }
    }),
    where: async () => {
      const [plain, sealed] = [Object.keys(await load(plainFile, plainSchema)).length, Object.keys(await load(sealedFile, sealedSchema)).length]
      return { ...placeOf(vault, vault ? sealedFile : plainFile), count: vault ? sealed : plain, sealedCount: sealed, notices: [...notices] }
    },
  }
}

function placeOf(vault: KeyVault | undefined, path: string): Pick<SecretsPlace, 'kind' | 'isProtected' | 'words' | 'path'> {
  if (!vault) return { kind: 'file', isProtected: false, path, words: 'In a file that only this user can read. It is not encrypted: a host without a window has no keychain' }
  return {
    kind: 'keychain', isProtected: vault.isProtected, path,
    words: vault.isProtected ? `Encrypted, with a key that lies in ${vault.label}` : `Scrambled with a key that every program knows (${vault.label}): this is no protection. Install a keyring for it`,
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

/** What others may read is mended, and said; where that cannot be, it is not used. Windows has no such modes. */
async function closeToOthers(path: string, mode: number, say: (notice: string) => void): Promise<void> {
  if (process.platform === 'win32') return
  try {
    if (((await stat(path)).mode & 0o077) === 0) return
    await chmod(path, mode)
    say(`${path} could be read by other users of this computer; it is closed to them now. Change its passwords if there are any such users`)
  } catch (cause) {
    if (isMissing(cause)) return
    throw new WorkbenchError('host/no-permission', `${path} can be read by other users, and that cannot be changed`, { cause, hint: `chmod ${mode.toString(8)} ${path}, or choose another data folder` })
  }
}
