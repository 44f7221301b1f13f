import { z } from 'zod'
import { ackStatusSchema, commandActionSchema, fleetUuidSchema } from './command.schema.ts'

export const commandStates = [
  'queued', 'published', 'accepted', 'execution_started', 'awaiting_reconnect', 'completed', 'failed', 'timed_out', 'expired', 'blocked', 'canceled',
] as const
export const commandStateSchema = z.enum(commandStates)
export type CommandState = z.infer<typeof commandStateSchema>

const finals: ReadonlySet<CommandState> = new Set(['completed', 'failed', 'timed_out', 'expired', 'blocked', 'canceled'])
export const isFinal = (state: CommandState): boolean => finals.has(state)

const ms = z.number()

/** Spelled out, because a list of ten thousand is checked twice as fast as with a record. */
const timesSchema = z.strictObject({
  queued: ms.exactOptional(), published: ms.exactOptional(), accepted: ms.exactOptional(), execution_started: ms.exactOptional(), awaiting_reconnect: ms.exactOptional(), completed: ms.exactOptional(),
  failed: ms.exactOptional(), timed_out: ms.exactOptional(), expired: ms.exactOptional(), blocked: ms.exactOptional(), canceled: ms.exactOptional(),
} satisfies Record<CommandState, z.ZodExactOptional<z.ZodNumber>>)

/** One command as it is kept and shown. Its times are of the server, and never run backwards. */
export const fleetCommandSchema = z.object({
  id: fleetUuidSchema, clientUuid: fleetUuidSchema, action: commandActionSchema,
  requestedBy: z.number().int().min(1).nullable(), reason: z.string().nullable(),
  /** What stands on the wire: the clock of the wall, which a screen compares with its own. */
  issuedAt: z.string(), expiresAt: z.string(), expiresWallMs: ms,
  issuedAtMs: ms, expiresAtMs: ms,
  state: commandStateSchema,
  /** When each state was come to; one that was jumped over has the time of the jump. */
  times: timesSchema,
  /** Handed to the broker for the first time, whether or not it said so. From then on it may have been carried out. */
  sentAtMs: ms.optional(),
  /** The last moment at which the screen was seen to leave, after it had begun; taken back when it shows itself. */
  goneSinceMs: ms.optional(),
  /** Not back after the 90 s that a screen takes; a warning only. */
  overdue: z.boolean().default(false),
  /** Back sooner than any host restarts: a dry run, or acks that had waited somewhere. No figure of times counts it. */
  untimed: z.boolean().default(false),
  endedBy: z.enum(['ack', 'observed', 'timer', 'person', 'policy']).optional(),
  errorCode: z.string().optional(), errorMessage: z.string().optional(),
  /** Of a blocked one: what stopped it, and when another try makes sense. */
  blockedBy: z.enum(['lockout', 'canary']).optional(), retryAfterS: z.number().int().min(0).optional(),
  /** Those of one bulk run. */
  group: z.string().optional(),
  idempotencyKey: z.string().optional(),
  /** Which broker it is for: one that is queued for another is let be. */
  via: z.string(),
})
export type FleetCommand = z.infer<typeof fleetCommandSchema>

/** Why an ack did not move its command, or that it did. */
export const ackVerdicts = ['moved', 'repeated', 'late', 'foreign', 'unknown'] as const
export const keptAckSchema = z.object({
  number: z.number().int(), atMs: ms, commandId: fleetUuidSchema, clientUuid: fleetUuidSchema, status: ackStatusSchema,
  errorCode: z.string().nullable(), errorMessage: z.string().nullable(), verdict: z.enum(ackVerdicts),
})
export type KeptAck = z.infer<typeof keptAckSchema>

/** One row of a command's history; rows are only appended to. */
export const commandEventSchema = z.object({ number: z.number().int(), atMs: ms, commandId: fleetUuidSchema, what: z.union([commandStateSchema, z.enum(['sent', 'overdue', 'gone', 'seen'])]), detail: z.string().optional() })
export type CommandEvent = z.infer<typeof commandEventSchema>
