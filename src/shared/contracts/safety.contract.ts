import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { auditEntrySchema, auditQuerySchema, auditReportSchema } from '../audit/audit.schema.ts'
import { powerManySchema, powerStepSchema } from '../rack/powerAct.schema.ts'
import { secretsPlaceSchema } from '../secrets/secrets.schema.ts'

export const powerManyContract = {
  /** Each camera's way from waiting to its outcome. Ending the stream stops those that have not begun. */
  many: oc.input(powerManySchema).output(eventIterator(powerStepSchema)),
}

export const auditContract = {
  /** Newest first. */
  list: oc.input(auditQuerySchema).output(z.array(auditEntrySchema)),
  /** Every entry as it was hashed, into a new file of the data folder. `head` proves later that nothing up to it is gone. */
  export: oc.input(z.object({}).optional()).output(z.object({ path: z.string(), entries: z.number().int(), bytes: z.number().int(), head: z.string() })),
  /** The whole chain; with a head that was noted elsewhere also whether anything up to it was cut off. */
  verify: oc.input(z.object({ head: z.string().max(64).optional() })).output(auditReportSchema),
}

export const secretsContract = {
  where: oc.input(z.object({}).optional()).output(secretsPlaceSchema),
}
