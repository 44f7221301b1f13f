import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'

/** More cameras than this want their number typed. */
export const confirmAbove = 8

export const powerManyRequestSchema = z.object({
  cameraIds: z.array(cameraIdSchema).min(1).max(1000),
  action: z.enum(['on', 'off', 'cycle']),
  /** Between one camera and the next: a rack that is switched on at once trips its fuse. */
  staggerMs: z.number().int().min(0).max(60_000),
  /** The number of cameras, as typed. */
  confirm: z.string().max(16).optional(),
})
export type PowerManyRequest = z.infer<typeof powerManyRequestSchema>

export const powerManyNewsSchema = z.object({
  cameraId: cameraIdSchema,
  state: z.enum(['waiting', 'acting', 'done', 'unverified', 'refused', 'failed']),
  note: z.string(),
})
export type PowerManyNews = z.infer<typeof powerManyNewsSchema>

export const powerManyContract = {
  /** One after another; whoever stops listening stops those that have not begun. */
  many: oc.input(powerManyRequestSchema).output(eventIterator(powerManyNewsSchema)),
}
