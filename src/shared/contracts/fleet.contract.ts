import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { commandActionSchema, fleetUuidSchema } from '../fleet/command.schema.ts'
import { commandEventSchema, fleetCommandSchema, keptAckSchema } from '../fleet/commandView.schema.ts'
import { fleetBrokerStateSchema, fleetSettingsSchema } from '../fleet/fleetSettings.schema.ts'
import { bulkItemSchema, bulkRunSchema, escalationOutcomeSchema, fleetAlertSchema, fleetClientSchema, mostBulkClients, securityNoteSchema } from '../fleet/fleetView.schema.ts'

const reason = z.string().max(4_000).nullable().optional()
const requestedBy = z.number().int().min(1).nullable().optional()
const bulkWish = z.object({ clients: z.array(fleetUuidSchema).min(1).max(mostBulkClients), action: commandActionSchema, reason, requestedBy })
const issued = z.object({ command: fleetCommandSchema, repeated: z.boolean() })
const canary = z.object({ ended: z.number(), bad: z.number(), ratio: z.number(), isTriggered: z.boolean() })
const bulkView = z.object({ run: bulkRunSchema, items: z.array(bulkItemSchema), canary })

export const fleetClientViewSchema = fleetClientSchema.extend({
  lockout: z.object({ used: z.number(), most: z.number(), retryAfterS: z.number().optional() }), hasPoorLink: z.boolean(), recentReconnects: z.number(), alert: fleetAlertSchema.optional(),
})
export type FleetClientView = z.infer<typeof fleetClientViewSchema>

export const fleetViewSchema = z.object({ broker: fleetBrokerStateSchema, settings: fleetSettingsSchema, nowMs: z.number(), open: z.number(), alerts: z.array(fleetAlertSchema), bulks: z.array(bulkRunSchema) })
export type FleetView = z.infer<typeof fleetViewSchema>

export const fleetClientWishSchema = z.object({ uuid: fleetUuidSchema, name: z.string().max(120).optional(), hasPoe: z.boolean(), powerCycleAllowed: z.boolean(), escalatesAlone: z.boolean().optional(), cameraId: cameraIdSchema.nullable().optional() })
export type FleetClientWish = z.infer<typeof fleetClientWishSchema>

export const fleetContract = {
  /** Now, then again whenever something changed, at most four times a second. */
  watch: oc.input(z.object({}).optional()).output(eventIterator(fleetViewSchema)),
  /** Each command that changed, from now on; of one that changes faster than it is read, the last. */
  watchCommands: oc.input(z.object({}).optional()).output(eventIterator(fleetCommandSchema)),
  /** Most recent first. */
  list: oc.input(z.object({ clientUuid: fleetUuidSchema.optional(), group: fleetUuidSchema.optional(), open: z.boolean().optional(), limit: z.number().int().min(1).max(10_000).default(1_000) })).output(z.array(fleetCommandSchema)),
  get: oc.input(z.object({ id: fleetUuidSchema })).output(z.object({ command: fleetCommandSchema, events: z.array(commandEventSchema), acks: z.array(keptAckSchema) })),
  /** `input/conflict` while the same client has an open one of this action. One that the lockout stops comes back as `blocked`, with when to try again. */
  issue: oc.input(z.object({ clientUuid: fleetUuidSchema, action: commandActionSchema, reason, requestedBy, idempotencyKey: z.string().min(1).max(200).optional() })).output(issued),
  cancel: oc.input(z.object({ id: fleetUuidSchema })).output(fleetCommandSchema),
  previewBulk: oc.input(bulkWish).output(z.object({ confirmation: z.string(), items: z.array(z.object({ clientUuid: fleetUuidSchema, verdict: z.enum(['ready', 'blocked', 'busy']), retryAfterS: z.number().optional() })) })),
  /** With the words of the preview, typed by a person. */
  issueBulk: oc.input(bulkWish.extend({ confirmation: z.string().max(100) })).output(bulkView),
  bulk: oc.input(z.object({ id: fleetUuidSchema })).output(bulkView),
  clients: oc.input(z.object({ limit: z.number().int().min(1).max(20_000).default(2_000) })).output(z.array(fleetClientViewSchema)),
  /** Its name, whether it may be power-cycled when it does not come back, and whether that needs nobody to ask (`escalatesAlone`, which stays without it); `cameraId` is whose power it has, null takes that away, and without it that stays. */
  setClient: oc.input(fleetClientWishSchema).output(z.object({})),
  clearAlert: oc.input(z.object({ clientUuid: fleetUuidSchema })).output(z.object({})),
  /** The next step for a client that its command did not bring back. A power cycle is carried out before this answers. */
  escalate: oc.input(z.object({ id: fleetUuidSchema })).output(z.object({ step: z.enum(['none', 'power_cycle', 'manual']), why: z.string(), retryAfterS: z.number().optional(), outcome: escalationOutcomeSchema.optional() })),
  /** Messages that were refused; most recent first. */
  security: oc.input(z.object({ limit: z.number().int().min(1).max(5_000).default(200) })).output(z.array(securityNoteSchema)),
  /** Opens or closes it, and keeps that. An empty password takes the kept one away; an absent one leaves it. */
  setBroker: oc.input(fleetSettingsSchema.extend({ password: z.string().max(512).optional() })).output(fleetBrokerStateSchema),
  /** An account at the broker within; its password is shown this once. */
  addAccount: oc.input(z.object({ uuid: fleetUuidSchema })).output(z.object({ user: z.string(), password: z.string() })),
}
