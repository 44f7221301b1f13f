import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import {
  channelViewSchema, firmwareImageSchema, firmwareVersionSchema, nodeIdSchema, nodePhaseSchema, publishedSchema, publishWarningSchema, publishWishSchema,
  registryDoorSettingsSchema, registryDoorStateSchema, registryNameSchema, registryNodeSchema, registryPlaceSchema, rolloutSchema,
} from '../ota/registry.schema.ts'

export const registryViewSchema = z.object({ door: registryDoorStateSchema, images: z.array(firmwareImageSchema), channels: z.array(channelViewSchema), rollouts: z.array(rolloutSchema) })
export type RegistryView = z.infer<typeof registryViewSchema>

export const nodeQuerySchema = z.object({ product: registryNameSchema.optional(), channel: registryNameSchema.optional(), phase: nodePhaseSchema.optional(), limit: z.number().int().min(1).max(5_000).default(500) })

export const registryContract = {
  /** All of it but the nodes now, then again whenever something changed, at most four times a second. */
  watch: oc.input(z.object({}).optional()).output(eventIterator(registryViewSchema)),
  /** Most recent contact first. */
  nodes: oc.input(nodeQuerySchema).output(z.array(registryNodeSchema)),
  /** Each node whose phase changed, from now on; of one that changes faster than it is read, the last. */
  watchNodes: oc.input(z.object({}).optional()).output(eventIterator(registryNodeSchema)),
  /** A file of the machine that the workbench runs on. Kept, and offered to nobody yet. `input/conflict` when its version has other bytes. */
  add: oc.input(z.object({ path: z.string().min(1).max(4096), product: registryNameSchema.optional(), version: firmwareVersionSchema.optional() })).output(firmwareImageSchema),
  /** What publishing it would leave somebody waiting for. */
  warnings: oc.input(publishWishSchema).output(z.array(publishWarningSchema)),
  publish: oc.input(publishWishSchema).output(publishedSchema),
  /** The channel offers nothing from then on. */
  withdraw: oc.input(registryPlaceSchema).output(z.object({ changed: z.boolean() })),
  /** Releases may be for some groups alone; without one a node is in none. */
  setGroup: oc.input(z.object({ product: registryNameSchema, node: nodeIdSchema, group: registryNameSchema.optional() })).output(z.object({})),
  /** Opens or closes the door for nodes, and keeps that. An empty token takes uploads away; an absent one leaves it as it is. */
  setDoor: oc.input(registryDoorSettingsSchema.extend({ token: z.string().max(512).optional() })).output(registryDoorStateSchema),
}
