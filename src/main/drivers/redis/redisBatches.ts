import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import process from 'node:process'
import type { Job } from 'bullmq'
import { z } from 'zod'
import { type AttemptKey, attemptKeySchema, attemptResultSchema, type BatchEvent, batchEventSchema } from '../../../shared/batch/batchEvent.ts'
import { type BatchId, batchIdSchema } from '../../../shared/batch/batchPlan.schema.ts'
import { type BatchWork, batchWishSchema, type CollectedWork, mostWishes, type OfferedCamera, offeredCameraSchema, type SharedBatchQueue, tooManyWishes } from '../../../shared/batch/batchQueue.ts'
import { type CameraId, cameraIdSchema } from '../../../shared/devices/ids.ts'
import { Cancelled, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { adoptScript, appendScript, beatScript, lookScript } from './batchScripts.ts'
import { createCameraQueues, queueKeysBegin, queuePrefix } from './cameraQueues.ts'
import { openRedisLink } from './redisLink.ts'

export interface RedisBatchesOptions {
  readonly url: string
  readonly clock: Clock
  readonly log: (line: string) => void
  /** What this bench works on, for the plans of the others. */
  readonly offer: () => readonly OfferedCamera[] | Promise<readonly OfferedCamera[]>
  /** So long a silent bench counts as alive; all benches of one Redis say the same. */
  readonly silentMs?: number
}

/** Longer than a Redis that starts again is away, or a computer that swaps. */
const usualSilentMs = 30_000
const maxOffered = 5_000
const prefix = `${queuePrefix}/`

const workSchema = attemptKeySchema.extend({ camera: cameraIdSchema, order: z.number() })
const lookedSchema = z.array(z.tuple([z.string().regex(/^\d{1,9}\.\d{1,4}$/), cameraIdSchema, z.enum(['missing', 'waiting', 'held', 'left', 'ended']), z.string()]))
interface Looked { readonly work: BatchWork; readonly state: z.infer<typeof lookedSchema>[number][2]; readonly result: string }

const nameOf = ({ item, attempt }: AttemptKey): string => `${item}.${attempt}`
const jobIdOf = (key: AttemptKey): string => `${key.batch}.${nameOf(key)}`

/** The queue of several benches: what was told of a batch in lists of Redis, what is to be done as jobs of BullMQ with a lock for whoever does it. */
export async function openRedisBatches({ url, clock, log, offer, silentMs = usualSilentMs }: RedisBatchesOptions): Promise<SharedBatchQueue> {
  const self = `${hostname().slice(0, 60)}-${process.pid}-${randomBytes(6).toString('hex')}`
  const listeners = new Set<() => void>()
  const held = new Map<string, { readonly job: Job; readonly token: string; readonly camera: CameraId }>()
  const pulse = createBell()
  const over = new AbortController()
  let tokens = 0
  let isOpen = false
  let wasAway = false
  /** How long Redis had run when this bench came. */
  let beforeMs = 0
  const link = await openRedisLink({
    url, clock, log: (line) => { log(`batches: ${line}`) }, channel: `${prefix}news`,
    onRing: () => { for (const listener of [...listeners]) listener() }, onReady: () => { wasAway = isOpen; beforeMs = 0; pulse.ring() },
  })
  const { client, ask } = link
  const queues = createCameraQueues(client, silentMs, log)
  /** When Redis itself was away, every lock and every sign of life has run out, whoever lives; they are given time to come back. */
  const maySilentBeDead = (): boolean => link.steadyMs() > 0 && link.steadyMs() + beforeMs > silentMs
  const script = async (text: string, ...given: readonly string[]): Promise<unknown> => ask(async () => client.eval(text, 0, prefix, ...given))

  const beat = async (): Promise<void> => {
    const offered = await offer()
    const locks = [...held.entries()].flatMap(([id, { token, camera }]) => [queues.keyOf(camera, id), token])
    await script(beatScript, self, JSON.stringify(offered.slice(0, maxOffered)), String(silentMs), ...locks)
  }
  const live = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const ring = pulse.next(over.signal).catch(() => undefined)
      const pause = new AbortController()
      await Promise.race([ring, clock.sleep(silentMs / 4, pause.signal).catch(() => undefined)]).finally(() => { pause.abort(new Cancelled('there is something to do')) })
      if (!over.signal.aborted) await beat().catch((error: unknown) => { log(`batches: no sign of life was given: ${String(error)}`) })
    }
  }
  const look = async (batch: BatchId): Promise<Looked[]> => {
    const found = lookedSchema.safeParse(await script(lookScript, queueKeysBegin, batch))
    if (!found.success) throw new WorkbenchError('host/io', `What Redis keeps of batch ${batch} is damaged`, { cause: found.error, context: { batch } })
    return found.data.map(([name, camera, state, result]) => {
      const [item = 0, attempt = 0] = name.split('.').map(Number)
      return { work: { batch, item, attempt, camera }, state, result }
    }).sort((a, b) => a.work.item - b.work.item || a.work.attempt - b.work.attempt)
  }
  const put = async (works: readonly BatchWork[]): Promise<void> => {
    if (works.length === 0) return
    const last = await ask(async () => client.incrby(`${prefix}order`, works.length))
    const ofCamera = new Map<CameraId, { id: string; data: object }[]>()
    for (const [index, work] of works.entries()) {
      const jobs = ofCamera.get(work.camera) ?? []
      jobs.push({ id: jobIdOf(work), data: { ...work, order: last - works.length + index } })
      ofCamera.set(work.camera, jobs)
    }
    await ask(async () => { await Promise.all([...ofCamera].map(async ([camera, jobs]) => queues.add(camera, jobs))) })
    link.ring()
  }
  const drop = async (keys: readonly AttemptKey[]): Promise<AttemptKey[]> => {
    const gone: AttemptKey[] = []
    for (const batch of new Set(keys.map((key) => key.batch))) {
      const known = new Map((await look(batch)).map((each) => [nameOf(each.work), each]))
      for (const key of keys.filter((each) => each.batch === batch)) {
        const found = known.get(nameOf(key))
        if (!found || found.state === 'held' || (found.state === 'left' && !maySilentBeDead())) continue
        const isGone = await ask(async () => found.state === 'missing' || await queues.remove(found.work.camera, jobIdOf(key)))
        if (!isGone) continue
        await ask(async () => client.hdel(`${prefix}open/${batch}`, nameOf(key)))
        gone.push(key)
      }
    }
    return gone
  }
  const append = async (events: readonly BatchEvent[], works: readonly BatchWork[]): Promise<void> => {
    const kept = events.map((event) => {
      const checked = batchEventSchema.safeParse(event)
      if (!checked.success) throw new WorkbenchError('internal/bug', `"${event.type}" of a batch could not be read again`, { cause: checked.error })
      return [event.batch, event.sequence, JSON.stringify(event)]
    })
    const refused = z.tuple([z.string(), z.number()]).safeParse(await script(appendScript, self, JSON.stringify(kept), JSON.stringify(works.map((work) => [work.batch, nameOf(work), work.camera]))))
    if (!refused.success) return
    const [batch, last] = refused.data
    throw new WorkbenchError('input/conflict', last < 0 ? `Another bench decides for batch ${batch}` : `An event of batch ${batch} does not come after ${last}`, { context: { batch } })
  }
  /** Undefined when there is none, or when it is nobody's any more. */
  const takeOf = async (camera: CameraId): Promise<BatchWork | undefined> => {
    const token = `${self}:${(tokens += 1)}`
    const job = await ask(async () => queues.take(camera, token))
    if (job === undefined) return undefined
    const read = workSchema.safeParse(job.data)
    const id = job.id ?? ''
    const isWanted = read.success && read.data.camera === camera && id === jobIdOf(read.data) && await ask(async () => client.hexists(`${prefix}open/${read.data.batch}`, nameOf(read.data))) === 1
    if (!isWanted) {
      log(`batches: ${JSON.stringify(id.slice(0, 100))} in the queue of ${camera} is no open attempt, and is left out`)
      await ask(async () => { await job.moveToCompleted(null, token, false); await queues.remove(camera, id) })
      return undefined
    }
    held.set(id, { job, token, camera })
    const { order: _order, ...work } = read.data
    return work
  }
  const take = async (cameras: ReadonlySet<CameraId> | undefined, atMost: number): Promise<readonly BatchWork[]> => {
    // What was called lost while Redis was away may still be done here: one camera has one attempt at a time.
    const busy = new Set([...held.values()].map(({ camera }) => camera))
    const all = cameras ?? z.array(cameraIdSchema).parse(await ask(async () => client.smembers(`${prefix}cameras`)))
    const mine = [...all].filter((camera) => !busy.has(camera))
    const heads = await ask(async () => Promise.all(mine.map(async (camera) => {
      const job = await queues.waiting(camera) > 0 ? await queues.first(camera) : undefined
      return job ? [{ camera, order: z.object({ order: z.number() }).safeParse(job.data).data?.order ?? 0 }] : []
    })))
    const taken: BatchWork[] = []
    for (const { camera } of heads.flat().sort((a, b) => a.order - b.order)) {
      if (taken.length >= atMost) break
      try {
        const work = await takeOf(camera)
        if (work) taken.push(work)
      } catch (error) {
        if (taken.length === 0) throw error
        // Those that were taken are this bench's, whatever became of the next.
        break
      }
    }
    return taken
  }
  const finish = async (key: AttemptKey, result: object): Promise<void> => {
    const mine = held.get(jobIdOf(key))
    // Its lock ran out while Redis was away, and the bench did not.
    if (mine && !maySilentBeDead()) await beat()
    const isKept = mine !== undefined && await ask(async () => mine.job.moveToCompleted(result, mine.token, false).then(() => true, (error: unknown) => {
      // BullMQ's own numbers: the lock or the job is gone, or somebody else's.
      if (error instanceof Error && 'code' in error && typeof error.code === 'number') return false
      throw error
    }))
    held.delete(jobIdOf(key))
    if (!isKept) throw new WorkbenchError('input/conflict', `Item ${key.item} of batch ${key.batch} is not this bench's`, { context: { item: key.item } })
    link.ring()
  }
  const collected = ({ work, state, result }: Looked): CollectedWork[] => {
    if (state === 'left') return maySilentBeDead() ? [{ work, lost: true }] : []
    if (state !== 'ended') return []
    const read = attemptResultSchema.safeParse(parseJson(result))
    if (!read.success) log(`batch ${work.batch}: the result of item ${work.item} is damaged and counts as lost`)
    return [read.success ? { work, result: read.data } : { work, lost: true }]
  }

  try {
    await ask(async () => queues.ready())
    beforeMs = 1_000 * Number(/^uptime_in_seconds:(\d{1,12})/m.exec(await ask(async () => client.info('server')))?.[1] ?? 0)
    await beat()
    await warnOfForgetting(async () => ask(async () => client.config('GET', 'appendonly')), link.shown, log)
  } catch (error) {
    await queues.close()
    link.close()
    throw error
  }
  isOpen = true
  const living = live()
  return {
    append: async (events, { add = [], drop: dropped = [] } = {}) => {
      await append(events, add)
      await put(add)
      if (dropped.length > 0) await drop(dropped)
    },
    read: async (batch, after, atMost) => {
      const texts = await ask(async () => client.lrange(`${prefix}events/${batch}`, after, atMost === undefined ? -1 : after + atMost - 1))
      return texts.map((text, index) => {
        const event = batchEventSchema.safeParse(parseJson(text))
        if (event.success && event.data.batch === batch && event.data.sequence === after + index + 1) return event.data
        throw new WorkbenchError('host/io', `Entry ${after + index + 1} of batch ${batch} is damaged`, { context: { batch }, hint: 'Its jobs are in the journal; the batch itself cannot go on' })
      })
    },
    batches: async () => z.array(batchIdSchema).parse(await ask(async () => client.lrange(`${prefix}batches`, 0, -1))),
    adopt: async (batch) => await script(adoptScript, self, batch, maySilentBeDead() ? '1' : '0') === 1,
    add: async (works) => {
      await append([], works)
      await put(works)
    },
    take: async (cameras, atMost) => (atMost > 0 ? take(cameras, atMost) : []),
    finish,
    collect: async (batch) => {
      // It may have started again and forgotten the end; whoever decides has to look at what it knows still.
      if (wasAway) {
        wasAway = false
        throw new WorkbenchError('link/closed', `Redis at ${link.shown} was away; what it kept is read again`)
      }
      return (await look(batch)).flatMap(collected)
    },
    pending: async (batch) => (await look(batch)).filter((each) => each.state !== 'missing' && each.state !== 'ended' && collected(each).length === 0).map(({ work }) => work),
    drop,
    offered: async () => {
      const benches = (await ask(async () => client.smembers(`${prefix}benches`))).filter((bench) => bench !== self)
      if (benches.length === 0) return []
      const texts = await ask(async () => client.mget(benches.map((bench) => `${prefix}alive/${bench}`)))
      return texts.flatMap((text) => (text === null ? [] : z.array(offeredCameraSchema).max(maxOffered).safeParse(parseJson(text)).data ?? []))
    },
    wish: async (batch, wish) => {
      // Two at the same moment may make it one more than the most, and no harm is done by that.
      if (await ask(async () => client.llen(`${prefix}wishes/${batch}`)) >= mostWishes) throw tooManyWishes(batch)
      await ask(async () => client.rpush(`${prefix}wishes/${batch}`, JSON.stringify(wish)))
      link.ring()
    },
    wishes: async (batch) => (await ask(async () => client.lrange(`${prefix}wishes/${batch}`, 0, mostWishes))).map((text) => batchWishSchema.safeParse(parseJson(text)).data),
    forgetWishes: async (batch, count) => { await ask(async () => client.ltrim(`${prefix}wishes/${batch}`, count, -1)) },
    onNews: (listener) => { listeners.add(listener); return () => { listeners.delete(listener) } },
    close: async () => {
      if (over.signal.aborted) return
      over.abort(new Cancelled('the queue is closed'))
      await living
      // What it decided for and offered is free at once; nobody waits for it to be taken for dead.
      await ask(async () => { await client.del(`${prefix}alive/${self}`); await client.srem(`${prefix}benches`, self) }).catch((error: unknown) => { log(`batches: ${String(error)}`) })
      link.ring()
      await queues.close()
      link.close()
    },
  }
}

async function warnOfForgetting(setting: () => Promise<unknown>, where: string, log: (line: string) => void): Promise<void> {
  // A Redis that lets nobody ask is somebody's who knows.
  const answer = await setting().catch(() => undefined)
  if (Array.isArray(answer) && answer[1] === 'no') log(`batches: Redis at ${where} forgets the last minutes when it is killed; "appendonly yes" in its configuration keeps them`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // damaged, which the caller tells
  }
}
