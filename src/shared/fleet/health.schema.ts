import { z } from 'zod'
import { fleetUuidSchema } from './command.schema.ts'

export const brokerConnectionSchema = z.object({ reconnect_count: z.number().int().min(0), last_disconnect_at: z.iso.datetime({ offset: true }).nullable() })

/** Of a screen's health only what the contract names; a screen from before it had a `broker_connection` is as welcome. */
export const healthMessageSchema = z.looseObject({ broker_connection: brokerConnectionSchema.optional() })
export type HealthMessage = z.infer<typeof healthMessageSchema>

/** Kept by the broker until it is cleared: systemd gave the screen's service up. */
export const serviceFailedMessageSchema = z.object({ event: z.literal('service_failed'), client_uuid: fleetUuidSchema, unit: z.string().min(1).max(256), failed_at: z.iso.datetime({ offset: true }) })
export type ServiceFailedMessage = z.infer<typeof serviceFailedMessageSchema>
