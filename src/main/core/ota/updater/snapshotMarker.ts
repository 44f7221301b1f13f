import { markerSchema, type SnapshotMarker } from '../../../../shared/ota/snapshot.schema.ts'

/** In the folder of a version: it is whole. Written last, and what it lists was read back before. */
export const markerName = '.complete'
export const mostMarkerBytes = 2 * 2 ** 20

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
