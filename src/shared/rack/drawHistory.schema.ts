import { z } from 'zod'

/** From that moment on; without watts nobody can tell, until the next point. */
export const drawPointSchema = z.object({ atMs: z.number(), watts: z.number().min(0).optional() })
export type DrawPoint = z.infer<typeof drawPointSchema>

/** What one camera drew in the last hours, as long as this program has been looking. */
export const drawHistorySchema = z.object({
  /** What switches it can tell what it draws. */
  isMeasured: z.boolean(),
  /** Oldest first. */
  points: z.array(drawPointSchema),
})
export type DrawHistory = z.infer<typeof drawHistorySchema>

/** A reading tells of so much time at most: after that the line of a plot ends, and nobody knows. */
export const drawHoldsMs = 75_000
