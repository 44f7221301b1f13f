import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { jobIdSchema } from '../devices/ids.ts'
import { newUpdateDeviceSchema, updateDeviceIdSchema, updateDeviceViewSchema, updatePlanSchema, updateReleaseSchema, updateRequestWishSchema } from '../ota/deviceUpdate.schema.ts'
import { packageBuildSchema, packageMadeSchema } from '../ota/packageBuild.schema.ts'

const one = z.object({ id: updateDeviceIdSchema })

/** Appliances and boards that are updated from here; the jobs themselves are followed like any other. */
export const deviceUpdatesContract = {
  /** The whole list now, then again whenever something in it changed. */
  watch: oc.input(z.object({}).optional()).output(eventIterator(z.array(updateDeviceViewSchema))),
  add: oc.input(newUpdateDeviceSchema).output(one),
  /** `input/conflict` while a job has it. Nothing of the device itself is touched. */
  remove: oc.input(one).output(z.object({})),
  /** Asks the device for its version. */
  read: oc.input(one).output(updateDeviceViewSchema),
  /** The host key of an appliance over SSH, as its first look showed it: it is remembered when a login with exactly that key went well. */
  acceptKey: oc.input(z.object({ id: updateDeviceIdSchema, hostKeySha256: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'is no fingerprint') })).output(updateDeviceViewSchema),
  /** What lies in its folder of releases, newest first. */
  releases: oc.input(one).output(z.array(updateReleaseSchema)),
  /** Asks the device and reads the release; changes nothing. */
  plan: oc.input(updateRequestWishSchema).output(updatePlanSchema),
  /** A package for appliances, into a file that was not there before; it has its name only after it was read back. Ends with its window. */
  buildPackage: oc.input(packageBuildSchema).output(packageMadeSchema),
  /** Runs on when the window closes. */
  start: oc.input(z.object({ request: updateRequestWishSchema, planHash: z.string().length(64) })).output(z.object({ jobId: jobIdSchema })),
}
