import { type BatchQueue, type BatchWish, type BatchWork, type CollectedWork, mostWishes, sameAttempt, tooManyWishes } from '../../../shared/batch/batchQueue.ts'
import type { AttemptKey, AttemptResult, BatchEvent } from '../../../shared/batch/batchEvent.ts'
import type { BatchId } from '../../../shared/batch/batchPlan.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

interface Held { readonly work: BatchWork; worker?: string; result?: AttemptResult }

export interface MemoryQueues {
  /** One bench more on the same queue. */
  open(worker: string): BatchQueue
  /** That bench is gone from one moment to the next. */
  die(worker: string): void
}

const nameOf = ({ batch, item, attempt }: AttemptKey): string => `${batch} ${item} ${attempt}`

/** For tests and measurements: keeps nothing after the process. */
export function createMemoryQueues(): MemoryQueues {
  const events = new Map<BatchId, BatchEvent[]>()
  const deciders = new Map<BatchId, string>()
  const wishes = new Map<BatchId, BatchWish[]>()
  const held = new Map<string, Held>()
  const alive = new Set<string>()
  const listeners = new Set<() => void>()
  const ring = (): void => { for (const listener of [...listeners]) listener() }
  const isLost = ({ worker, result }: Held): boolean => worker !== undefined && result === undefined && !alive.has(worker)
  const of = (batch: BatchId): Held[] => [...held.values()].filter(({ work }) => work.batch === batch)

  const append = (news: readonly BatchEvent[]): void => {
    const ends = new Map<BatchId, number>()
    for (const { batch, sequence } of news) {
      const last = ends.get(batch) ?? events.get(batch)?.length ?? 0
      if (sequence !== last + 1) throw new WorkbenchError('input/conflict', `Event ${sequence} of batch ${batch} comes after ${last}`, { context: { batch, sequence } })
      ends.set(batch, sequence)
    }
    for (const event of news) {
      const known = events.get(event.batch)
      if (known) known.push(event)
      else events.set(event.batch, [event])
    }
  }
  const add = (works: readonly BatchWork[]): void => {
    if (works.length === 0) return
    for (const work of works) if (!held.has(nameOf(work))) held.set(nameOf(work), { work })
    ring()
  }
  const drop = (keys: readonly AttemptKey[]): AttemptKey[] => keys.filter((key) => {
    const found = held.get(nameOf(key))
    if (!found || !sameAttempt(found.work, key) || (found.worker !== undefined && !found.result && !isLost(found))) return false
    return held.delete(nameOf(key))
  })
  const finish = (worker: string, key: AttemptKey, result: AttemptResult): void => {
    const found = held.get(nameOf(key))
    if (found?.worker !== worker || found.result) throw new WorkbenchError('input/conflict', `Item ${key.item} of batch ${key.batch} is not this bench's`, { context: { item: key.item } })
    found.result = result
    ring()
  }
  return {
    open: (worker) => {
      alive.add(worker)
      const mine = new Set<() => void>()
      return {
        append: async (news, { add: added = [], drop: dropped = [] } = {}) => {
          append(news)
          drop(dropped)
          add(added)
        },
        read: async (batch, after, atMost) => (events.get(batch) ?? []).slice(after, atMost === undefined ? undefined : after + atMost),
        batches: async () => [...events.keys()],
        adopt: async (batch) => {
          const decider = deciders.get(batch)
          if (decider !== undefined && decider !== worker && alive.has(decider)) return false
          deciders.set(batch, worker)
          return true
        },
        add: async (works) => { add(works) },
        take: async (cameras, atMost) => {
          const taken = [...held.values()].filter((each) => each.worker === undefined && (cameras?.has(each.work.camera) ?? true)).slice(0, atMost)
          for (const each of taken) each.worker = worker
          return taken.map(({ work }) => work)
        },
        finish: async (key, result) => { finish(worker, key, result) },
        collect: async (batch) => of(batch).flatMap((each): CollectedWork[] => (each.result ? [{ work: each.work, result: each.result }] : isLost(each) ? [{ work: each.work, lost: true }] : [])),
        pending: async (batch) => of(batch).filter((each) => !each.result && !isLost(each)).map(({ work }) => work),
        drop: async (keys) => drop(keys),
        wish: async (batch, wish) => {
          const all = wishes.get(batch) ?? []
          if (all.length >= mostWishes) throw tooManyWishes(batch)
          wishes.set(batch, [...all, wish])
          ring()
        },
        wishes: async (batch) => wishes.get(batch) ?? [],
        forgetWishes: async (batch, count) => { wishes.set(batch, (wishes.get(batch) ?? []).slice(count)) },
        onNews: (listener) => {
          listeners.add(listener)
          mine.add(listener)
          return () => { listeners.delete(listener); mine.delete(listener) }
        },
        close: async () => { for (const listener of mine) listeners.delete(listener); alive.delete(worker) },
      }
    },
    die: (worker) => { alive.delete(worker); ring() },
  }
}
