import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { boardReleasesViewSchema, boardReleaseViewSchema, chosenFilesSchema, mirrorSettingsSchema, mirrorStateSchema, releaseBuildSchema, releaseChoiceSchema, releaseVersionSchema } from '../ota/boardReleases.schema.ts'

const one = z.object({ version: releaseVersionSchema })

/** Releases of MicroPython boards: built from a folder, kept by their hashes, offered over a mirror. */
export const boardReleasesContract = {
  /** All of it now, then again whenever something changed. */
  watch: oc.input(z.object({}).optional()).output(eventIterator(boardReleasesViewSchema)),
  /** What a release of this folder would hold. */
  look: oc.input(releaseChoiceSchema).output(chosenFilesSchema),
  /** Kept, and offered to nobody yet. `input/conflict` when there is this version. */
  build: oc.input(releaseBuildSchema).output(boardReleaseViewSchema),
  /** For boards that have the older version; each was applied once and compared. */
  delta: oc.input(z.object({ version: releaseVersionSchema, from: releaseVersionSchema })).output(boardReleaseViewSchema),
  /** Every file is read back first. */
  publish: oc.input(one).output(boardReleaseViewSchema),
  withdraw: oc.input(one).output(boardReleaseViewSchema),
  /** Only what is not published. Its files go when no other release names them. */
  remove: oc.input(one).output(z.object({ freedBytes: z.number().int() })),
  /** Opens or closes the mirror, and keeps that. */
  setMirror: oc.input(mirrorSettingsSchema).output(mirrorStateSchema),
}
