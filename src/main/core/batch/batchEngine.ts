import type { BatchEvent, BatchNews } from '../../../shared/batch/batchEvent.ts'
import type { BatchId, BatchPlan, BatchTarget } from '../../../shared/batch/batchPlan.schema.ts'
import type { BatchWish, BatchWork, CollectedWork } from '../../../shared/batch/batchQueue.ts'
import { Cancelled, toWire, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import { createDeferred } from '../../../shared/lifecycle/signals.ts'
import { applyBatchEvent, type Batch, checkSize, itemOf, nextEvent } from './batchState.ts'
import { type BatchWorker, type BatchWorkerDeps, createBatchWorker } from './batchWorker.ts'
import { endRuling, retryAt, rulingAfter } from './rulings.ts'
import { byPriority, choose, free, type Places } from './schedule.ts'

export interface BatchEngineDeps extends Omit<BatchWorkerDeps, 'cameras'> {
  readonly cameras?: BatchWorkerDeps['cameras']
  readonly newBatchId: () => BatchId
  /** Whether it goes on with batches whose decider is gone, without being asked. */
  readonly takesUp?: () => boolean
}

export interface BatchEngine {
  /** Kept, and it goes on from there whoever asked for it goes or stays. */
  start(plan: BatchPlan, targets: readonly BatchTarget[]): Promise<BatchId>
  /** `input/not-found`. */
  get(id: BatchId): Batch
  /** Newest first. */
  list(): readonly Batch[]
  /** Takes up what another process left, or what is not in this one yet. `input/conflict` while one that lives decides for it. */
  takeUp(id: BatchId): Promise<void>
  /** Said to the bench that decides, which grants it within moments; so are all that follow. */
  pause(id: BatchId): Promise<void>
  goOn(id: BatchId): Promise<void>
  /** These waiting items go first, in this order. */
  reorder(id: BatchId, first: readonly number[]): Promise<void>
  /** Nothing more is begun. With `now` what runs is told to stop at its next safe point. */
  stop(id: BatchId, options: { readonly now: boolean }): Promise<void>
  /** Every event, after it was kept. Result: stop listening. */
  listen(listener: (batch: Batch, event: BatchEvent) => void): () => void
  /** At the next event of any batch. */
  changed(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Also without a ring: another program may have begun a batch. */
const lookEveryMs = 10_000
/** Batches of other benches are read again this often, and so is what other programs want of ours. */
const foreignEveryMs = 2_000
/** A live bench takes what is its own at once. */
const unclaimedGraceMs = 60_000
/** After a full disk, say. */
const troubleWaitMs = 1_000
/** Rulings that follow from one another; more would be a bug that never ends. */
const maxRulings = 8

interface Entry { batch: Batch; isMine: boolean }

/** Decides for batches: what begins when, what follows from an end, and when it is over. One loop does it all, so no two decisions cross. */
export async function openBatchEngine(deps: BatchEngineDeps): Promise<BatchEngine> {
  const { queue, clock, log } = deps
  const entries = new Map<BatchId, Entry>()
  const listeners = new Set<(batch: Batch, event: BatchEvent) => void>()
  const inbox: (() => Promise<void>)[] = []
  const wake = createBell()
  const news = createBell()
  const stop = new AbortController()
  const places: Places = { busy: new Set(), onPod: new Map(), begunAtMs: new Map() }
  let suspects = new Set<Entry>()
  /** What follows from their last ends may not have been said: it failed, or whoever decided before died just then. */
  const unsettled = new Set<Entry>()
  /** Told once: it is looked for again and again, and what is damaged stays so. */
  const unreadable = new Set<BatchId>()
  let foreignAtMs = -Infinity
  const looked = new Cancelled('there is something to do')

  const mine = (): Entry[] => [...entries.values()].filter(({ isMine, batch }) => isMine && !batch.end)
  const entryOf = (id: BatchId): Entry => {
    const entry = entries.get(id)
    if (!entry) throw new WorkbenchError('input/not-found', `There is no batch ${id}`, { context: { batch: id }, hint: '"rackbench batch list" names them' })
    return entry
  }
  const occupy = (batch: Batch): void => {
    for (const number of batch.running) {
      const { camera, pod } = itemOf(batch, number).target
      places.busy.add(camera)
      places.onPod.set(pod, (places.onPod.get(pod) ?? 0) + 1)
    }
  }
  const vacate = (batch: Batch): void => { for (const number of batch.running) free(places, itemOf(batch, number).target) }
  const tell = (batch: Batch, event: BatchEvent): void => {
    for (const listener of listeners) {
      try { listener(batch, event) } catch (error) { log(`a listener of batches failed at ${event.type}: ${String(error)}`) }
    }
  }
  /** Kept first, then applied, then told. */
  const record = async (all: readonly { readonly batch: Batch; readonly news: BatchNews }[], works: Parameters<BatchEngineDeps['queue']['append']>[1] = {}): Promise<void> => {
    if (all.length === 0) return
    const offsets = new Map<Batch, number>()
    const events = all.map(({ batch, news: each }) => {
      const offset = (offsets.get(batch) ?? 0) + 1
      offsets.set(batch, offset)
      return nextEvent(batch, each, clock.wallMs(), offset)
    })
    await queue.append(events, works)
    for (const [index, event] of events.entries()) {
      const batch = all[index]?.batch
      if (!batch) continue
      applyBatchEvent(batch, event)
      tell(batch, event)
    }
    news.ring()
  }
  const settle = async (batch: Batch, ended: readonly number[]): Promise<void> => {
    for (const number of ended) {
      for (let round = 0; round < maxRulings; round += 1) {
        const ruling = rulingAfter(batch, itemOf(batch, number))
        if (!ruling) break
        await record([{ batch, news: ruling }])
      }
    }
    const end = endRuling(batch)
    if (end) await record([{ batch, news: end }])
  }

  const isOpen = (batch: Batch, { item: number, attempt }: BatchWork): boolean => {
    const item = itemOf(batch, number)
    return item.state === 'running' && item.attempts.length === attempt
  }
  const endsOf = (batch: Batch, collected: readonly CollectedWork[]): BatchNews[] => collected.filter(({ work }) => isOpen(batch, work)).map((each) => {
    const item = itemOf(batch, each.work.item)
    const result = 'result' in each ? each.result : {
      outcome: 'interrupted' as const, cause: 'infrastructure' as const, evidence: 'The bench that had it is gone; what it did to the camera is in its own journal', phases: [], elapsedMs: Math.max(0, clock.wallMs() - (item.attempts.at(-1)?.startedAtMs ?? clock.wallMs())),
    }
    const retryAtMs = retryAt(batch, item, result, clock.wallMs())
    return { type: 'attempt-ended', item: item.number, attempt: each.work.attempt, result, ...(retryAtMs === undefined ? {} : { retryAtMs }) }
  })
  const collect = async ({ batch }: Entry, collected: readonly CollectedWork[]): Promise<void> => {
    if (collected.length === 0) return
    const ends = endsOf(batch, collected)
    const done = collected.map(({ work }) => work)
    await record(ends.map((each) => ({ batch, news: each })), { drop: done })
    const ended = ends.flatMap((each) => (each.type === 'attempt-ended' ? [each.item] : []))
    for (const number of ended) free(places, itemOf(batch, number).target)
    // Told before, by a process that ended right after it.
    if (ends.length === 0) await queue.drop(done)
    await settle(batch, ended)
  }
  /** Begun as far as the events tell, and in nobody's hands. */
  const strays = async ({ batch }: Entry): Promise<CollectedWork[]> => {
    const pending = new Set([...await queue.pending(batch.id), ...(await queue.collect(batch.id)).map(({ work }) => work)].map(({ item, attempt }) => `${item} ${attempt}`))
    return [...batch.running].map((number) => itemOf(batch, number)).filter((item) => !pending.has(`${item.number} ${item.attempts.length}`))
      .map((item) => ({ work: { batch: batch.id, item: item.number, attempt: item.attempts.length, camera: item.target.camera }, lost: true }))
  }
  const begin = async (): Promise<number> => {
    let wakeInMs = Infinity
    for (const { batch } of mine().sort((a, b) => byPriority(a.batch, b.batch))) {
      const choice = choose(batch, places, { nowMs: clock.nowMs(), wallMs: clock.wallMs() })
      wakeInMs = Math.min(wakeInMs, choice.wakeInMs)
      if (choice.chosen.length === 0) continue
      const begun = choice.chosen.map((item) => ({ batch: batch.id, item: item.number, attempt: item.attempts.length + 1, camera: item.target.camera }))
      try {
        await record(begun.map(({ item, attempt }) => ({ batch, news: { type: 'attempt-started', item, attempt } })), { add: begun })
      } catch (error) {
        for (const { target } of choice.chosen) free(places, target)
        // Whether it was kept all the same, or half of it, only the queue can tell.
        suspects.add(entryOf(batch.id))
        throw error
      }
    }
    return wakeInMs
  }
  /** A camera that has left the rack is nobody's, and an attempt on it would wait for ever. */
  const unclaimed = async ({ batch }: Entry): Promise<void> => {
    const late = [...batch.running].map((number) => itemOf(batch, number)).filter((item) => clock.wallMs() - (item.attempts.at(-1)?.startedAtMs ?? 0) > batch.plan.attemptLimitMs + unclaimedGraceMs)
    if (late.length === 0) return
    const taken = await queue.drop(late.map(({ number, attempts }) => ({ batch: batch.id, item: number, attempt: attempts.length })))
    await collect({ batch, isMine: true }, taken.map(({ item: number, attempt }) => {
      const { target: { camera, name } } = itemOf(batch, number)
      const error = toWire(new WorkbenchError('input/not-found', `No bench that works on batches has ${name}`, { context: { camera }, hint: 'Is it in the rack still?' }))
      return { work: { batch: batch.id, item: number, attempt, camera }, result: { outcome: 'failed', cause: 'infrastructure', evidence: error.message, error, phases: [], elapsedMs: batch.plan.attemptLimitMs } }
    }))
  }
  const followOther = async (batch: Batch): Promise<void> => {
    const events = await queue.read(batch.id, batch.sequence)
    for (const event of events) {
      applyBatchEvent(batch, event)
      tell(batch, event)
      if (event.type === 'stop-requested' && event.now === true) worker.cancel(batch.id)
    }
    if (events.length > 0) news.ring()
  }
  /** Others decide for them; here they are only shown. */
  const lookElsewhere = async (): Promise<void> => {
    if (clock.nowMs() - foreignAtMs < foreignEveryMs) return
    foreignAtMs = clock.nowMs()
    for (const id of await queue.batches()) if (!entries.has(id)) await readIn(id)
    for (const entry of mine()) await unclaimed(entry)
    for (const { batch, isMine } of entries.values()) {
      if (isMine || batch.end || unreadable.has(batch.id)) continue
      // What another bench has spoiled, or says in words of a newer program, holds up nothing here.
      await followOther(batch).catch((error: unknown) => {
        if (!isDamage(error, batch.id)) throw error
        unreadable.add(batch.id)
        log(`batch ${batch.id} cannot be followed any more: ${String(error)}`)
      })
    }
    if (deps.takesUp?.()) for (const entry of entries.values()) await own(entry)
  }
  const newsOf = (batch: Batch, wish: BatchWish): BatchNews | undefined => {
    switch (wish.kind) {
      case 'pause': return batch.isPaused ? undefined : { type: 'batch-paused' }
      case 'go-on': return batch.isPaused ? { type: 'batch-continued' } : undefined
      case 'reorder': {
        const waiting = wish.first.filter((number) => batch.items[number]?.state === 'waiting')
        return waiting.length === 0 ? undefined : { type: 'batch-reordered', first: waiting.slice(0, 1_000) }
      }
      case 'stop': {
        if (batch.stop && (batch.stop.now || !wish.now)) return undefined
        const { reason, sentence } = batch.stop ?? { reason: 'person', sentence: 'Stopped by a person.' }
        return { type: 'stop-requested', reason, sentence, ...(wish.now ? { now: true } : {}) }
      }
    }
  }
  const grant = async (batch: Batch, wish: BatchWish): Promise<void> => {
    const each = newsOf(batch, wish)
    if (each) await record([{ batch, news: each }])
    if (wish.kind === 'stop' && wish.now) worker.cancel(batch.id)
    await settle(batch, [])
  }
  /** What was said on other benches. Granted first and forgotten then: granting the same twice is nothing. */
  const hear = async (batch: Batch): Promise<void> => {
    const wishes = await queue.wishes(batch.id)
    if (wishes.length === 0) return
    for (const wish of wishes) if (wish && !batch.end) await grant(batch, wish)
    await queue.forgetWishes(batch.id, wishes.length)
  }
  /** Result: when to look again at the latest. */
  const turn = async (): Promise<number> => {
    for (let work = inbox.shift(); work; work = inbox.shift()) await work()
    const [asked, checking] = [mine(), suspects]
    suspects = new Set()
    try {
      for (const entry of asked) await collect(entry, await queue.collect(entry.batch.id))
      for (const entry of checking) await collect(entry, await strays(entry))
    } catch (error) {
      for (const entry of checking) suspects.add(entry)
      throw error
    }
    for (const entry of unsettled) {
      await settle(entry.batch, entry.batch.items.filter(({ state, attempts }) => attempts.length > 0 && state !== 'waiting' && state !== 'running').map(({ number }) => number))
      unsettled.delete(entry)
    }
    for (const { batch } of mine()) await hear(batch)
    await lookElsewhere()
    return begin()
  }
  /** What was kept although the answer never came is so; and what the queue has forgotten never was. */
  const catchUp = async (entry: Entry): Promise<void> => {
    const { id, sequence } = entry.batch
    const [last, ...more] = await queue.read(id, sequence - 1)
    if (last && more.length === 0) return
    const kept = last ? more : await queue.read(id, 0)
    vacate(entry.batch)
    const batch = kept.reduce<Batch | undefined>(applyBatchEvent, last ? entry.batch : undefined)
    if (!last) log(`batch ${id}: the queue has forgotten what came after ${batch?.sequence ?? 0}; it goes on from there`)
    if (!batch) { entries.delete(id); return }
    entry.batch = batch
    occupy(batch)
    if (last) for (const event of more) tell(batch, event)
    news.ring()
  }
  /** Somebody took this bench for dead and decides now. Two who decide would begin everything twice. */
  const afterTrouble = async (): Promise<void> => {
    for (const entry of mine()) {
      if (await queue.adopt(entry.batch.id)) {
        unsettled.add(entry)
        suspects.add(entry)
        await catchUp(entry)
        continue
      }
      entry.isMine = false
      unsettled.delete(entry)
      vacate(entry.batch)
    }
  }
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const ring = wake.next(stop.signal).catch(() => undefined)
      let waitMs: number
      try {
        const dueMs = await turn()
        waitMs = Math.min([...entries.values()].some(({ batch }) => !batch.end) ? foreignEveryMs : lookEveryMs, dueMs)
      } catch (error) {
        log(`batches: ${String(error)}`)
        waitMs = troubleWaitMs
        await afterTrouble().catch((more: unknown) => { log(`batches: ${String(more)}`) })
      }
      const pause = new AbortController()
      // A stop ends the ring, and that ends the pause.
      await Promise.race([ring, clock.sleep(Math.max(0, waitMs), pause.signal).catch(() => undefined)]).finally(() => { pause.abort(looked) })
    }
    for (let work = inbox.shift(); work; work = inbox.shift()) await work()
  }
  const submit = async <T>(work: () => Promise<T>): Promise<T> => {
    if (stop.signal.aborted) throw new WorkbenchError('input/conflict', 'The workbench is closing and takes no more of batches')
    const done = createDeferred<T>()
    inbox.push(async () => work().then(done.resolve, done.reject))
    wake.ring()
    return done.promise
  }
  const say = async (id: BatchId, wish: BatchWish): Promise<void> => submit(async () => {
    const { batch, isMine } = entryOf(id)
    if (batch.end) throw new WorkbenchError('input/conflict', `Batch ${batch.plan.name} is over: ${batch.end.state}`, { context: { batch: id, state: batch.end.state }, hint: 'Its reports are kept; begin it again for another run' })
    await (isMine ? grant(batch, wish) : queue.wish(id, wish))
  })

  const readIn = async (id: BatchId): Promise<Entry | undefined> => {
    try {
      const batch = (await queue.read(id, 0)).reduce<Batch | undefined>(applyBatchEvent, undefined)
      if (!batch) return undefined
      const entry: Entry = { batch, isMine: false }
      unreadable.delete(id)
      entries.set(id, entry)
      return entry
    } catch (error) {
      if (!unreadable.has(id)) log(`batch ${id} cannot be read and is left out: ${String(error)}`)
      unreadable.add(id)
      return undefined
    }
  }
  const own = async (entry: Entry): Promise<boolean> => {
    if (entry.isMine || entry.batch.end) return true
    if (!await queue.adopt(entry.batch.id)) return false
    for (const event of await queue.read(entry.batch.id, entry.batch.sequence)) applyBatchEvent(entry.batch, event)
    entry.isMine = true
    occupy(entry.batch)
    suspects.add(entry)
    unsettled.add(entry)
    return true
  }

  for (const id of await queue.batches()) await readIn(id)
  const quiet = queue.onNews(() => { wake.ring() })
  const worker: BatchWorker = createBatchWorker({ ...deps, cameras: deps.cameras ?? (() => undefined) })
  const looping = loop()
  return {
    start: async (plan, targets) => {
      if (targets.length === 0) throw new WorkbenchError('input/not-found', 'The plan names no camera that is in the rack', { hint: '"rackbench rack list" names those that are there, with their labels' })
      checkSize(plan, targets.length)
      return submit(async () => {
        const id = deps.newBatchId()
        const event: BatchEvent = { type: 'batch-queued', batch: id, sequence: 1, atMs: clock.wallMs(), plan, targets: [...targets] }
        await queue.append([event])
        if (!await queue.adopt(id)) throw new WorkbenchError('internal/bug', 'A new batch belongs to somebody else')
        const batch = applyBatchEvent(undefined, event)
        entries.set(id, { batch, isMine: true })
        tell(batch, event)
        news.ring()
        return id
      })
    },
    get: (id) => entryOf(id).batch,
    list: () => [...entries.values()].map(({ batch }) => batch).reverse(),
    takeUp: async (id) => submit(async () => {
      const entry = entries.get(id) ?? await readIn(id) ?? entryOf(id)
      if (!await own(entry)) throw new WorkbenchError('input/conflict', 'Another Rackbench that runs decides for this batch', { context: { batch: id } })
      news.ring()
    }),
    pause: async (id) => say(id, { kind: 'pause' }),
    goOn: async (id) => say(id, { kind: 'go-on' }),
    reorder: async (id, first) => say(id, { kind: 'reorder', first: [...first] }),
    stop: async (id, { now }) => say(id, { kind: 'stop', now }),
    listen: (listener) => { listeners.add(listener); return () => { listeners.delete(listener) } },
    changed: async (signal) => news.next(signal),
    close: async () => {
      quiet()
      // Its results come in while the loop still turns.
      await worker.close()
      stop.abort()
      await looping
      await queue.close()
    },
  }
}

/** Of what is kept of that batch, and not of the way there, which may be open again in a moment. */
const isDamage = (error: unknown, batch: BatchId): boolean => error instanceof WorkbenchError && (error.code === 'job/impossible-event' || error.code === 'link/gap' || (error.code === 'host/io' && error.context['batch'] === batch))
