import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { defaultProduct, type ProductProfile, productProfileSchema } from '../../../../shared/ota/registry.schema.ts'

/** The node of the field: 256 KiB at least, 2 MiB through the door, 1500 KiB when it fetches, 900 KiB when somebody pushes. */
export const nodeProfile: ProductProfile = { name: defaultProduct, minBytes: 262_144, maxUploadBytes: 2_097_152, maxPullBytes: 1_536_000, maxPushBytes: 921_600 }

/** No door takes more, whatever a profile says: images are kept in memory while they are served. */
export const mostImageBytes = 16 * 1_048_576

export type ProfileOf = (product: string) => ProductProfile

/** A product without figures of its own has those of the node of the field. */
export function createProfiles(own: readonly ProductProfile[] = []): ProfileOf {
  const known = new Map(own.map((profile) => [profile.name, checked(profile)]))
  return (product) => known.get(product) ?? { ...nodeProfile, name: product }
}

function checked(given: ProductProfile): ProductProfile {
  const profile = productProfileSchema.parse(given)
  if (profile.maxUploadBytes > mostImageBytes || profile.minBytes > profile.maxPullBytes) {
    throw new WorkbenchError('input/malformed', `The sizes of the product "${profile.name}" do not fit together`, { hint: 'The smallest is at most what a node fetches, and nothing is above 16 MiB' })
  }
  return profile
}

export function checkSize(sizeBytes: number, { minBytes, maxUploadBytes }: ProductProfile): void {
  if (sizeBytes < minBytes) throw new WorkbenchError('input/malformed', `${sizeBytes} bytes are too few for a firmware image; the least is ${minBytes}`, { context: { sizeBytes, minBytes, reason: 'TooSmall' }, hint: 'Was it cut off on its way?' })
  if (sizeBytes > maxUploadBytes) throw new WorkbenchError('input/too-large', `${sizeBytes} bytes are too many for a firmware image; the most is ${maxUploadBytes}`, { context: { sizeBytes, maxUploadBytes, reason: 'TooLarge' } })
}
