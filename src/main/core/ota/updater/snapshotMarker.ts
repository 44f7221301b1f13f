import { z } from 'zod'
import { isDevicePath } from '../../../../shared/devices/devicePath.ts'
import { packageVersionSchema, sha256Schema } from '../../../../shared/ota/updater.schema.ts'

/** In the folder of a version: it is whole. Written last, and what it lists was read back before. */
export const markerName = '.complete'
export const mostMarkerBytes = 2 * 2 ** 20

const markerSchema = z.object({
  v: z.literal(1),
  version: packageVersionSchema,
  /** In the order of their start. */
  units: z.array(z.string().max(250)).max(2000),
  files: z.array(z.object({ path: z.string().refine(isDevicePath), sha256: sha256Schema, size: z.number().int().min(0), mode: z.number().int().min(0).max(0o777) })).max(10_000),
})
export type SnapshotMarker = z.infer<typeof markerSchema>
export type SnapshotFile = SnapshotMarker['files'][number]

/** `undefined` when it is none of ours: a snapshot that somebody made by hand has an empty one. */
export function readMarker(text: string): SnapshotMarker | undefined {
  try {
    return markerSchema.parse(JSON.parse(text))
  } catch {
    // Told by being absent: such a version is there and complete, and what it consists of is not known.
    return undefined
  }
}
export const markerText = (marker: SnapshotMarker): string => `${JSON.stringify(marker)}\n`
