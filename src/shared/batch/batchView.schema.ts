import { z } from 'zod'
import { cameraIdSchema, jobIdSchema } from '../devices/ids.ts'
import { attemptOutcomes, batchEndStates, stopReasons } from './batchEvent.ts'
import { batchIdSchema, batchPlanSchema, causeClassSchema } from './batchPlan.schema.ts'

/**
 * `not judged`: the bench's own trouble, or somebody cancelled it; nothing follows for camera and firmware. `left out`: never begun, because
 * the batch was stopped or its camera set aside.
 */
export const itemStates = ['waiting', 'running', 'passed', 'failed', 'timed out', 'not judged', 'left out'] as const
export type ItemState = (typeof itemStates)[number]

const count = z.number().int().min(0)
export const batchCountsSchema = z.object({ waiting: count, running: count, passed: count, failed: count, 'timed out': count, 'not judged': count, 'left out': count })

export const figuresSchema = z.object({
  name: z.string(), count, medianMs: z.number(), p90Ms: z.number(), p99Ms: z.number(), maxMs: z.number(),
})
/** Of a phase, or of booting: as many people look at the slowest tenth as at the middle. */
export type Figures = z.infer<typeof figuresSchema>

/** Passed at one time and failed at another, with nothing changed. */
export const flakySchema = z.object({ camera: cameraIdSchema, name: z.string(), image: z.string(), passed: count, failed: count, where: z.string() })
export type Flaky = z.infer<typeof flakySchema>

export const batchSummarySchema = z.object({
  id: batchIdSchema,
  name: z.string(),
  workflow: batchPlanSchema.shape.workflow,
  state: z.enum(['canary', 'running', 'paused', 'stopping', ...batchEndStates]),
  /** Of its end or of its stop; empty before. */
  sentence: z.string(),
  reason: z.enum(stopReasons).optional(),
  cameras: count,
  items: count,
  counts: batchCountsSchema,
  /** Of those that were judged; absent before the first. */
  passRate: z.number().min(0).max(1).optional(),
  priority: z.number().int(),
  queuedAtMs: z.number(),
  endedAtMs: z.number().optional(),
  /** What the sequential test says so far, where the plan asks for it. */
  sequential: z.string().optional(),
  /** Events so far; it changes with each. */
  sequence: count,
})
export type BatchSummary = z.infer<typeof batchSummarySchema>

export const attemptViewSchema = z.object({
  attempt: z.number().int(), startedAtMs: z.number(), elapsedMs: z.number().optional(), outcome: z.enum(attemptOutcomes).optional(), where: z.string().optional(),
  cause: causeClassSchema.optional(), evidence: z.string().optional(), code: z.string().optional(), message: z.string().optional(), bootMs: z.number().optional(), job: jobIdSchema.optional(),
})
export const itemViewSchema = z.object({
  item: count, camera: cameraIdSchema, name: z.string(), image: z.string(), cycle: z.number().int(), canary: z.boolean(), state: z.enum(itemStates),
  /** Wall time of its next try, where it waits for one. */
  notBeforeMs: z.number().optional(),
  attempts: z.array(attemptViewSchema),
})
export type ItemView = z.infer<typeof itemViewSchema>

export const batchDetailsSchema = batchSummarySchema.extend({
  plan: batchPlanSchema,
  phases: z.array(figuresSchema),
  /** To the login prompt, for each image. */
  boots: z.array(figuresSchema),
  causes: z.array(z.object({ cause: causeClassSchema, count })),
  flaky: z.array(flakySchema),
  quarantined: z.array(z.object({ camera: cameraIdSchema, name: z.string(), sentence: z.string() })),
})
export type BatchDetails = z.infer<typeof batchDetailsSchema>

export const mostBins = 64
/** How often it took how long, in bins of one width from the least to the most. */
export const histogramSchema = z.object({ name: z.string(), count, leastMs: z.number(), mostMs: z.number(), bins: z.array(count).max(mostBins) })
export type Histogram = z.infer<typeof histogramSchema>

export const mostBootPoints = 2_000
/** Boots that passed, by cycle. Of more than can be drawn an even choice; `count` is of all. */
export const bootPointsSchema = z.object({ image: z.string(), count, points: z.array(z.object({ cycle: z.number().int().min(1), camera: z.string(), ms: z.number().min(0) })).max(mostBootPoints) })
export type BootPoints = z.infer<typeof bootPointsSchema>

export const mostEvidence = 3
/** What a page draws of a batch: too much for the summary that goes out with each change. */
export const batchDashboardSchema = z.object({
  phases: z.array(histogramSchema),
  boots: z.array(bootPointsSchema),
  /** Of attempts that did not pass: the class, and the sentences that it was concluded from, most frequent first. */
  causes: z.array(z.object({ cause: causeClassSchema, count, kinds: count, evidence: z.array(z.object({ sentence: z.string(), count })).max(mostEvidence) })),
})
export type BatchDashboard = z.infer<typeof batchDashboardSchema>

const side = z.object({ id: batchIdSchema, name: z.string(), sentence: z.string(), passRate: z.number().optional(), counts: batchCountsSchema })
export const batchComparisonSchema = z.object({
  before: side,
  after: side,
  /** Cameras that passed everything in the one and not in the other. */
  worse: z.array(z.string()),
  better: z.array(z.string()),
  /** Cameras that stand in one of them alone. */
  onlyBefore: z.array(z.string()),
  onlyAfter: z.array(z.string()),
  phases: z.array(z.object({ name: z.string(), beforeMs: z.number(), afterMs: z.number(), ratio: z.number() })),
  words: z.string(),
})
export type BatchComparison = z.infer<typeof batchComparisonSchema>
