import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { labelSchema } from '../rack/inventory.schema.ts'

export const batchIdSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/).brand<'BatchId'>()
export type BatchId = z.infer<typeof batchIdSchema>

/** Whose fault it was. Of `infrastructure` nothing follows for the firmware: it is tried again and never counted against it. */
export const causeClasses = ['infrastructure', 'board', 'cable or UART', 'power', 'network', 'firmware', 'unknown'] as const
export const causeClassSchema = z.enum(causeClasses)
export type CauseClass = z.infer<typeof causeClassSchema>

/** More than this is no plan but a typing error; all items are held in memory. */
export const maxItems = 100_000

const retryRuleSchema = z.strictObject({
  /** All in all, the first one counted. */
  attempts: z.number().int().min(1).max(20),
  firstWaitMs: z.number().int().min(0).max(3_600_000),
  /** Each wait is this many times the one before. */
  factor: z.number().min(1).max(10).default(2),
  maxWaitMs: z.number().int().min(0).max(86_400_000).default(600_000),
})
export type RetryRule = z.infer<typeof retryRuleSchema>

const share = z.number().gt(0).lt(1)
/** Two shares of failures to be told apart, and how often the answer may be wrong. */
export const sequentialSchema = z.strictObject({
  /** Firmware that fails this often is good enough. */
  acceptable: share.default(0.01),
  /** Firmware that fails this often is not. */
  unacceptable: share.default(0.1),
  /** How often good firmware may be stopped. */
  falseAlarm: share.default(0.05),
  /** How often bad firmware may pass. */
  miss: share.default(0.05),
}).refine(({ acceptable, unacceptable }) => acceptable < unacceptable, { message: '"acceptable" is not below "unacceptable"', path: ['acceptable'] })
  .refine(({ falseAlarm, miss }) => falseAlarm + miss < 1, { message: '"falseAlarm" and "miss" together are below 1', path: ['miss'] })
export type Sequential = z.infer<typeof sequentialSchema>

const words = z.string().min(1).max(200)
const checksSchema = z.strictObject({
  /** From power on to the login prompt. */
  bootLimitMs: z.number().int().min(1_000).max(3_600_000).default(180_000),
  /** Each has to stand in a line that the console says. */
  expect: z.array(words).max(32).default([]),
  /** None of these may. */
  refuse: z.array(words).max(32).default([]),
  /** How long after the login prompt lines still count. */
  settleMs: z.number().int().min(0).max(600_000).default(0),
  /** The camera's web server gives a picture. */
  snapshot: z.boolean().default(false),
  /** It answers an echo at the address of its web server. */
  ping: z.boolean().default(false),
  /** The first number behind these words, in degrees. */
  temperature: z.strictObject({ after: words, maxC: z.number().min(-60).max(200) }).optional(),
})
export type BatchChecks = z.infer<typeof checksSchema>

const imageSchema = z.strictObject({
  name: z.string().trim().min(1).max(64),
  path: z.string().min(1).max(4096),
  /** Above the plan's own, where it is given: 9 is first. */
  priority: z.number().int().min(0).max(9).optional(),
})

export const batchPlanSchema = z.strictObject({
  name: z.string().trim().min(1).max(80),
  /** Those with any of the labels, and those by id or name. */
  cameras: z.strictObject({ labels: z.array(labelSchema).max(32).default([]), ids: z.array(z.string().min(1).max(64)).max(5_000).default([]) })
    .refine(({ labels, ids }) => labels.length + ids.length > 0, 'neither "labels" nor "ids" names a camera'),
  images: z.array(imageSchema).max(64).default([]),
  /** `soak`: power off and on, boot, checks; nothing is written. */
  workflow: z.enum(['restore', 'install', 'soak']),
  cycles: z.number().int().min(1).max(100_000).default(1),
  /** Among several batches; 9 is first. */
  priority: z.number().int().min(0).max(9).default(5),
  concurrency: z.strictObject({
    total: z.number().int().min(1).max(256).default(8),
    /** On one pod or one switch. */
    perPod: z.number().int().min(1).max(64).default(4),
    /** Between two that begin on one pod or switch: together they draw more than it can give. */
    staggerMs: z.number().int().min(0).max(600_000).default(300),
  }).prefault({}),
  /** This many cameras first, one cycle of each image; all others only when every one of them passed. */
  canary: z.strictObject({
    cameras: z.number().int().min(1).max(100),
    /** When they passed it pauses, and the rest begins once a person has looked and says so. */
    thenPause: z.boolean().optional(),
  }).optional(),
  stop: z.strictObject({
    /** Of those that have ended: failed plus timed out above this stops the rest. */
    failedPercent: z.number().min(0).max(100).default(5),
    /** Before so many have ended the percentage says nothing, unless it is above it for the whole batch already. */
    afterEnded: z.number().int().min(1).max(10_000).default(20),
    /** A camera that fails this often is set aside for this batch. */
    failuresPerCamera: z.number().int().min(1).max(1_000).default(3),
    sequential: sequentialSchema.optional(),
  }).prefault({}),
  retry: z.partialRecord(causeClassSchema, retryRuleSchema).default({}),
  /** One attempt, its waiting for a turn included. */
  attemptLimitMs: z.number().int().min(1_000).max(86_400_000).default(1_800_000),
  checks: checksSchema.prefault({}),
  tftpVia: z.enum(['auto', 'pod', 'host']).default('auto'),
  /** Write also what the flash already holds. */
  force: z.boolean().default(false),
}).superRefine(({ images, workflow }, context) => {
  if (workflow === 'soak' && images.length > 0) context.addIssue({ code: 'custom', path: ['images'], message: 'a soak writes no image' })
  if (workflow !== 'soak' && images.length === 0) context.addIssue({ code: 'custom', path: ['images'], message: `"${workflow}" needs at least one image` })
  if (new Set(images.map(({ name }) => name)).size < images.length) context.addIssue({ code: 'custom', path: ['images'], message: 'two images have one name' })
})
export type BatchPlan = z.infer<typeof batchPlanSchema>

/** A camera that the plan means, found in the rack when the batch was queued. */
export const batchTargetSchema = z.object({
  camera: cameraIdSchema,
  name: z.string().max(200),
  /** What it shares power with: its switch, else its pod. */
  pod: z.string().max(200),
})
export type BatchTarget = z.infer<typeof batchTargetSchema>
