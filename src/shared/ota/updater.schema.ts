import { z } from 'zod'

/** Bounded so that each number stays exact. */
export const packageVersionSchema = z.string().max(40).regex(/^\d{1,9}\.\d{1,9}\.\d{1,9}$/, 'is no version such as 1.2.3')
/** One bare file name: it is joined to a folder of the updater's, in which its state lies. */
export const packageNameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'is no plain file name').refine((name) => !/^state\.json(\.tmp)?$/i.test(name), 'is the name of the updater\'s own state')
export const md5Schema = z.string().regex(/^[a-f0-9]{32}$/, 'is no MD5 of 32 lower-case hex digits')
export const sha256Schema = z.string().regex(/^[a-f0-9]{64}$/, 'is no SHA-256 of 64 lower-case hex digits')
/** More than any appliance has. */
export const mostPackageBytes = 64 * 2 ** 30

export const downloadRequestSchema = z.object({
  version: packageVersionSchema,
  package_url: z.string().max(2000).regex(/^https?:\/\/[^\s]+$/i, 'is no address that begins with http:// or https://'),
  package_name: packageNameSchema,
  package_size: z.number().int().min(1, 'is not more than 0').max(mostPackageBytes),
  package_md5: md5Schema,
  package_sha256: sha256Schema.optional(),
})
export type DownloadRequest = z.infer<typeof downloadRequestSchema>

export const updateRequestSchema = z.object({ version: packageVersionSchema })
export type UpdateRequest = z.infer<typeof updateRequestSchema>

export const updaterStageSchema = z.enum(['idle', 'downloading', 'verifying', 'toInstall', 'installing', 'rebooting', 'success', 'failed'])
export type UpdaterStage = z.infer<typeof updaterStageSchema>

/** What is told to the service on port 9080, and stands in `data` of a progress answer. */
export const updaterProgressSchema = z.object({
  stage: updaterStageSchema,
  progress: z.number().int().min(0).max(100),
  message: z.string().max(4000),
  error: z.string().max(8000).nullable(),
})
export type UpdaterProgress = z.infer<typeof updaterProgressSchema>

/** The real code stands in the body; the status of HTTP is always 200. */
export const updaterAnswerSchema = z.object({
  code: z.number().int(),
  msg: z.string().max(8000),
  data: updaterProgressSchema.nullable().optional(),
  stage: updaterStageSchema.optional(),
  progress: z.number().optional(),
})
export type UpdaterAnswer = z.infer<typeof updaterAnswerSchema>

/** Beside the facts of the service; an updater of another make does not tell it. */
export const updaterVersionsSchema = z.object({ current: packageVersionSchema.nullable(), previous: packageVersionSchema.nullable(), factory: packageVersionSchema.nullable() })
export type UpdaterVersions = z.infer<typeof updaterVersionsSchema>

/** `tmp/state.json`. `error` and the SHA-256 are ours; a reader that does not know them leaves them out. */
export const updaterStateSchema = z.object({
  version: packageVersionSchema,
  package_url: z.string().max(2000),
  package_name: packageNameSchema,
  package_size: z.number().int().min(1).max(mostPackageBytes),
  package_md5: md5Schema,
  package_sha256: sha256Schema.optional(),
  bytes_downloaded: z.number().int().min(0),
  last_update: z.string().max(40),
  stage: updaterStageSchema,
  verified_at: z.iso.datetime({ offset: true }).nullable(),
  error: z.string().max(8000).optional(),
})
export type UpdaterState = z.infer<typeof updaterStateSchema>
