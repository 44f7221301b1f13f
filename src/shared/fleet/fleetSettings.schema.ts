import { z } from 'zod'
import { fleetUuidSchema } from './command.schema.ts'

export const fleetSettingsSchema = z.object({
  enabled: z.boolean().default(false),
  /** One within this program, or one that runs elsewhere. */
  broker: z.enum(['embedded', 'external']).default('embedded'),
  /** Of one elsewhere. */
  url: z.string().max(300).optional(), user: z.string().max(120).optional(), caFile: z.string().max(4096).optional(),
  /** Of the one within: loopback, unless screens of the network are to come in. */
  address: z.string().max(100).default('127.0.0.1'), port: z.number().int().min(0).max(65_535).default(1883),
  /** Who has an account at the one within. */
  clients: z.array(fleetUuidSchema).max(2_000).default([]),
  transitional: z.boolean().default(true),
})
export type FleetSettings = z.infer<typeof fleetSettingsSchema>

export const fleetBrokerStateSchema = z.object({
  state: z.enum(['off', 'connecting', 'connected', 'waiting', 'closed', 'failed']),
  url: z.string().optional(), problem: z.string().optional(), reconnectCount: z.number().int().min(0).default(0), lastDisconnectMs: z.number().optional(),
  /** Nobody chose it: it is there for the screens of the demo, and as long as they are. */
  forDemo: z.boolean().optional(),
})
export type FleetBrokerState = z.infer<typeof fleetBrokerStateSchema>
