import { type Job, Queue, type QueueBaseOptions, QueueKeys, RedisConnection, RedisQueueBackend, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import type { CameraId } from '../../../shared/devices/ids.ts'

export const queuePrefix = 'rackbench'
const queueName = (camera: CameraId): string => `camera.${camera}`
/** Before the colon and the id of a job. */
export const queueKeysBegin = `${queuePrefix}:camera.`
/** BullMQ's own stream of events; nobody reads it here. */
const keptEvents = 100

export interface CameraQueues {
  /** BullMQ has seen which Redis it is. */
  ready(): Promise<void>
  /** The same id twice is one. */
  add(camera: CameraId, jobs: readonly { readonly id: string; readonly data: object }[]): Promise<void>
  waiting(camera: CameraId): Promise<number>
  /** The one that is next, and stays there. */
  first(camera: CameraId): Promise<Job | undefined>
  /** The one that is next, locked with that token. */
  take(camera: CameraId, token: string): Promise<Job | undefined>
  /** False when somebody holds it. */
  remove(camera: CameraId, id: string): Promise<boolean>
  keyOf(camera: CameraId, id: string): string
  close(): Promise<void>
}

/** One queue of BullMQ for each camera, all over one connection: of a thousand cameras each with its own, a Redis would have a thousand clients for a bench. */
export function createCameraQueues(client: Redis, lockMs: number, log: (line: string) => void): CameraQueues {
  const connection = new RedisConnection(client, { shared: true, blocking: false })
  connection.on('error', () => undefined) // told by whoever made the client
  const keys = new QueueKeys(queuePrefix)
  const backendOf = (name: string, options: QueueBaseOptions): RedisQueueBackend => new RedisQueueBackend(connection, name, keys.getKeys(name), (type) => keys.toKey(name, type), options, undefined, false)
  const queues = new Map<CameraId, Queue>()
  const workers = new Map<CameraId, Worker>()
  const failed = (error: Error): void => { log(`BullMQ: ${error.message}`) }
  const queueOf = (camera: CameraId): Queue => {
    let queue = queues.get(camera)
    if (!queue) {
      queue = new Queue(queueName(camera), { connection: client, prefix: queuePrefix, streams: { events: { maxLen: keptEvents } } }, backendOf)
      queue.on('error', failed)
      queues.set(camera, queue)
    }
    return queue
  }
  const workerOf = (camera: CameraId): Worker => {
    let worker = workers.get(camera)
    if (!worker) {
      // Jobs are taken by hand, and their locks are kept by the beat of the bench.
      worker = new Worker(queueName(camera), undefined, { connection: client, prefix: queuePrefix, autorun: false, lockDuration: lockMs, skipStalledCheck: true, skipLockRenewal: true }, backendOf)
      worker.on('error', failed)
      workers.set(camera, worker)
    }
    return worker
  }
  return {
    ready: async () => { await connection.client },
    add: async (camera, jobs) => { await queueOf(camera).addBulk(jobs.map(({ id, data }) => ({ name: 'attempt', data, opts: { jobId: id } }))) },
    waiting: async (camera) => client.llen(queueOf(camera).toKey('wait')),
    first: async (camera) => (await queueOf(camera).getWaiting(0, 0))[0],
    take: async (camera, token) => await workerOf(camera).getNextJob(token, { block: false }) as Job | undefined,
    remove: async (camera, id) => await queueOf(camera).getBackend().remove(id, false) > 0,
    keyOf: (camera, id) => queueOf(camera).toKey(id),
    close: async () => {
      for (const each of [...workers.values()]) await each.close(true)
      for (const each of [...queues.values()]) await each.close()
    },
  }
}
