import { z } from 'zod'

/** When something passed on a console. Received bytes come over the byte lane; a mark tells the time of those from its position on. */
export const consoleMarkSchema = z.object({
  sequence: z.number().int(),
  /** In the console's whole history, as in the byte lane. */
  position: z.number(),
  /** Wall time of the workbench. */
  atMs: z.number(),
  /** Of what was sent at that place: one letter for each byte. */
  sent: z.string().max(64 * 1024).optional(),
})
export type ConsoleMark = z.infer<typeof consoleMarkSchema>
