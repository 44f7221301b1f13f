import { z } from 'zod'
import { sessionIdSchema } from '../captures/captures.schema.ts'

/** What a camera's own console says of its board, as support asks for it first. */
export const boardFactNames = ['sensor', 'flash', 'partitions', 'firmware'] as const
export type BoardFactName = (typeof boardFactNames)[number]

export const boardViewSchema = z.object({
  /** Each as it was said last; what was never said is absent. */
  facts: z.array(z.object({
    fact: z.enum(boardFactNames),
    text: z.string().max(400),
    atMs: z.number(),
    /** The line that says so. */
    session: sessionIdSchema, offset: z.number().int().min(0),
  })),
  /** The last byte that is kept of its console; absent while nothing is. */
  heardAtMs: z.number().optional(),
  /** In words, when not all that was said can be found yet. */
  note: z.string(),
})
export type BoardView = z.infer<typeof boardViewSchema>
