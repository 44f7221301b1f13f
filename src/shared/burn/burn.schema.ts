import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { wireErrorSchema } from '../errors/wireError.schema.ts'
import { plannedPartitionSchema, plannedPhaseSchema } from '../restore/restore.schema.ts'

export const burnRequestSchema = z.object({
  cameraId: cameraIdSchema,
  profilePath: z.string().max(4096).optional(),
  ubootPath: z.string().max(4096).optional(),
  /** U-Boot is stopped to prove that it runs; afterwards it stays at its prompt, or goes on to boot what is in flash. */
  stay: z.boolean().default(true),
})
export type BurnRequest = z.infer<typeof burnRequestSchema>

/** A U-Boot into the camera's RAM and nothing else: the flash is not touched. */
export const burnPlanSchema = z.object({
  hash: z.string().length(64),
  request: burnRequestSchema,
  cameraName: z.string(),
  podName: z.string(),
  chip: z.string(),
  flashBytes: z.number().int().min(0),
  /** Nothing is written; the field is what plans have in common. */
  partitions: z.array(plannedPartitionSchema).max(0),
  boot: z.object({ method: z.enum(['pod', 'boot-rom']), profile: z.string(), uboot: z.string(), blobBytes: z.number().int().min(0) }),
  phases: z.array(plannedPhaseSchema),
  forecastMs: z.number().min(0),
  warnings: z.array(z.string()),
  refusals: z.array(wireErrorSchema),
})
export type BurnPlan = z.infer<typeof burnPlanSchema>
