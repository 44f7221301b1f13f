import { z } from 'zod'
import { md5Schema, mostPackageBytes, packageVersionSchema, sha256Schema } from './updater.schema.ts'

// The reader of service names is a program's argument: no blanks, no option, nothing that leaves the name.
const unitSchema = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9:_.@-]{0,199}\.(service|socket|target|timer|mount|path)$/, 'is no name of a unit such as device-api.service')
const textSchema = z.string().min(1, 'is empty').max(1024, 'is longer than 1024 letters')
export const moduleSchema = z.object({
  name: textSchema.max(200),
  src: textSchema,
  dst: textSchema,
  process_name: unitSchema.optional(),
  restart_order: z.number().int().min(-1_000_000).max(1_000_000).optional(),
  post_cmds: z.array(textSchema).max(32).optional(),
  md5: md5Schema.optional(),
  sha256: sha256Schema.optional(),
  size: z.number().int().min(0).max(mostPackageBytes).optional(),
})
export type RawModule = z.infer<typeof moduleSchema>
export const manifestSchema = z.object({ version: packageVersionSchema, modules: z.array(z.unknown()).min(1, 'is empty').max(2000) })

/** `incremental.json`; which version it names is judged by its reader, in words of its own. */
export const incrementalSchema = z.object({
  type: z.literal('incremental'),
  base_ref: z.string().max(100).optional(),
  head_ref: z.string().max(100).optional(),
  deleted: z.array(z.string().max(1024)).max(10_000).default([]),
})
