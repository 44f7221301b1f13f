import type { BootProfile, Soc } from '../../../shared/devices/deviceProfile.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { hasAddressesOf } from './importProfiles.ts'
import { chooseVariant, parseProfileFile } from './profileFile.ts'

export interface ReadProfile {
  readonly profile: BootProfile
  readonly splBlobName: string | undefined
  readonly variants: readonly string[]
}

/** For what lies in the data folder: somebody may have edited it since. A profile with other addresses than the chip's is `input/conflict`. */
export function readStoredProfile(text: string, soc: Soc, variant: string | undefined): ReadProfile {
  const parsed = parseProfileFile(text, `${soc.name}.json`)
  const { profile, splBlobName } = chooseVariant(parsed, soc.name, variant)
  if (!hasAddressesOf(profile, soc)) {
    throw new WorkbenchError('input/conflict', `The boot profile of ${soc.name} is for other addresses than this chip has`, { context: { chip: soc.name }, hint: 'Import the profile of this very chip: a wrong one can hang it' })
  }
  return { profile, splBlobName, variants: parsed.variants.flatMap((each) => each.variant ?? []) }
}
