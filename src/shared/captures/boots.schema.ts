import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { sessionIdSchema } from './captures.schema.ts'

/** In the order in which a camera goes through them; one that it says nothing of is left out. */
export const bootPhases = ['rom', 'spl', 'uboot', 'kernel', 'init', 'login'] as const
export type BootPhase = (typeof bootPhases)[number]
export const bootPhaseWords: Readonly<Record<BootPhase, string>> = { rom: 'boot ROM', spl: 'SPL', uboot: 'U-Boot', kernel: 'kernel', init: 'init', login: 'login' }

const phaseTime = z.number().min(0).optional()
export const bootSchema = z.object({
  camera: cameraIdSchema, session: sessionIdSchema,
  /** Of its first line in the session; both together name a boot. */
  startOffset: z.number().int().min(0), endOffset: z.number().int().min(0),
  startMs: z.number(), endMs: z.number(),
  /** The kernel's own words of its build; empty when it was not seen. */
  firmware: z.string(),
  /** When each phase was seen to begin, in milliseconds from the first line. */
  begins: z.object({ rom: phaseTime, spl: phaseTime, uboot: phaseTime, kernel: phaseTime, init: phaseTime, login: phaseTime }),
  /** Nothing came after it yet. */
  isLast: z.boolean(),
})
export type Boot = z.infer<typeof bootSchema>

export const bootQuerySchema = z.object({
  /** None means all. */
  cameras: z.array(cameraIdSchema).max(1000).default([]),
  /** A part of the kernel's words. */
  firmware: z.string().max(200).optional(),
  sinceMs: z.number().optional(), untilMs: z.number().optional(),
  limit: z.number().int().min(1).max(20_000).default(2_000),
})
export type BootQuery = z.infer<typeof bootQuerySchema>
/** `isCut`: there are older ones than these. */
export const bootListSchema = z.object({ boots: z.array(bootSchema), isCut: z.boolean(), note: z.string() })
export type BootList = z.infer<typeof bootListSchema>

export const bootRefSchema = z.object({ session: sessionIdSchema, startOffset: z.number().int().min(0) })
export type BootRef = z.infer<typeof bootRefSchema>
export const compareRequestSchema = z.object({ a: bootRefSchema, b: bootRefSchema })
/** `atMs` is from the first line of its boot. */
const sideSchema = z.object({ atMs: z.number(), offset: z.number().int().min(0), text: z.string() }).optional()
export const bootComparisonSchema = z.object({
  a: bootSchema, b: bootSchema,
  /** Both columns, in order; a line that only one has stands alone in its row. */
  rows: z.array(z.object({ phase: z.enum(bootPhases), a: sideSchema, b: sideSchema, isSame: z.boolean() })),
  /** Index of the first row that is not the same in both; absent when there is none. */
  firstDifference: z.number().int().min(0).optional(),
  /** One of them has more lines than are compared. */
  isCut: z.boolean(),
})
export type BootComparison = z.infer<typeof bootComparisonSchema>
