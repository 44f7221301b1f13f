import { z } from 'zod'
import { wireErrorSchema } from '../errors/wireError.schema.ts'
import { restoreRequestSchema } from './restore.schema.ts'

const bytes = z.number().int().min(0)

/** One partition as a person types it. An empty offset: behind the one before. Size `-`: the rest. Flags: `ro`, `lk`, `slc` in a row. */
export const layoutRowSchema = z.object({ name: z.string().max(64), offset: z.string().max(24), size: z.string().max(24), flags: z.string().max(16) })
export type LayoutRow = z.infer<typeof layoutRowSchema>

export const layoutRequestSchema = z.object({
  /** Read instead of the rows: a table from elsewhere. */
  text: z.string().max(8192).optional(),
  /** The driver's name for the chip, before the colon. */
  id: z.string().max(64),
  rows: z.array(layoutRowSchema).max(64),
  flashType: restoreRequestSchema.shape.flashType,
  /** 0: nobody knows, and nothing is said about the end of the flash. */
  flashBytes: bytes,
})
export type LayoutRequest = z.input<typeof layoutRequestSchema>

export const layoutViewSchema = z.object({
  id: z.string(),
  /** As given, or as read from the text. */
  rows: z.array(layoutRowSchema),
  /** What a restore request takes. Where there is a problem it is a text that every plan refuses. */
  text: z.string(),
  /** In the order of the rows; empty where there is a problem. */
  parts: z.array(z.object({ name: z.string(), offsetBytes: bytes, lengthBytes: bytes })),
  findings: z.array(z.object({ severity: z.enum(['error', 'warning']), part: z.string(), message: z.string() })),
  problem: wireErrorSchema.optional(),
})
export type LayoutView = z.infer<typeof layoutViewSchema>
