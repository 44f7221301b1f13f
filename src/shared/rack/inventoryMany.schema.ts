import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { inventorySchema, labelSchema } from './inventory.schema.ts'

const labels = z.array(labelSchema).max(32).default([])

/** One thing said of many cameras: what is absent stays as it is on each. */
export const inventoryManySchema = z.object({
  cameraIds: z.array(cameraIdSchema).min(1).max(1000).refine((ids) => new Set(ids).size === ids.length, 'each camera once'),
  addLabels: labels,
  removeLabels: labels,
  group: inventorySchema.shape.group.removeDefault().optional(),
  maintenance: z.object({ note: z.string().max(400) }).nullable().optional(),
  /** Their number, typed, when more than eight go into maintenance or leave it. */
  confirm: z.string().max(16).optional(),
})
export type InventoryMany = z.infer<typeof inventoryManySchema>

export const inventoryOutcomeSchema = z.object({
  cameraId: cameraIdSchema,
  camera: z.string(),
  /** same: it was so already. failed: `note` says why, and nothing of it was changed. */
  state: z.enum(['changed', 'same', 'failed']),
  note: z.string(),
})
export type InventoryOutcome = z.infer<typeof inventoryOutcomeSchema>
