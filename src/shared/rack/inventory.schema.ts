import { z } from 'zod'

/** `key` or `key=value`, as people sort cameras: "lens=4mm", "firmware-2.5", "qa". */
export const labelSchema = z.string().trim().min(1).max(48).regex(/^[\p{L}\p{N}][\p{L}\p{N} ._:/=+-]*$/u, 'letters, digits and . _ : / = + - only')

/** Where a pod hangs. Rows are counted from the top, slots from the left, both from 1. */
export const placeSchema = z.object({ rack: z.string().trim().min(1).max(64), row: z.number().int().min(1).max(64), slot: z.number().int().min(1).max(64) })
export type Place = z.infer<typeof placeSchema>

/** What people say about a camera, as opposed to what was read from it. */
export const inventorySchema = z.object({
  labels: z.array(labelSchema).max(32).default([]),
  group: z.string().trim().max(64).default(''),
  notes: z.string().max(4000).default(''),
  /** Set aside by a person: no job takes it and no act on many touches it. */
  maintenance: z.object({ sinceMs: z.number(), note: z.string().max(400) }).optional(),
  place: placeSchema.optional(),
})
export type Inventory = z.infer<typeof inventorySchema>

export const emptyInventory: Inventory = { labels: [], group: '', notes: '' }

/** What a person changes of it: what is absent stays, and `null` takes away. */
export const inventoryChangeSchema = z.object({
  labels: inventorySchema.shape.labels.removeDefault().optional(),
  group: inventorySchema.shape.group.removeDefault().optional(),
  notes: inventorySchema.shape.notes.removeDefault().optional(),
  /** Its beginning is the moment of the change. */
  maintenance: z.object({ note: z.string().max(400) }).nullable().optional(),
  place: placeSchema.nullable().optional(),
})
export type InventoryChange = z.infer<typeof inventoryChangeSchema>
