import { z } from 'zod'
import { cameraIdSchema, podIdSchema } from '../devices/ids.ts'
import { inventorySchema, placeSchema } from './inventory.schema.ts'

const name = z.string().trim().min(1).max(64)
const inventory = inventorySchema.shape

/** The rack as people read and write it: what is absent stays as it is, and `null` takes away. A key that is not here is refused. */
export const rackDocumentSchema = z.strictObject({
  rackbench: z.literal(1),
  pods: z.array(z.strictObject({
    id: podIdSchema.optional(),
    name: name.optional(),
    address: z.string().trim().min(1).max(512).optional(),
    /** Looked at apart: its keys depend on its kind. */
    power: z.record(z.string(), z.unknown()).nullable().optional(),
    camera: z.strictObject({
      id: cameraIdSchema.optional(),
      name: name.optional(),
      chip: z.string().trim().min(1).max(64).optional(),
      labels: inventory.labels.removeDefault().optional(),
      group: inventory.group.removeDefault().optional(),
      notes: inventory.notes.removeDefault().optional(),
      maintenance: z.strictObject({ sinceMs: z.number().min(0), note: z.string().max(400) }).nullable().optional(),
      place: placeSchema.strict().nullable().optional(),
    }),
  })),
})
export type RackDocument = z.infer<typeof rackDocumentSchema>
export type DocumentPod = RackDocument['pods'][number]
