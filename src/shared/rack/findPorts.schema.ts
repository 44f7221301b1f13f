import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'

const named = { cameraId: cameraIdSchema, camera: z.string() }
const portName = z.string().trim().min(1).max(128)

/** As many as are looked at, or cut, in one go. */
export const mostFindPorts = 64

export const portUnitViewSchema = z.object({ id: z.string(), label: z.string(), kind: z.string(), lists: z.enum(['itself', 'typed']) })
export type PortUnitView = z.infer<typeof portUnitViewSchema>
/** With the names of the cameras whose outlet there is written down. */
export const knownUnitSchema = portUnitViewSchema.extend({ cameras: z.array(z.string()) })
export type KnownUnit = z.infer<typeof knownUnitSchema>

export const findPortSchema = z.object({
  port: z.string(), comment: z.string(), state: z.enum(['on', 'off', 'unknown', 'none']),
  watts: z.number().optional(), link: z.enum(['up', 'down']).optional(),
  /** Absent: it may be cut, when a person chooses it. */
  why: z.string().optional(),
})
export type FindPort = z.infer<typeof findPortSchema>

/** What may be cut, and what never is. Nothing of it is chosen beforehand. */
export const findPlanSchema = z.object({
  unit: portUnitViewSchema,
  ports: z.array(findPortSchema),
  watched: z.array(z.object(named)),
  skipped: z.array(z.object({ ...named, why: z.string() })),
  perPortMs: z.number().min(0),
})
export type FindPlan = z.infer<typeof findPlanSchema>

export const findLookSchema = z.object({
  unitId: z.string().min(1).max(512),
  /** Outlets of a unit that has no list: "1-8, 12". */
  typed: z.string().max(400).default(''),
})
export type FindLook = z.infer<typeof findLookSchema>

export const findWishSchema = findLookSchema.extend({
  ports: z.array(portName).min(1).max(mostFindPorts).refine((ports) => new Set(ports).size === ports.length, 'each port once'),
  /** Their number, typed, when they are more than eight. */
  confirm: z.string().max(16).optional(),
})
export type FindWish = z.infer<typeof findWishSchema>

export const portMatchSchema = z.object({ port: portName, cameraId: cameraIdSchema, camera: z.string().max(64) })
export type PortMatch = z.infer<typeof portMatchSchema>

export const findNewsSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('cutting'), port: z.string() }),
  /** Not to be cut any more, or the unit refused to. */
  z.object({ type: z.literal('skipped'), port: z.string(), why: z.string() }),
  /** `after` is read from the unit when all is over; `unknown` where it cannot be asked. Exactly one console that answered is a match. */
  z.object({ type: z.literal('seen'), port: z.string(), after: z.enum(['on', 'unknown']), answered: z.array(z.object(named)), match: portMatchSchema.optional() }),
  z.object({ type: z.literal('done'), matches: z.array(portMatchSchema) }),
])
export type FindNews = z.infer<typeof findNewsSchema>

/** "1-4, 7" in full, each once and in order. What is no range is a name. `undefined`: too many. */
export function typedPorts(text: string): readonly string[] | undefined {
  const found = new Set<string>()
  for (const word of text.split(/[\s,;]+/).filter(Boolean)) {
    const [, from, to] = /^(\d{1,4})-(\d{1,4})$/.exec(word) ?? []
    if (from === undefined || to === undefined || Number(from) > Number(to)) found.add(word)
    else if (Number(to) - Number(from) >= mostFindPorts) return undefined
    else for (let port = Number(from); port <= Number(to); port += 1) found.add(String(port))
    if (found.size > mostFindPorts) return undefined
  }
  return [...found]
}
