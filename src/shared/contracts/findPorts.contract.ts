import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { findLookSchema, findNewsSchema, findPlanSchema, findWishSchema, knownUnitSchema, mostFindPorts, portMatchSchema } from '../rack/findPorts.schema.ts'

/** Outlets that nobody has written down: whose console starts when one of them is cut. */
export const findPortsContract = {
  /** Switches with several outlets, of which at least one is written down for a camera. */
  units: oc.input(z.object({}).optional()).output(z.array(knownUnitSchema)),
  /** Every outlet of one of them, and why some are not to be cut; reads only. */
  look: oc.input(findLookSchema).output(findPlanSchema),
  /** Cuts exactly the chosen ones, one after the other. Ends with the link: the outlet that is off then comes on again. */
  find: oc.input(findWishSchema).output(eventIterator(findNewsSchema)),
  /** Writes down what was found; nothing is switched. */
  assign: oc.input(z.object({ unitId: findLookSchema.shape.unitId, matches: z.array(portMatchSchema).min(1).max(mostFindPorts) })).output(z.object({})),
}
