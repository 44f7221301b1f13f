import { z } from 'zod'
import { packageVersionSchema } from './updater.schema.ts'

// Whole, as the machine that the workbench runs on has them: what is relative would be relative to nobody knows what.
const pathSchema = z.string().min(1).max(4096).regex(/^(\/|[A-Za-z]:[\\/])/, 'has to be a whole path such as /home/lab/gate')

/** Of a folder all that it holds, or of two packages what changed. */
export const packageBuildSchema = z.discriminatedUnion('of', [
  z.object({
    of: z.literal('folder'), folder: pathSchema, version: packageVersionSchema, outPath: pathSchema,
    /** In the order of their start. */
    services: z.array(z.object({ unit: z.string().min(1).max(255), path: z.string().min(1).max(1024) })).max(200),
    exclude: z.array(z.string().min(1).max(256)).max(64),
  }),
  z.object({ of: z.literal('packages'), oldPath: pathSchema, newPath: pathSchema, outPath: pathSchema }),
])
export type PackageBuild = z.infer<typeof packageBuildSchema>

export const packageMadeSchema = z.object({
  path: z.string(), version: z.string(),
  /** Only for a package of changes: the version that has to run. */
  base: z.string().optional(),
  files: z.number().int(), keptFiles: z.number().int(), deleted: z.array(z.string()).readonly(), units: z.array(z.string()).readonly(),
  /** As an updater is told them. */
  sizeBytes: z.number().int(), md5: z.string(), sha256: z.string(),
  /** Of the newer whole package of two, packed; what a package of changes is held against. */
  wholePackageBytes: z.number().int().optional(),
  wholeBytes: z.number().int(),
})
export type PackageMade = z.infer<typeof packageMadeSchema>
