import type { AttemptResult, BatchEvent, BatchNews, batchEndStates, stopReasons } from '../../../shared/batch/batchEvent.ts'
import { type BatchId, type BatchPlan, type BatchTarget, maxItems } from '../../../shared/batch/batchPlan.schema.ts'
import type { ItemState } from '../../../shared/batch/batchView.schema.ts'
import type { CameraId } from '../../../shared/devices/ids.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

export interface AttemptRecord {
  readonly attempt: number
  readonly startedAtMs: number
  endedAtMs?: number
  result?: AttemptResult
}

/** One camera, one image, one cycle. */
export interface BatchItem {
  readonly number: number
  readonly target: BatchTarget
  readonly image: BatchPlan['images'][number] | undefined
  readonly imageIndex: number
  readonly cycle: number
  readonly isCanary: boolean
  state: ItemState
  /** Every one is kept, whatever came of it. */
  readonly attempts: AttemptRecord[]
  /** Wall time before which it is not tried again. */
  notBeforeMs: number
}

/** The fold of a batch's events. Only `applyBatchEvent` writes to it: copies of ten thousand items for each event would cost more than the work. */
export interface Batch {
  readonly id: BatchId
  readonly plan: BatchPlan
  readonly targets: readonly BatchTarget[]
  readonly queuedAtMs: number
  readonly items: readonly BatchItem[]
  readonly ofCamera: ReadonlyMap<CameraId, readonly BatchItem[]>
  readonly counts: Record<ItemState, number>
  /** Numbers of the items that run: a few of ten thousand. */
  readonly running: Set<number>
  readonly failures: Map<CameraId, number>
  readonly quarantined: Map<CameraId, string>
  /** Items that have begun or wait, in the order in which they are tried. */
  order: number[]
  /** Everything before it in `order` waits no more. */
  head: number
  sequence: number
  stage: 'canary' | 'rest'
  isPaused: boolean
  stop?: { readonly reason: (typeof stopReasons)[number]; readonly sentence: string; readonly now: boolean }
  end?: { readonly state: (typeof batchEndStates)[number]; readonly sentence: string; readonly atMs: number }
}

type Queued = Extract<BatchEvent, { type: 'batch-queued' }>

/** `input/too-large` before anything is made. */
export function checkSize(plan: BatchPlan, cameras: number): void {
  const items = cameras * Math.max(1, plan.images.length) * plan.cycles
  if (items <= maxItems) return
  throw new WorkbenchError('input/too-large', `${cameras} cameras, ${Math.max(1, plan.images.length)} images and ${plan.cycles} cycles are ${items} items, and ${maxItems} are the most`, { context: { items, most: maxItems }, hint: 'Make several batches of it' })
}

function matrixOf({ plan, targets }: Pick<Queued, 'plan' | 'targets'>): BatchItem[] {
  checkSize(plan, targets.length)
  const images = plan.images.length === 0 ? [undefined] : plan.images
  const canaries = plan.canary?.cameras ?? 0
  const items: BatchItem[] = []
  for (const [imageIndex, image] of images.entries()) {
    for (let cycle = 1; cycle <= plan.cycles; cycle += 1) {
      for (const [index, target] of targets.entries()) {
        items.push({ number: items.length, target, image, imageIndex, cycle, isCanary: cycle === 1 && index < canaries, state: 'waiting', attempts: [], notBeforeMs: 0 })
      }
    }
  }
  return items
}

/** The canary first, then by hand, by priority of the image, and as the matrix goes. */
function orderOf(items: readonly BatchItem[], plan: BatchPlan, first: ReadonlyMap<number, number> = new Map()): number[] {
  const rank = ({ number, image, isCanary }: BatchItem): readonly [number, number, number] => [isCanary ? 0 : 1, first.get(number) ?? Infinity, -(image?.priority ?? plan.priority)]
  const before = (a: number, b: number): number => (a === b ? 0 : a - b)
  return items.map((item) => ({ item, rank: rank(item) }))
    .sort((a, b) => before(a.rank[0], b.rank[0]) || before(a.rank[1], b.rank[1]) || before(a.rank[2], b.rank[2]) || a.item.number - b.item.number)
    .map(({ item }) => item.number)
}

function queued(event: Queued): Batch {
  const items = matrixOf(event)
  const ofCamera = new Map<CameraId, BatchItem[]>(event.targets.map(({ camera }) => [camera, []]))
  for (const item of items) ofCamera.get(item.target.camera)?.push(item)
  return {
    id: event.batch, plan: event.plan, targets: event.targets, queuedAtMs: event.atMs, items, ofCamera, sequence: event.sequence,
    counts: { waiting: items.length, running: 0, passed: 0, failed: 0, 'timed out': 0, 'not judged': 0, 'left out': 0 },
    running: new Set(), failures: new Map(), quarantined: new Map(), order: orderOf(items, event.plan), head: 0,
    stage: event.plan.canary ? 'canary' : 'rest', isPaused: false,
  }
}

export function itemOf(batch: Batch, number: number): BatchItem {
  const item = batch.items[number]
  if (!item) throw new WorkbenchError('job/impossible-event', `Batch ${batch.id} has no item ${number}`)
  return item
}

function move(batch: Batch, item: BatchItem, state: ItemState): void {
  batch.counts[item.state] -= 1
  batch.counts[state] += 1
  if (state === 'running') batch.running.add(item.number)
  else batch.running.delete(item.number)
  item.state = state
}

function leaveOut(batch: Batch, items: readonly BatchItem[]): void {
  for (const item of items) if (item.state === 'waiting') move(batch, item, 'left out')
}

const impossible = (batch: Batch, why: string): WorkbenchError => new WorkbenchError('job/impossible-event', `Batch ${batch.id}: ${why}`)

function started(batch: Batch, event: Extract<BatchEvent, { type: 'attempt-started' }>): void {
  const item = itemOf(batch, event.item)
  if (item.state !== 'waiting') throw impossible(batch, `item ${item.number} is begun while it is ${item.state}`)
  if (event.attempt !== item.attempts.length + 1) throw impossible(batch, `attempt ${event.attempt} of item ${item.number} after ${item.attempts.length}`)
  item.attempts.push({ attempt: event.attempt, startedAtMs: event.atMs })
  move(batch, item, 'running')
}

/** What an item is when its last try came to that. A bench that stumbled says nothing about the camera. */
export function stateAfter({ outcome, cause }: AttemptResult): ItemState {
  switch (outcome) {
    case 'passed': return 'passed'
    case 'failed': return cause === 'infrastructure' ? 'not judged' : 'failed'
    case 'timed out': return 'timed out'
    case 'interrupted': case 'cancelled': return 'not judged'
  }
}

function ended(batch: Batch, event: Extract<BatchEvent, { type: 'attempt-ended' }>): void {
  const item = itemOf(batch, event.item)
  const attempt = item.attempts.at(-1)
  if (item.state !== 'running' || attempt?.attempt !== event.attempt) throw impossible(batch, `attempt ${event.attempt} of item ${item.number} ends without having begun`)
  attempt.endedAtMs = event.atMs
  attempt.result = event.result
  if (event.retryAtMs !== undefined) {
    item.notBeforeMs = event.retryAtMs
    move(batch, item, 'waiting')
    batch.head = 0
    return
  }
  const state = stateAfter(event.result)
  move(batch, item, state)
  if (state === 'failed' || state === 'timed out') batch.failures.set(item.target.camera, (batch.failures.get(item.target.camera) ?? 0) + 1)
}

/** The one fold, for the engine, for reports and after a restart. Of an event that it has seen already nothing changes. */
export function applyBatchEvent(before: Batch | undefined, event: BatchEvent): Batch {
  if (event.type === 'batch-queued') return before ?? queued(event)
  if (!before) throw new WorkbenchError('job/impossible-event', `"${event.type}" before "batch-queued"`)
  const batch = before
  if (event.sequence <= batch.sequence) return batch
  if (event.sequence > batch.sequence + 1) throw new WorkbenchError('link/gap', 'Events of a batch are missing', { context: { after: batch.sequence, got: event.sequence } })
  if (batch.end) throw impossible(batch, `"${event.type}" after the end`)
  apply(batch, event)
  batch.sequence = event.sequence
  return batch
}

function apply(batch: Batch, event: Exclude<BatchEvent, Queued>): void {
  switch (event.type) {
    case 'attempt-started': started(batch, event); return
    case 'attempt-ended': ended(batch, event); return
    case 'canary-passed':
      batch.stage = 'rest'
      // Of one event and not of a second: a bench that dies in between would let the rest begin.
      if (batch.plan.canary?.thenPause === true) batch.isPaused = true
      return
    case 'camera-quarantined':
      batch.quarantined.set(event.camera, event.sentence)
      leaveOut(batch, batch.ofCamera.get(event.camera) ?? [])
      return
    case 'batch-paused': batch.isPaused = true; return
    case 'batch-continued': batch.isPaused = false; return
    case 'batch-reordered':
      batch.order = orderOf(batch.items, batch.plan, new Map(event.first.map((number, index) => [number, index])))
      batch.head = 0
      return
    case 'stop-requested':
      batch.stop = { reason: event.reason, sentence: event.sentence, now: event.now === true }
      leaveOut(batch, batch.items)
      return
    case 'batch-ended': batch.end = { state: event.state, sentence: event.sentence, atMs: event.atMs }
  }
}

/** Puts the head on what an engine or a person says about that batch. */
export function nextEvent(batch: Batch, news: BatchNews, atMs: number, offset = 1): BatchEvent {
  // The cast only joins the two halves that WithoutHead took apart.
  return { ...news, batch: batch.id, sequence: batch.sequence + offset, atMs } as BatchEvent
}
