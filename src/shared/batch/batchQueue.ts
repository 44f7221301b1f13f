import { z } from 'zod'
import { type CameraId, cameraIdSchema } from '../devices/ids.ts'
import type { AttemptKey, AttemptResult, BatchEvent } from './batchEvent.ts'
import { WorkbenchError } from '../errors/workbenchError.ts'
import type { BatchId } from './batchPlan.schema.ts'

/** One attempt that waits for a bench, or is being worked on by one. */
export interface BatchWork extends AttemptKey {
  readonly camera: CameraId
}

/** What a person wants of a batch, kept for the bench that decides for it. */
export const batchWishSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('pause') }), z.object({ kind: z.literal('go-on') }),
  z.object({ kind: z.literal('reorder'), first: z.array(z.number().int().min(0)).max(1_000) }),
  z.object({ kind: z.literal('stop'), now: z.boolean() }),
])
export type BatchWish = z.infer<typeof batchWishSchema>
/** More that nobody hears are refused. */
export const mostWishes = 100

/** `lost`: the bench that had it is gone. */
export type CollectedWork = { readonly work: BatchWork } & ({ readonly result: AttemptResult } | { readonly lost: true })

/**
 * Where batches are kept and their attempts change hands. Each bench that opens it is one worker; one of them decides for a
 * batch, and each works on the cameras it has. The suite in test/contract says what every engine of it promises.
 */
export interface BatchQueue {
  /**
   * All or none, kept before it resolves. `input/conflict` when a sequence is taken already: somebody else decides for that batch.
   * What is to be added and dropped with it is so once the events are kept and never before; an engine that can does it in one.
   */
  append(events: readonly BatchEvent[], works?: { readonly add?: readonly BatchWork[]; readonly drop?: readonly AttemptKey[] }): Promise<void>
  /** Events of one batch after that sequence, in order; not more than `atMost`, where it is given. */
  read(batch: BatchId, after: number, atMost?: number): Promise<readonly BatchEvent[]>
  /** Oldest first. */
  batches(): Promise<readonly BatchId[]>
  /** From now on this bench decides for the batch; false while another one that lives does. */
  adopt(batch: BatchId): Promise<boolean>
  /** The same attempt twice is one. */
  add(works: readonly BatchWork[]): Promise<void>
  /** Oldest first, each to one bench only; without `cameras` whatever waits. */
  take(cameras: ReadonlySet<CameraId> | undefined, atMost: number): Promise<readonly BatchWork[]>
  /** `input/conflict` from a bench that does not have it (any more). */
  finish(work: AttemptKey, result: AttemptResult): Promise<void>
  /** What has come to an end, until it is dropped. */
  collect(batch: BatchId): Promise<readonly CollectedWork[]>
  /** What waits or is worked on by a bench that lives. */
  pending(batch: BatchId): Promise<readonly BatchWork[]>
  /** Forgets what has ended and takes back what waits. What is being worked on stays; the result tells what is gone. */
  drop(works: readonly AttemptKey[]): Promise<readonly AttemptKey[]>
  /** For whoever decides for that batch; `input/conflict` when too many wait unheard. */
  wish(batch: BatchId, wish: BatchWish): Promise<void>
  /** Oldest first, until they are forgotten. One that cannot be read is none, and is left out. */
  wishes(batch: BatchId): Promise<readonly (BatchWish | undefined)[]>
  /** The oldest so many. */
  forgetWishes(batch: BatchId, count: number): Promise<void>
  /** Rings when something may have come or ended, here or on another bench. Result: no more. */
  onNews(listener: () => void): () => void
  close(): Promise<void>
}

/** A camera of one bench, as the plans of the others see it. */
export const offeredCameraSchema = z.object({
  cameraId: cameraIdSchema,
  cameraName: z.string().max(200),
  /** What it shares power with, told from the same word on another bench. */
  supply: z.string().max(200),
  labels: z.array(z.string().max(200)).max(100),
  isAside: z.boolean(),
  /** What its bench cannot do for it: there is no ping, or nobody has said where its picture is. */
  lacks: z.array(z.enum(['ping', 'address'])).max(2).optional(),
})
export type OfferedCamera = z.infer<typeof offeredCameraSchema>

/** A queue that several computers share. */
export interface SharedBatchQueue extends BatchQueue {
  /** What the other benches that live work on. */
  offered(): Promise<readonly OfferedCamera[]>
}

export const tooManyWishes = (batch: BatchId): WorkbenchError => new WorkbenchError('input/conflict', `Nobody hears what batch ${batch} is told`, { context: { batch }, hint: 'The bench that decides for it is gone; "rackbench batch go-on" or "batch stop" takes it up' })
export const sameAttempt = (a: AttemptKey, b: AttemptKey): boolean => a.batch === b.batch && a.item === b.item && a.attempt === b.attempt
