import { oc } from '@orpc/contract'
import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { identityViewSchema } from '../rack/identity.schema.ts'
import { inventoryChangeSchema } from '../rack/inventory.schema.ts'
import { rackImportViewSchema, rackYamlWishSchema } from '../rack/rackImport.schema.ts'

export const inventoryContract = {
  /** Labels, group, notes, place and maintenance of one camera. Kept with the rack. */
  change: oc.input(z.object({ cameraId: cameraIdSchema, change: inventoryChangeSchema })).output(z.object({})),
  /** Who the camera is, as far as its jobs have read it, and when. */
  identity: oc.input(z.object({ cameraId: cameraIdSchema })).output(identityViewSchema),
  /** The whole rack as YAML; passwords and commands are never in it. */
  exportYaml: oc.input(z.object({}).optional()).output(z.object({ text: z.string(), pods: z.number().int() })),
  /** What an import would add, change and leave alone; touches nothing. */
  planImport: oc.input(rackYamlWishSchema).output(rackImportViewSchema),
  /** All of it or nothing. `input/conflict` when the rack is no longer the one of the plan. */
  importYaml: oc.input(rackYamlWishSchema.extend({ hash: z.string().length(64) })).output(rackImportViewSchema),
}
