import { z } from 'zod'

/** Each has its tab, and its own reasons not to work. */
export const workKinds = ['restore', 'dump', 'burn', 'install', 'power', 'console'] as const
export type WorkKind = (typeof workKinds)[number]

/** What a person can do about it from the window. */
export const whyNotFixes = ['boot-files', 'power'] as const

export const whyNotSchema = z.object({
  work: z.enum(workKinds),
  /** `false`: it works, with this to know. */
  cannot: z.boolean(),
  /** One sentence for a person. */
  sentence: z.string(),
  /** What to do next, at the rack or in the window. */
  next: z.string(),
  fix: z.enum(whyNotFixes).optional(),
})
export type WhyNot = z.infer<typeof whyNotSchema>
