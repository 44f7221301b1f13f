import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { approvalSchema } from '../doors/doors.schema.ts'

/** Plans that an assistant made; only a person says yes, by this or on the command line. */
export const approvalsContract = {
  /** Those of the last hour: now, then again whenever they are others. */
  watch: oc.input(z.object({}).optional()).output(eventIterator(z.array(approvalSchema))),
  /** A yes is for one start; a no takes the plan away, also after a yes. `input/not-found` when it is gone. */
  decide: oc.input(approvalSchema.pick({ hash: true }).extend({ isApproved: z.boolean() })).output(approvalSchema),
}
