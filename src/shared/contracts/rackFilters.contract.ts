import { oc } from '@orpc/contract'
import { z } from 'zod'
import { rackFilterSchema } from '../rack/rackFilter.schema.ts'

export const rackFiltersContract = {
  /** By name. */
  list: oc.input(z.object({}).optional()).output(z.array(rackFilterSchema)),
  /** One of that name is replaced. `input/too-large` where there are 64 others. */
  save: oc.input(rackFilterSchema).output(z.array(rackFilterSchema)),
  remove: oc.input(z.object({ name: z.string().max(48) })).output(z.array(rackFilterSchema)),
}
