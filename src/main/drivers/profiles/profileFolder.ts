import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolders } from '../files/makeFolders.ts'
import { type BootProfile, type Soc } from '../../../shared/devices/deviceProfile.schema.ts'
import { toWire, type WireError, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { readWhole, writeWhole } from './wholeFile.ts'

/** What the core made of a profile that was imported; names are ours. */
export interface StorableProfile {
  readonly chip: string
  readonly json: string
  readonly blobs: readonly { readonly name: string; readonly bytes: Uint8Array }[]
}

/** How a stored text is understood; the core's, passed in. */
export interface ProfileReading {
  readonly read: (text: string, chip: string, variant: string | undefined) => { readonly profile: BootProfile; readonly splBlobName: string | undefined; readonly variants: readonly string[] }
}

export interface StoredProfile {
  readonly chip: string
  readonly variants: readonly string[]
}

export interface StoredProfiles {
  readonly profiles: readonly StoredProfile[]
  /** Files that are there and cannot be used. */
  readonly damaged: readonly { readonly file: string; readonly error: WireError }[]
}

export interface LoadedProfile {
  readonly path: string
  readonly profile: BootProfile
  /** A ready SPL for boards on which the one in U-Boot does not bring up the memory. */
  readonly spl: Uint8Array | undefined
}

export interface ProfileFolder {
  /** Blobs first: a profile never stands there without them. Rejects at the first that cannot be written; the ones before stay. */
  store(profiles: readonly StorableProfile[], signal: AbortSignal): Promise<void>
  list(signal: AbortSignal): Promise<StoredProfiles>
  /** `input/missing-file` when there is none. */
  load(chip: string, variant: string | undefined, signal: AbortSignal): Promise<LoadedProfile>
  /** False when there was none. */
  remove(chip: string, signal: AbortSignal): Promise<boolean>
}

const maxFileBytes = 256 * 1024
const maxEntries = 2_000
const blobName = /^([a-z0-9_-]{2,32})(?:\.[a-z0-9_-]{1,32})?\.spl$/

/** `<data>/profiles`: one CHIP.json for each chip, and the SPLs that some of them name. */
export function createProfileFolder(dataFolder: string, socs: ReadonlyMap<string, Soc>, { read }: ProfileReading): ProfileFolder {
  const folder = join(dataFolder, 'profiles')

  /** The only way to a path: a chip of the catalogue. */
  const pathOf = (chip: string): string => {
    if (socs.has(chip)) return join(folder, `${chip}.json`)
    throw new WorkbenchError('input/not-found', `"${chip.slice(0, 40)}" is not a known chip`, { hint: 'The list of chips has the names' })
  }
  const blobPath = (chip: string, name: string): string => {
    if (blobName.exec(name)?.[1] === chip) return join(folder, name)
    throw new WorkbenchError('input/malformed', `The profile of ${chip} names a file that is not its own`, { context: { chip } })
  }

  const load: ProfileFolder['load'] = async (chip, variant, signal) => {
    signal.throwIfAborted()
    const path = pathOf(chip)
    const bytes = await readWhole(path, maxFileBytes)
    if (!bytes) throw new WorkbenchError('input/missing-file', `The boot profile of ${chip} is missing: ${path}`, { context: { path }, hint: 'Import the profiles of the public recovery tool, or give one with --profile' })
    const { profile, splBlobName } = read(new TextDecoder().decode(bytes), chip, variant)
    if (splBlobName === undefined) return { path, profile, spl: undefined }
    const spl = await readWhole(blobPath(chip, splBlobName), maxFileBytes)
    if (!spl || spl.length === 0) throw new WorkbenchError('input/missing-file', `The SPL of ${chip} is missing: ${join(folder, splBlobName)}`, { context: { chip }, hint: 'Import the profiles again' })
    return { path, profile, spl }
  }

  const filesOf = async (): Promise<readonly string[]> => {
    try {
      const names = await readdir(folder)
      if (names.length > maxEntries) throw new WorkbenchError('input/too-large', `${folder} holds more than ${maxEntries} files`)
      return names.sort()
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return []
      throw cause instanceof WorkbenchError ? cause : new WorkbenchError('host/io', `${folder} cannot be read: ${reasonOf(cause)}`, { cause })
    }
  }

  return {
    store: async (profiles, signal) => {
      await makeFolders(folder, 0o700).catch((cause: unknown) => { throw new WorkbenchError('host/io', `${folder} cannot be made: ${reasonOf(cause)}`, { cause }) })
      for (const { chip, json, blobs } of profiles) {
        signal.throwIfAborted()
        const path = pathOf(chip)
        for (const { name, bytes } of blobs) await writeWhole(blobPath(chip, name), bytes)
        await writeWhole(path, new TextEncoder().encode(json))
      }
    },
    list: async (signal) => {
      const profiles: StoredProfile[] = []
      const damaged: { file: string; error: WireError }[] = []
      for (const file of await filesOf()) {
        const chip = /^(.+)\.json$/.exec(file)?.[1]
        if (chip === undefined || !socs.has(chip)) continue
        try {
          const bytes = await readWhole(pathOf(chip), maxFileBytes)
          if (!bytes) continue
          const { variants } = read(new TextDecoder().decode(bytes), chip, undefined)
          for (const variant of [undefined, ...variants]) await load(chip, variant, signal)
          profiles.push({ chip, variants })
        } catch (error) {
          if (!(error instanceof WorkbenchError)) throw error
          damaged.push({ file, error: toWire(error) })
        }
      }
      return { profiles, damaged }
    },
    load,
    remove: async (chip, signal) => {
      signal.throwIfAborted()
      const path = pathOf(chip)
      const files = await filesOf()
      // The profile first: without its SPL it would be damaged, without itself the SPL is nothing.
      const own = [`${chip}.json`, ...files.filter((file) => blobName.exec(file)?.[1] === chip)].filter((file) => files.includes(file))
      for (const file of own) {
        await rm(join(folder, file), { force: true }).catch((cause: unknown) => { throw new WorkbenchError('host/io', `${path} cannot be removed: ${reasonOf(cause)}`, { cause }) })
      }
      return own.includes(`${chip}.json`)
    },
  }
}
