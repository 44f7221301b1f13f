import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { batchIdSchema, batchPlanSchema } from '../batch/batchPlan.schema.ts'
import { batchComparisonSchema, batchDashboardSchema, batchDetailsSchema, batchSummarySchema, itemStates, itemViewSchema } from '../batch/batchView.schema.ts'
import { wireErrorSchema } from '../errors/wireError.schema.ts'

const batch = z.object({ batch: batchIdSchema })
const nothing = z.object({}).optional()

export const batchContract = {
  /** Newest first. */
  list: oc.input(nothing).output(z.array(batchSummarySchema)),
  /** All of them now, then again whenever something changed, at most four times a second. */
  watch: oc.input(nothing).output(eventIterator(z.array(batchSummarySchema))),
  get: oc.input(batch).output(batchDetailsSchema),
  /** For drawing: how the times are spread, each boot by its cycle, and the evidence of the causes. */
  dashboard: oc.input(batch).output(batchDashboardSchema),
  /** A page of its items as they stand in the matrix, with every attempt. */
  items: oc.input(batch.extend({ state: z.enum(itemStates).optional(), offset: z.number().int().min(0).default(0), limit: z.number().int().min(1).max(1_000).default(200) }))
    .output(z.object({ total: z.number().int(), items: z.array(itemViewSchema) })),
  /** A plan file of the machine that the workbench runs on. */
  read: oc.input(z.object({ path: z.string().min(1).max(4096) })).output(batchPlanSchema),
  /** What is wrong with it, or will be in the night: `start` refuses a problem, and lets warnings be. Images are read for it. */
  check: oc.input(z.object({ plan: batchPlanSchema })).output(z.object({ problem: wireErrorSchema.optional(), warnings: z.array(z.string()) })),
  /** It goes on whoever asked for it goes or stays. `aside`: cameras that are set aside for maintenance and were left out. */
  start: oc.input(z.object({ plan: batchPlanSchema })).output(batch.extend({ aside: z.array(z.string()) })),
  /** Nothing more is begun until `goOn`. */
  pause: oc.input(batch).output(z.object({})),
  goOn: oc.input(batch).output(z.object({})),
  /** These waiting items go before all others. */
  reorder: oc.input(batch.extend({ first: z.array(z.number().int().min(0)).max(1_000) })).output(z.object({})),
  /** Nothing more is begun. With `now` what runs is told to stop at its next safe point. */
  stop: oc.input(batch.extend({ now: z.boolean().default(false) })).output(z.object({})),
  report: oc.input(batch.extend({ format: z.enum(['html', 'junit', 'csv', 'json']) })).output(z.object({ text: z.string(), path: z.string() })),
  compare: oc.input(z.object({ before: batchIdSchema, after: batchIdSchema })).output(batchComparisonSchema),
}
