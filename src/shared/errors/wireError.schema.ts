import { z } from 'zod'
import { errorCodes } from './workbenchError.ts'

export const wireErrorSchema = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  hint: z.string().optional(),
})
