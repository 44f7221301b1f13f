import { z } from 'zod'

/** What a board's file system could never hold is no manifest. */
export const maxManifestBytes = 256 * 1024
export const mostManifestFiles = 2000
export const maxBoardFileBytes = 16 * 1024 * 1024

const hex64 = z.string().regex(/^[0-9a-fA-F]{64}$/)
/** Only bounded here; what a path may be is decided by the path rules, which say more than a schema can. */
const pathText = z.string().max(1024)

export const mpyManifestFileSchema = z.object({
  path: pathText,
  size: z.number().int().min(0).max(maxBoardFileBytes).optional(),
  sha256: hex64.optional(),
  crc32: z.number().int().min(0).max(0xffff_ffff).optional(),
})
export type MpyManifestFile = z.infer<typeof mpyManifestFileSchema>

export const mpyManifestSchema = z.object({
  version: z.string().min(1).max(128).optional(),
  generated_at: z.string().max(64).optional(),
  files: z.array(mpyManifestFileSchema).max(mostManifestFiles),
  deletes: z.array(pathText).max(mostManifestFiles).optional(),
  post_update: pathText.optional(),
  signature: z.string().max(128).optional(),
})
export type MpyManifest = z.infer<typeof mpyManifestSchema>

/** `version.json` of a board. */
export const mpyVersionSchema = z.object({ ref: z.string().max(256), commit: z.string().max(128) })
export type MpyVersion = z.infer<typeof mpyVersionSchema>

/** `.deltas/delta_manifest.json` beside the files of a version. */
export const mpyDeltasSchema = z.object({
  old_ref: z.string().max(256), new_ref: z.string().max(256), deltas: z.number().int(),
  total_new_size: z.number(), total_delta_size: z.number(), savings_bytes: z.number(), savings_percent: z.number(),
  entries: z.array(z.object({ path: pathText, old_sha256: hex64, new_sha256: hex64, file: pathText, size: z.number().int().min(0).max(maxBoardFileBytes) })).max(mostManifestFiles),
})
export type MpyDeltas = z.infer<typeof mpyDeltasSchema>
