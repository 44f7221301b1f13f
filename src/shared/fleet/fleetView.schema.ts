import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { commandActionSchema, fleetUuidSchema } from './command.schema.ts'

const ms = z.number()

export const fleetClientSchema = z.object({
  uuid: fleetUuidSchema, name: z.string().max(120).optional(),
  /** Anything that came from it. */
  lastSeenMs: ms.optional(), lastHeartbeatMs: ms.optional(),
  /** Only a broker of our own sees connections end. */
  lastDisconnectMs: ms.optional(),
  /** By its own account. */
  reconnectCount: z.number().int().min(0).optional(), lastDisconnectAt: z.string().nullable().optional(),
  /** The counts of the last ten minutes, for the warning. */
  reconnects: z.array(z.object({ atMs: ms, count: z.number().int().min(0) })).default([]),
  hasPoe: z.boolean().default(false), powerCycleAllowed: z.boolean().default(false),
  /** After a reboot that timed out the step behind it is taken without anybody asking. */
  escalatesAlone: z.boolean().default(false),
  /** The camera or port of the rack whose power is this client's. */
  cameraId: cameraIdSchema.optional(),
})
export type FleetClient = z.infer<typeof fleetClientSchema>

/** systemd gave up; the broker keeps it until somebody clears it. */
export const fleetAlertSchema = z.object({ clientUuid: fleetUuidSchema, unit: z.string(), failedAt: z.string(), seenAtMs: ms, clearedAtMs: ms.optional() })
export type FleetAlert = z.infer<typeof fleetAlertSchema>

export const securityKinds = ['unknown_command', 'foreign_client', 'malformed', 'oversized', 'retained', 'foreign_topic', 'wrong_client'] as const
export const securityNoteSchema = z.object({ number: z.number().int(), atMs: ms, kind: z.enum(securityKinds), clientUuid: z.string(), detail: z.string() })
export type SecurityNote = z.infer<typeof securityNoteSchema>

export const bulkRunSchema = z.object({
  id: fleetUuidSchema, action: commandActionSchema, reason: z.string().nullable(), requestedBy: z.number().int().min(1).nullable(), via: z.string(), createdAtMs: ms,
  /** Stopped by the canary: the rest of it is never issued. */
  state: z.enum(['running', 'done', 'stopped']), why: z.string().optional(),
})
export type BulkRun = z.infer<typeof bulkRunSchema>

export const bulkItemSchema = z.object({ clientUuid: fleetUuidSchema, position: z.number().int().min(0), state: z.enum(['waiting', 'issued', 'refused', 'stopped']), commandId: fleetUuidSchema.optional(), why: z.string().optional() })
export type BulkItem = z.infer<typeof bulkItemSchema>

/** How a power cycle ended. `begun`: it was not seen to its end. `refused`: nothing was switched. `unverified`: the switch cannot be asked. */
export const escalationOutcomeSchema = z.enum(['begun', 'verified', 'unverified', 'refused', 'failed'])
export const escalationStepSchema = z.object({
  clientUuid: fleetUuidSchema, atMs: ms, step: z.enum(['power_cycle', 'manual']), why: z.string(),
  /** Of a power cycle only. */
  outcome: escalationOutcomeSchema.optional(),
  /** This step or one before it, since that command, may have taken the client's power: there is no second one. */
  hadCycle: z.boolean().default(false),
})
export type EscalationStep = z.infer<typeof escalationStepSchema>

/** A bulk run names at most so many clients. */
export const mostBulkClients = 1_000
/** What a person types before a bulk run starts. */
export const confirmationOf = (action: 'reboot_host' | 'shutdown_host', count: number): string => `${action === 'reboot_host' ? 'reboot' : 'shut down'} ${count}`
