import { z } from 'zod'
import { isDevicePath } from '../devices/devicePath.ts'
import { packageVersionSchema, sha256Schema } from './updater.schema.ts'

const fileSchema = z.object({ path: z.string().refine(isDevicePath), sha256: sha256Schema, size: z.number().int().min(0), mode: z.number().int().min(0).max(0o777) })
/** The marker in the folder of a whole version. */
export const markerSchema = z.object({
  v: z.literal(1),
  version: packageVersionSchema,
  /** In the order of their start. */
  units: z.array(z.string().max(250)).max(2000),
  files: z.array(fileSchema).max(10_000),
  /** Paths of files that also stand below the root of the device, while this version is current. */
  outside: z.array(z.string().refine(isDevicePath)).max(2000).optional(),
  /** What stood there before any version put something there; kept below `.before`. */
  before: z.array(fileSchema).max(2000).optional(),
})
export type SnapshotMarker = z.infer<typeof markerSchema>
export type SnapshotFile = SnapshotMarker['files'][number]

/** What is under way; beside the versions. */
export const deployJournalSchema = z.object({
  v: z.literal(1),
  version: packageVersionSchema,
  from: z.string().max(100).nullable(),
  /** In the order of their start; known before anything is touched. */
  units: z.array(z.string().max(250)).max(2000),
  /** Somebody wanted `from` again: `version` is what is left. */
  back: z.literal(true).optional(),
})
export type DeployJournal = z.infer<typeof deployJournalSchema>
