import { oc } from '@orpc/contract'
import { bundleMadeSchema, bundlePlanSchema, bundleRequestSchema } from '../captures/bundle.schema.ts'

export const bundleContract = {
  /** What would go in, and how often each rule finds something; reads the consoles and writes nothing. */
  plan: oc.input(bundleRequestSchema).output(bundlePlanSchema),
  /** A zip that opens in any browser; `input/conflict` for a file that is there, `input/too-large` for a pattern that hangs. */
  make: oc.input(bundleRequestSchema).output(bundleMadeSchema),
}
