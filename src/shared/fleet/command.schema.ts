import { z } from 'zod'

/** No payload on any of these topics is larger; more than a reason or an error message of full length, written in escapes, takes. */
export const mostMessageBytes = 64 * 1024

const mostReason = 2000
const mostErrorCode = 128
const mostErrorMessage = 4000
// Lower case alone: an id in two spellings would be two commands to whoever looks for duplicates.
const uuidPattern = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'

export const fleetUuidSchema = z.string().regex(new RegExp(uuidPattern), 'a UUID in lower case')
/** Characters and not halves of them, the way JSON Schema counts. */
const atMost = (most: number): z.ZodString => z.string().refine((text) => [...text].length <= most, `at most ${most} characters`)
const timestamp = z.iso.datetime({ offset: true })

export const commandActions = ['reboot_host', 'shutdown_host'] as const
export const commandActionSchema = z.enum(commandActions)
export type CommandAction = z.infer<typeof commandActionSchema>

export const ackStatuses = ['accepted', 'execution_started', 'completed', 'failed'] as const
export const ackStatusSchema = z.enum(ackStatuses)
export type AckStatus = z.infer<typeof ackStatusSchema>

/** What a screen is told, schema 1.0. All eight are there and nothing else is. */
export const commandMessageSchema = z.strictObject({
  schema_version: z.literal('1.0'),
  command_id: fleetUuidSchema, client_uuid: fleetUuidSchema, action: commandActionSchema,
  issued_at: timestamp, expires_at: timestamp,
  requested_by: z.number().int().min(1).nullable(), reason: atMost(mostReason).nullable(),
})
export type CommandMessage = z.infer<typeof commandMessageSchema>

/** What it says about that. A code and words belong to `failed`; beside another status they are read over. */
export const ackMessageSchema = z.strictObject({
  command_id: fleetUuidSchema, status: ackStatusSchema,
  error_code: atMost(mostErrorCode).nullable(), error_message: atMost(mostErrorMessage).nullable(),
}).refine(({ status, error_code, error_message }) => status !== 'failed' || (!!error_code && !!error_message), 'a failure says its code and its words')
export type AckMessage = z.infer<typeof ackMessageSchema>

const draft = 'https://json-schema.org/draft/2020-12/schema'
const uuid = { type: 'string', format: 'uuid', pattern: uuidPattern } as const
const dateTime = { type: 'string', format: 'date-time' } as const

/** The contract itself, frozen: what both ends check their messages against. A test holds its bytes. */
export const commandJsonSchema = {
  $schema: draft, title: 'Fleet command 1.0', type: 'object', additionalProperties: false,
  required: ['schema_version', 'command_id', 'client_uuid', 'action', 'issued_at', 'expires_at', 'requested_by', 'reason'],
  properties: {
    schema_version: { const: '1.0' }, command_id: uuid, client_uuid: uuid, action: { enum: commandActions },
    issued_at: dateTime, expires_at: dateTime,
    requested_by: { type: ['integer', 'null'], minimum: 1 }, reason: { type: ['string', 'null'], maxLength: mostReason },
  },
  examples: [{
    schema_version: '1.0', command_id: '5d1f8b4b-7e85-44fb-8f38-3f5d5da5e2e4', client_uuid: '9b8d1856-ff34-4864-a726-12de072d0f77', action: 'reboot_host',
    issued_at: '2026-04-03T12:48:10Z', expires_at: '2026-04-03T12:52:10Z', requested_by: 1, reason: 'Picture frozen since noon',
  }],
} as const

export const ackJsonSchema = {
  $schema: draft, title: 'Fleet command acknowledgement 1.0', type: 'object', additionalProperties: false,
  required: ['command_id', 'status', 'error_code', 'error_message'],
  properties: {
    command_id: uuid, status: { enum: ackStatuses },
    error_code: { type: ['string', 'null'], maxLength: mostErrorCode }, error_message: { type: ['string', 'null'], maxLength: mostErrorMessage },
  },
  if: { properties: { status: { const: 'failed' } }, required: ['status'] },
  then: { properties: { error_code: { type: 'string', minLength: 1 }, error_message: { type: 'string', minLength: 1 } } },
} as const

/** The codes that a screen of ours gives a failure. Another's are shown as they come. */
export const refusalCodes = [
  'invalid_json', 'invalid_schema', 'wrong_client', 'stale_command', 'clock_skew', 'helper_missing', 'permission_denied',
  'execution_failed', 'execution_timeout', 'reboot_not_observed', 'busy',
] as const
export type RefusalCode = (typeof refusalCodes)[number]
