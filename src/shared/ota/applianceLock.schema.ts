import { z } from 'zod'

/** A process of the appliance itself: a number is given again, its moment of birth is not, and in a container numbers are others (`space`). */
export const processMarkSchema = z.object({ pid: z.number().int().min(1), began: z.string().max(200), space: z.string().max(100).optional() })
export type ProcessMark = z.infer<typeof processMarkSchema>

/** Whose turn it is on an appliance; the text of a link, because a link is made in one step with what it says. */
export const applianceLockSchema = z.object({
  v: z.literal(1),
  id: z.string().regex(/^[\w-]{1,64}$/),
  /** For people. */
  who: z.string().min(1).max(300),
  /** By the clock of whoever has it. */
  since: z.number().int().min(0),
  /** Absent: it works from elsewhere, and shows that it lives. */
  process: processMarkSchema.optional(),
})
export type ApplianceLockText = z.infer<typeof applianceLockSchema>
