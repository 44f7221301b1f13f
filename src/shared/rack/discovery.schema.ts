import { z } from 'zod'

/** Something that announces itself on this network. Nobody has asked it anything yet. */
export const foundPlaceSchema = z.object({
  /** `pod`: it calls itself as a rack pod does. `other`: a web page of whatever kind. */
  kind: z.enum(['pod', 'other']),
  name: z.string().max(64),
  host: z.string().max(253),
  /** What a pod is added by. */
  address: z.string().max(512),
  /** The camera of the rack that is there already. */
  usedBy: z.string().optional(),
})
export type FoundPlace = z.infer<typeof foundPlaceSchema>

export const foundAdapterSchema = z.object({ address: z.string(), device: z.string(), name: z.string(), usedBy: z.string().optional() })
export const discoveryViewSchema = z.object({
  places: z.array(foundPlaceSchema).max(64),
  adapters: z.array(foundAdapterSchema),
  /** Why the network could not be listened to; empty when it was. */
  problem: z.string(),
})
export type DiscoveryView = z.infer<typeof discoveryViewSchema>
