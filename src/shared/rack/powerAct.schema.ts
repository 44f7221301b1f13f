import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'

export const powerActions = ['on', 'off', 'cycle'] as const
export type PowerAction = (typeof powerActions)[number]

/** More cameras than this are only switched together by somebody who has typed how many they are. */
export const manyUnconfirmed = 8

export const powerWishSchema = z.object({
  cameraId: cameraIdSchema,
  action: z.enum(powerActions),
  /** The name of the camera that a job holds, typed by a person who wants its power switched all the same. */
  force: z.string().max(64).optional(),
})
export type PowerWish = z.infer<typeof powerWishSchema>

export const powerManySchema = z.object({
  cameraIds: z.array(cameraIdSchema).min(1).max(1000).refine((ids) => new Set(ids).size === ids.length, 'each camera once'),
  action: z.enum(powerActions),
  /** Between one camera's turn and the next one's: cameras that start together draw more than a switch can give. */
  staggerMs: z.number().int().min(0).max(60_000).default(300),
  /** Their number, typed, when they are more than eight. */
  confirm: z.string().max(16).optional(),
})
export type PowerMany = z.infer<typeof powerManySchema>

export const powerStepSchema = z.object({
  cameraId: cameraIdSchema,
  /** unverified: done, and the switch has no reading that could prove it. refused: left out, `note` says why. */
  state: z.enum(['waiting', 'acting', 'done', 'unverified', 'refused', 'failed']),
  note: z.string(),
  /** What can be done about a camera that somebody has. */
  hint: z.string().optional(),
})
export type PowerStep = z.infer<typeof powerStepSchema>
