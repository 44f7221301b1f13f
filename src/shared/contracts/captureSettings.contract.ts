import { oc } from '@orpc/contract'
import { z } from 'zod'
import { captureSettingsChangeSchema, captureSettingsSchema } from '../captures/captures.schema.ts'

export const captureSettingsContract = {
  read: oc.input(z.object({}).optional()).output(captureSettingsSchema),
  /** Holds at once. `input/conflict` when a smaller quota would delete captures and nobody agreed; the message says how many. */
  change: oc.input(z.object({ change: captureSettingsChangeSchema, agreedToDelete: z.boolean().default(false) })).output(captureSettingsSchema),
}
