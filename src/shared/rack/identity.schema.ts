import { z } from 'zod'

/** What tells one camera from another, as far as a job has read it. */
export const identityFactsSchema = z.object({
  /** Lower case, with colons. */
  mac: z.string().max(17).optional(),
  soc: z.string().max(40).optional(),
  /** Of its NOR: `c22018`. */
  jedecId: z.string().max(16).optional(),
  /** Of its NOR, as U-Boot or the flash agent told it: `16 MiB`. Jobs of before it was kept have none. */
  flashSize: z.string().max(16).optional(),
  /** The USB adapter of its console, by number or by place. */
  adapter: z.string().max(512).optional(),
  /** Of the U-Boot that answered; told and never compared, because the next job brings another one. */
  ubootVersion: z.string().max(200).optional(),
})
export type IdentityFacts = z.infer<typeof identityFactsSchema>
export const identityFields = ['mac', 'soc', 'jedecId', 'flashSize', 'adapter', 'ubootVersion'] as const satisfies readonly (keyof IdentityFacts)[]
export type IdentityField = (typeof identityFields)[number]

/** `differs`: it is not the camera that is known there, and nobody has accepted it. */
export const identityStates = ['first', 'same', 'differs', 'accepted'] as const

export const identityReadingSchema = z.object({ facts: identityFactsSchema, state: z.enum(identityStates) })
export type IdentityReading = z.infer<typeof identityReadingSchema>

export const identityViewSchema = z.object({
  known: z.array(z.object({ field: z.enum(identityFields), value: z.string(), atMs: z.number(), job: z.string() })),
  /** The last look found another camera. */
  differences: z.array(z.object({ field: z.enum(identityFields), known: z.string(), found: z.string(), knownAtMs: z.number(), foundAtMs: z.number() })),
})
export type IdentityView = z.infer<typeof identityViewSchema>
