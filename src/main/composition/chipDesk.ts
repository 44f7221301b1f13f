import type { ChipView, ProfileImportResult, UbootRefresh } from '../../shared/devices/chipView.schema.ts'
import type { Soc } from '../../shared/devices/deviceProfile.schema.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { chipCatalogue } from '../core/profiles/chipCatalogue.ts'
import { importProfiles } from '../core/profiles/importProfiles.ts'
import { readStoredProfile } from '../core/profiles/readStoredProfile.ts'
import { createProfileFolder } from '../drivers/profiles/profileFolder.ts'
import { readProfileSource } from '../drivers/profiles/profileSource.ts'
import { createUbootImages } from '../drivers/profiles/ubootImages.ts'

export interface ChipDeskDeps {
  readonly clock: Clock
  readonly fetch: typeof globalThis.fetch
  readonly socs: ReadonlyMap<string, Soc>
  readonly dataFolder: string
  /** Of U-Boot builds; the public one otherwise. */
  readonly ubootUrl?: string | undefined
}

export interface UbootWish {
  readonly chip: string
  /** It becomes the chip's image. */
  readonly file?: string | undefined
  /** Asks the public release again. Another content than before is refused, unless it was expected. */
  readonly refresh?: UbootRefresh | undefined
}

export interface GotUboot {
  readonly path: string
  readonly sha256: string
  readonly from: 'cache' | 'download' | 'file'
}

type Tell = (doneBytes: number, totalBytes: number | undefined) => void

/** The files that start a chip: what is there, what is missing, and where it comes from. */
export interface ChipDesk {
  list(signal: AbortSignal): Promise<readonly ChipView[]>
  /** Out of a folder, a file or a web address. A wrong file is refused and named; the others are taken. */
  importProfiles(source: string, signal: AbortSignal, tell?: Tell): Promise<ProfileImportResult>
  /** From the cache, else downloaded. */
  getUboot(wish: UbootWish, signal: AbortSignal, tell?: Tell): Promise<GotUboot>
}

export function createChipDesk({ clock, fetch, socs, dataFolder, ubootUrl }: ChipDeskDeps): ChipDesk {
  const socOf = (name: string): Soc => {
    const soc = socs.get(name)
    if (!soc) throw new WorkbenchError('input/not-found', `"${name.slice(0, 40)}" is not a known chip`, { hint: '"rackbench chips" lists the names' })
    return soc
  }
  const folder = createProfileFolder(dataFolder, socs, { read: (text, chip, variant) => readStoredProfile(text, socOf(chip), variant) })
  const images = createUbootImages({ dataFolder, fetch, clock, ...(ubootUrl === undefined ? {} : { baseUrl: ubootUrl }) })
  const list = async (signal: AbortSignal): Promise<readonly ChipView[]> => {
    const { profiles } = await folder.list(signal)
    const held = { profiles: new Set(profiles.map(({ chip }) => chip)), uboots: new Set(await images.list()) }
    return chipCatalogue(socs.values(), held).map(({ needs, ...chip }) => ({ ...chip, needs: [...needs] }))
  }
  return {
    list,
    importProfiles: async (source, signal, tell) => {
      const { profiles, refused, warnings } = importProfiles(await readProfileSource(source, { fetch, clock, tell }, signal), socs)
      // A profile for other addresses than the chip has could hang it: it is told, and not kept.
      const usable = profiles.filter((profile) => profile.usable)
      await folder.store(usable, signal)
      return {
        imported: usable.map(({ chip }) => chip), refused: [...refused], warnings: [...warnings],
        ready: (await list(signal)).filter(({ ready }) => ready).map(({ name }) => name),
      }
    },
    getUboot: async ({ chip, file, refresh }, signal, tell) => {
      const soc = socOf(chip)
      const name = soc.ubootName ?? soc.name
      if (file === undefined && soc.ubootName === undefined) {
        const cached = (await images.list()).includes(name)
        if (!cached || refresh !== undefined) throw new WorkbenchError('input/missing-file', `No public U-Boot build is known for ${chip}`, { context: { chip }, hint: 'Choose a U-Boot image of this chip as a file' })
      }
      const { path, sha256, from } = file !== undefined ? await images.adopt(name, file, signal)
        : refresh === undefined ? await images.get(name, signal, tell) : await images.refresh(name, { acceptOther: refresh === 'accept-other', tell }, signal)
      return { path, sha256, from }
    },
  }
}
