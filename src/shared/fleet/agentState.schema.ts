import { z } from 'zod'
import { ackMessageSchema, ackStatusSchema, commandActionSchema, fleetUuidSchema } from './command.schema.ts'

/** Records kept at most; the oldest finished one goes first. */
export const mostRecords = 1_000
/** Each record has four acknowledgements at most, and a repetition of all that are known is waited for once. */
export const mostUnsent = 4 * mostRecords

const timestamp = z.iso.datetime({ offset: true })

/** One command as this screen knows it. What a refused message did not say is null. */
export const agentRecordSchema = z.strictObject({
  command_id: fleetUuidSchema, action: commandActionSchema.nullable(),
  issued_at: timestamp.nullable(), expires_at: timestamp.nullable(), received_at: timestamp,
  status: ackStatusSchema, error_code: z.string().max(128).nullable(), error_message: z.string().max(4000).nullable(),
  boot_id_before: z.string().max(64).nullable(),
  /** What was told of it, in order: a repetition of the command is answered with it. */
  acks: z.array(ackStatusSchema).max(4),
})
export type AgentRecord = z.infer<typeof agentRecordSchema>

/** All that a screen has to know after a crash. */
export const agentStateSchema = z.strictObject({
  version: z.literal(1), client_uuid: fleetUuidSchema,
  commands: z.array(agentRecordSchema).max(mostRecords + 1),
  /** Between the call of the helper and the proof of what it did. */
  pending_recovery: z.strictObject({ command_id: fleetUuidSchema, boot_id: z.string().max(64), since: timestamp }).nullable(),
  /** Acknowledgements the broker has not confirmed, in order. */
  unsent: z.array(ackMessageSchema).max(mostUnsent),
  /** Of commands up to this time nobody knows here any more whether they were done, so none of them is. */
  refuse_issued_until: timestamp.nullable(),
})
export type AgentState = z.infer<typeof agentStateSchema>

export const emptyAgentState = (clientUuid: string): AgentState =>
  ({ version: 1, client_uuid: clientUuid, commands: [], pending_recovery: null, unsent: [], refuse_issued_until: null })
