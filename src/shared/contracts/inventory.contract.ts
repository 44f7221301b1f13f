import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { boardViewSchema } from '../rack/boardFacts.schema.ts'
import { discoveryViewSchema } from '../rack/discovery.schema.ts'
import { identifyMatchSchema, identifyNewsSchema, identifyPlanSchema } from '../rack/identify.schema.ts'
import { identityViewSchema } from '../rack/identity.schema.ts'
import { inventoryChangeSchema } from '../rack/inventory.schema.ts'
import { inventoryManySchema, inventoryOutcomeSchema } from '../rack/inventoryMany.schema.ts'
import { rackImportViewSchema, rackYamlWishSchema } from '../rack/rackImport.schema.ts'

export const inventoryContract = {
  /** Labels, group, notes, place and maintenance of one camera. Kept with the rack. */
  change: oc.input(z.object({ cameraId: cameraIdSchema, change: inventoryChangeSchema })).output(z.object({})),
  /** The same of many, each with its own outcome. `input/conflict` when more than eight are set aside and their number was not typed. */
  setMany: oc.input(inventoryManySchema).output(z.array(inventoryOutcomeSchema)),
  /** Who the camera is, as far as its jobs have read it, and when. */
  identity: oc.input(z.object({ cameraId: cameraIdSchema })).output(identityViewSchema),
  /** What its console ever said of its board; the camera is asked nothing. */
  board: oc.input(z.object({ cameraId: cameraIdSchema })).output(boardViewSchema),
  /** What announces itself on this network in that time, and the USB adapters of this computer. Nothing found is asked anything. */
  discover: oc.input(z.object({ seconds: z.number().int().min(1).max(30).default(3) })).output(discoveryViewSchema),
  /** Which ports would be cut to find out whose console is whose; touches nothing. */
  planIdentify: oc.input(z.object({ cameraIds: z.array(cameraIdSchema).min(1).max(100) })).output(identifyPlanSchema),
  /** Cuts exactly the agreed ports, one after the other. Ends with the link: the port that is off then comes on again. */
  identify: oc.input(z.object({ cameraIds: z.array(cameraIdSchema).min(1).max(100), agreed: z.array(cameraIdSchema).max(100) })).output(eventIterator(identifyNewsSchema)),
  /** Writes down what was found. */
  assignPower: oc.input(z.object({ matches: z.array(identifyMatchSchema).max(100) })).output(z.object({})),
  /** The whole rack as YAML; passwords and commands are never in it. */
  exportYaml: oc.input(z.object({}).optional()).output(z.object({ text: z.string(), pods: z.number().int() })),
  /** What an import would add, change and leave alone; touches nothing. */
  planImport: oc.input(rackYamlWishSchema).output(rackImportViewSchema),
  /** All of it or nothing. `input/conflict` when the rack is no longer the one of the plan. */
  importYaml: oc.input(rackYamlWishSchema.extend({ hash: z.string().length(64) })).output(rackImportViewSchema),
}
