import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { wireErrorSchema } from '../errors/wireError.schema.ts'
import { viewerSchema } from './consoleTools.schema.ts'

/** More cameras than this are typed to only when their number was typed, too. */
export const mostUnconfirmed = 8

export const broadcastRequestSchema = z.object({
  cameraIds: z.array(cameraIdSchema).min(1).max(512),
  /** Without its end: each camera has its own. */
  line: z.string().max(4_000),
  /** How many cameras the person says these are. */
  confirmed: z.number().int().min(1).max(512).optional(),
  /** Who types: a console that somebody else writes into refuses it. */
  viewer: viewerSchema.optional(),
})
export type BroadcastRequest = z.infer<typeof broadcastRequestSchema>

/** What happened at one camera. */
export const broadcastOutcomeSchema = z.object({
  cameraId: cameraIdSchema,
  /** Absent when the line went out. */
  error: wireErrorSchema.optional(),
})
export type BroadcastOutcome = z.infer<typeof broadcastOutcomeSchema>
