import { z } from 'zod'
import { maxBoardFileBytes, mostManifestFiles } from './mpyManifest.schema.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const sha1 = z.string().regex(/^[0-9a-f]{40}$/)
const path = z.string().min(1).max(1024)
const sizeBytes = z.number().int().min(0).max(maxBoardFileBytes)
/** It becomes a part of addresses. */
export const releaseVersionSchema = z.string().regex(/^[A-Za-z0-9][\w.+-]{0,63}$/, 'Letters, digits and . _ + -, at most 64 of them')

/** Content that the store of artifacts holds for a release. */
const keptFileSchema = z.object({ path, sha256, gitBlob: sha1, sizeBytes })
export type KeptFile = z.infer<typeof keptFileSchema>

const releaseDeltasSchema = z.object({
  from: releaseVersionSchema,
  entries: z.array(z.object({ path, file: path, oldSha256: sha256, newSha256: sha256, sha256, sizeBytes, newBytes: sizeBytes })).max(mostManifestFiles),
})

export const boardReleaseSchema = z.object({
  version: releaseVersionSchema, builtAtMs: z.number(),
  /** There is no git here: a sum of what the version holds, without its deltas, which change nothing on a board. */
  commit: sha1, signed: z.boolean(),
  /** `manifest.json` is one of them. */
  files: z.array(keptFileSchema).max(mostManifestFiles + 1),
  deltas: releaseDeltasSchema.optional(),
  /** While it is offered to boards. */
  publishedAtMs: z.number().optional(),
})
export type BoardRelease = z.infer<typeof boardReleaseSchema>

export const boardReleaseRowsSchema = z.object({ releases: z.array(boardReleaseSchema).max(1_000).default([]) })
export type BoardReleaseRows = z.infer<typeof boardReleaseRowsSchema>

export const boardReleaseViewSchema = z.object({
  version: releaseVersionSchema, builtAtMs: z.number(), signed: z.boolean(), files: z.number().int(), totalBytes: z.number().int(),
  deltas: z.object({ from: releaseVersionSchema, files: z.number().int(), newBytes: z.number().int(), deltaBytes: z.number().int() }).optional(),
  publishedAtMs: z.number().optional(),
})
export type BoardReleaseView = z.infer<typeof boardReleaseViewSchema>

export const mirrorSettingsSchema = z.object({ enabled: z.boolean().default(false), address: z.union([z.ipv4(), z.ipv6()]).default('127.0.0.1'), port: z.number().int().min(0).max(65_535).default(8090) })
export type MirrorSettings = z.infer<typeof mirrorSettingsSchema>
export const mirrorStateSchema = mirrorSettingsSchema.extend({ state: z.enum(['open', 'closed', 'failed']), url: z.string().optional(), problem: z.string().optional() })
export type MirrorState = z.infer<typeof mirrorStateSchema>

export const boardReleasesViewSchema = z.object({
  mirror: mirrorStateSchema,
  /** Highest version first. */
  releases: z.array(boardReleaseViewSchema),
  /** The version that a board which asks is brought to. */
  offered: releaseVersionSchema.optional(),
  usedBytes: z.number().int(), quotaBytes: z.number().int(),
})
export type BoardReleasesView = z.infer<typeof boardReleasesViewSchema>

const globs = z.array(z.string().min(1).max(256)).max(64)
export const releaseChoiceSchema = z.object({ folder: z.string().min(1).max(4096), include: globs.default([]), exclude: globs.default([]) })
export type ReleaseChoice = z.infer<typeof releaseChoiceSchema>
export const chosenFilesSchema = z.object({ count: z.number().int(), passedOver: z.number().int(), /** The first of them. */ paths: z.array(z.string()) })
export type ChosenFiles = z.infer<typeof chosenFilesSchema>
export const releaseBuildSchema = releaseChoiceSchema.extend({
  version: releaseVersionSchema,
  /** The key is the first line of this file of the machine that the workbench runs on; it is read for this once and not kept. */
  keyPath: z.string().min(1).max(4096).optional(),
  postUpdate: path.optional(),
})
export type ReleaseBuild = z.infer<typeof releaseBuildSchema>
