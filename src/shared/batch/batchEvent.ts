import { z } from 'zod'
import { cameraIdSchema, jobIdSchema } from '../devices/ids.ts'
import { wireErrorSchema } from '../errors/wireError.schema.ts'
import { batchIdSchema, batchPlanSchema, batchTargetSchema, causeClassSchema } from './batchPlan.schema.ts'

export const maxExcerptChars = 8_192

const ms = z.number().min(0)
export const phaseTimeSchema = z.object({ name: z.string().max(100), ms })
export type PhaseTime = z.infer<typeof phaseTimeSchema>

/** `interrupted`: whoever did it is gone or was closed, and nothing is known but that it had begun. */
export const attemptOutcomes = ['passed', 'failed', 'timed out', 'interrupted', 'cancelled'] as const

/** What one try on one camera came to. */
export const attemptResultSchema = z.object({
  outcome: z.enum(attemptOutcomes),
  /** Where it stopped: a phase of the job or the name of a check. */
  where: z.string().max(100).optional(),
  error: wireErrorSchema.optional(),
  cause: causeClassSchema.optional(),
  /** What the cause was concluded from, in one sentence. */
  evidence: z.string().max(500).optional(),
  phases: z.array(phaseTimeSchema).max(100),
  /** From power on, or from the reset after writing, to the login prompt. */
  bootMs: ms.optional(),
  elapsedMs: ms,
  /** The last lines of the console, where it did not pass. */
  excerpt: z.string().max(maxExcerptChars).optional(),
  job: jobIdSchema.optional(),
})
export type AttemptResult = z.infer<typeof attemptResultSchema>

/** Names one attempt, and stays the same over a restart. */
export const attemptKeySchema = z.object({ batch: batchIdSchema, item: z.number().int().min(0), attempt: z.number().int().min(1).max(1_000) })
export type AttemptKey = z.infer<typeof attemptKeySchema>

const head = {
  batch: batchIdSchema,
  /** From 1, without holes, for each batch. */
  sequence: z.number().int().min(1),
  /** Wall time, ms since 1970. */
  atMs: z.number(),
}
const key = { item: attemptKeySchema.shape.item, attempt: attemptKeySchema.shape.attempt }
const sentence = z.string().max(1_000)

/** `infrastructure`: no camera was found wanting, but not all could be judged. */
export const batchEndStates = ['passed', 'failed', 'not judged', 'stopped'] as const
export const stopReasons = ['person', 'canary', 'percentage', 'sequential'] as const

export const batchEventSchema = z.discriminatedUnion('type', [
  z.object({ ...head, type: z.literal('batch-queued'), plan: batchPlanSchema, targets: z.array(batchTargetSchema).min(1).max(5_000) }),
  z.object({ ...head, type: z.literal('attempt-started'), ...key }),
  /** Ended; with `retryAtMs` (wall time) it is tried again then. */
  z.object({ ...head, type: z.literal('attempt-ended'), ...key, result: attemptResultSchema, retryAtMs: z.number().optional() }),
  z.object({ ...head, type: z.literal('canary-passed') }),
  z.object({ ...head, type: z.literal('camera-quarantined'), camera: cameraIdSchema, sentence }),
  z.object({ ...head, type: z.literal('batch-paused') }),
  z.object({ ...head, type: z.literal('batch-continued') }),
  /** Items that go before all others that wait, in this order. */
  z.object({ ...head, type: z.literal('batch-reordered'), first: z.array(key.item).max(1_000) }),
  /** Nothing more is begun; what runs comes to its end, or with `now` to its next safe point. */
  z.object({ ...head, type: z.literal('stop-requested'), reason: z.enum(stopReasons), sentence, now: z.boolean().optional() }),
  z.object({ ...head, type: z.literal('batch-ended'), state: z.enum(batchEndStates), sentence }),
])
export type BatchEvent = z.infer<typeof batchEventSchema>

type WithoutHead<E> = E extends unknown ? Omit<E, keyof typeof head> : never
export type BatchNews = WithoutHead<BatchEvent>
