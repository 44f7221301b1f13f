import { oc } from '@orpc/contract'
import { bootComparisonSchema, bootListSchema, bootQuerySchema, compareRequestSchema } from '../captures/boots.schema.ts'

export const bootsContract = {
  /** Newest first, out of the search index. */
  list: oc.input(bootQuerySchema).output(bootListSchema),
  /** Side by side, with the first line that differs. */
  compare: oc.input(compareRequestSchema).output(bootComparisonSchema),
}
