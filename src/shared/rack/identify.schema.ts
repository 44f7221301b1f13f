import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'

const named = { cameraId: cameraIdSchema, camera: z.string() }

/** What will be cut, one after the other, and what never is. Nothing is cut before a person has seen it. */
export const identifyPlanSchema = z.object({
  cuts: z.array(z.object({ ...named, power: z.string() })),
  /** Whose consoles are watched. */
  watched: z.array(z.object(named)),
  skipped: z.array(z.object({ ...named, why: z.string() })),
  forecastMs: z.number().min(0),
})
export type IdentifyPlan = z.infer<typeof identifyPlanSchema>

export const identifyMatchSchema = z.object({ port: cameraIdSchema, console: cameraIdSchema })
export type IdentifyMatch = z.infer<typeof identifyMatchSchema>

export const identifyNewsSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('cutting'), ...named, power: z.string() }),
  /** Locked or set aside since the plan was made. */
  z.object({ type: z.literal('skipped'), ...named, why: z.string() }),
  /** Exactly one console answered: it belongs to this port. None or several tell nothing. */
  z.object({ type: z.literal('seen'), ...named, power: z.string(), answered: z.array(z.object(named)), match: identifyMatchSchema.optional() }),
  z.object({ type: z.literal('done'), matches: z.array(identifyMatchSchema) }),
])
export type IdentifyNews = z.infer<typeof identifyNewsSchema>
