import type { CameraId } from '../../../shared/devices/ids.ts'
import type { Batch, BatchItem } from './batchState.ts'

export interface Places {
  /** Cameras on which any batch works. */
  readonly busy: Set<CameraId>
  /** How many work on each pod or switch. */
  readonly onPod: Map<string, number>
  /** Wall time at which the newest on it began. */
  readonly begunAtMs: Map<string, number>
}

export interface Choice {
  readonly chosen: readonly BatchItem[]
  /** Wall time at which one that waits for its time may begin. */
  readonly wakeAtMs: number
}

/** Higher priority first, then the older one. */
export const byPriority = (a: Batch, b: Batch): number => b.plan.priority - a.plan.priority || a.queuedAtMs - b.queuedAtMs

/** 0: now. Infinity: not before another one has ended. Else the wall time at which it may. */
function mayBegin(item: BatchItem, { concurrency }: Batch['plan'], places: Places, nowMs: number): number {
  const { camera, pod } = item.target
  if (places.busy.has(camera) || (places.onPod.get(pod) ?? 0) >= concurrency.perPod) return Infinity
  const atMs = Math.max(item.notBeforeMs, (places.begunAtMs.get(pod) ?? -Infinity) + concurrency.staggerMs)
  return atMs <= nowMs ? 0 : atMs
}

/** Which items begin now, in order; `places` is marked with them. One that cannot begin holds up nobody behind it, but nobody overtakes the canary. */
export function choose(batch: Batch, places: Places, nowMs: number): Choice {
  const chosen: BatchItem[] = []
  let wakeAtMs = Infinity
  if (batch.end || batch.stop || batch.isPaused) return { chosen, wakeAtMs }
  let isFirst = true
  for (let at = batch.head; at < batch.order.length && batch.counts.running + chosen.length < batch.plan.concurrency.total; at += 1) {
    const item = batch.items[batch.order[at] ?? -1]
    if (item?.state !== 'waiting') {
      if (isFirst) batch.head = at + 1
      continue
    }
    isFirst = false
    if (batch.stage === 'canary' && !item.isCanary) break
    const atMs = mayBegin(item, batch.plan, places, nowMs)
    if (atMs > 0) {
      wakeAtMs = Math.min(wakeAtMs, atMs)
      continue
    }
    const { camera, pod } = item.target
    places.busy.add(camera)
    places.onPod.set(pod, (places.onPod.get(pod) ?? 0) + 1)
    places.begunAtMs.set(pod, nowMs)
    chosen.push(item)
  }
  return { chosen, wakeAtMs }
}

export function free(places: Places, { camera, pod }: BatchItem['target']): void {
  places.busy.delete(camera)
  places.onPod.set(pod, Math.max(0, (places.onPod.get(pod) ?? 1) - 1))
}
