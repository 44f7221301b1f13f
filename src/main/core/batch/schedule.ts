import type { CameraId } from '../../../shared/devices/ids.ts'
import type { Batch, BatchItem } from './batchState.ts'

export interface Places {
  /** Cameras on which any batch works. */
  readonly busy: Set<CameraId>
  /** How many work on each pod or switch. */
  readonly onPod: Map<string, number>
  /** When the newest on it began, monotonic: a wall clock jumps. */
  readonly begunAtMs: Map<string, number>
}

export interface Choice {
  readonly chosen: readonly BatchItem[]
  /** Until one that waits for its time may begin. */
  readonly wakeInMs: number
}

export interface Now { readonly nowMs: number; readonly wallMs: number }

/** Higher priority first, then the older one. */
export const byPriority = (a: Batch, b: Batch): number => b.plan.priority - a.plan.priority || a.queuedAtMs - b.queuedAtMs

/** A wait for the next try is kept as wall time, to outlive a restart. A clock that was set back behind the last try ends it: it would be hours. */
function retryInMs({ notBeforeMs, attempts }: BatchItem, wallMs: number): number {
  return wallMs < (attempts.at(-1)?.endedAtMs ?? 0) ? 0 : notBeforeMs - wallMs
}

/** 0: now. Infinity: not before another one has ended. */
function beginsInMs(item: BatchItem, { concurrency }: Batch['plan'], places: Places, { nowMs, wallMs }: Now): number {
  const { camera, pod } = item.target
  if (places.busy.has(camera) || (places.onPod.get(pod) ?? 0) >= concurrency.perPod) return Infinity
  return Math.max(0, retryInMs(item, wallMs), (places.begunAtMs.get(pod) ?? -Infinity) + concurrency.staggerMs - nowMs)
}

/** Which items begin now, in order; `places` is marked with them. One that cannot begin holds up nobody behind it, but nobody overtakes the canary. */
export function choose(batch: Batch, places: Places, now: Now): Choice {
  const chosen: BatchItem[] = []
  let wakeInMs = Infinity
  if (batch.end || batch.stop || batch.isPaused) return { chosen, wakeInMs }
  let isFirst = true
  for (let at = batch.head; at < batch.order.length && batch.counts.running + chosen.length < batch.plan.concurrency.total; at += 1) {
    const item = batch.items[batch.order[at] ?? -1]
    if (item?.state !== 'waiting') {
      if (isFirst) batch.head = at + 1
      continue
    }
    isFirst = false
    if (batch.stage === 'canary' && !item.isCanary) break
    const inMs = beginsInMs(item, batch.plan, places, now)
    if (inMs > 0) {
      wakeInMs = Math.min(wakeInMs, inMs)
      continue
    }
    const { camera, pod } = item.target
    places.busy.add(camera)
    places.onPod.set(pod, (places.onPod.get(pod) ?? 0) + 1)
    places.begunAtMs.set(pod, now.nowMs)
    chosen.push(item)
  }
  return { chosen, wakeInMs }
}

export function free(places: Places, { camera, pod }: BatchItem['target']): void {
  places.busy.delete(camera)
  places.onPod.set(pod, Math.max(0, (places.onPod.get(pod) ?? 1) - 1))
}
