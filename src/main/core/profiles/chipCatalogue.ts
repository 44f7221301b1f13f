import type { Soc } from '../../../shared/devices/deviceProfile.schema.ts'

/** What the data folder holds, by name. */
export interface HeldBootFiles {
  /** Chips whose stored profile can be used. */
  readonly profiles: ReadonlySet<string>
  /** Names of U-Boot images: the public build's name, or the chip's own where there is no public build. */
  readonly uboots: ReadonlySet<string>
}

export type ChipNeed = 'profile' | 'U-Boot image'

export interface ChipEntry {
  readonly name: string
  readonly protocol: Soc['protocol']
  /** A camera with this chip can be started over its boot ROM now. */
  readonly ready: boolean
  /** What is missing for that, in words for a person. */
  readonly needs: readonly ChipNeed[]
  /** Its U-Boot can be downloaded; otherwise somebody has to have one. */
  readonly hasPublicUboot: boolean
}

/** Under which name its U-Boot lies in the data folder. */
export const ubootNameOf = (soc: Pick<Soc, 'name' | 'ubootName'>): string => soc.ubootName ?? soc.name

/** Only the standard boot ROM wants DDR steps beforehand; the others are given one image that brings its own. */
export const needsProfile = ({ protocol }: Pick<Soc, 'protocol'>): boolean => protocol === 'standard'

/** By name. */
export function chipCatalogue(socs: Iterable<Soc>, held: HeldBootFiles): readonly ChipEntry[] {
  return [...socs].map((soc): ChipEntry => {
    const needs: ChipNeed[] = []
    if (needsProfile(soc) && !held.profiles.has(soc.name)) needs.push('profile')
    if (!held.uboots.has(ubootNameOf(soc))) needs.push('U-Boot image')
    return { name: soc.name, protocol: soc.protocol, ready: needs.length === 0, needs, hasPublicUboot: soc.ubootName !== undefined }
  }).sort((a, b) => (a.name < b.name ? -1 : 1))
}
