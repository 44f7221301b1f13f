import { Redis } from 'ioredis'
import { Cancelled, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { reasonOf } from '../errors/reasonOf.ts'
import { shown } from '../errors/shown.ts'
import { parseRedisUrl, type RedisAddress } from './redisAddress.ts'

const connectLimitMs = 10_000
const askLimitMs = 10_000
const longestWaitMs = 5_000
/** What the library says of a question whose connection went. */
const lost = /max retries per request|isn't writeable|connection is closed/i

export interface RedisLink {
  readonly client: Redis
  /** Without the login. */
  readonly shown: string
  /** With a limit, and with our errors: a foreign one may tell the whole address. */
  ask<T>(work: () => Promise<T>): Promise<T>
  /** How long it has answered without a break; 0 while it does not. */
  steadyMs(): number
  /** Rings for everybody on this Redis. */
  ring(): void
  close(): void
}

export interface RedisLinkOptions {
  readonly url: string
  readonly clock: Clock
  readonly log: (line: string) => void
  /** Everybody who rings there is heard. */
  readonly channel: string
  readonly onRing: () => void
  /** Connected, for the first time or again. */
  readonly onReady: () => void
}

/** `link/unreachable` when it does not answer now. Later on it is tried for ever, and every question meanwhile fails at once. */
export async function openRedisLink({ url, clock, log, channel, onRing, onReady }: RedisLinkOptions): Promise<RedisLink> {
  const address = parseRedisUrl(url)
  const client = createClient(address)
  const ears = createClient(address)
  let problem: unknown
  let readyAtMs: number | undefined
  const over = new AbortController()
  const close = (): void => {
    over.abort(new WorkbenchError('link/closed', 'The link to Redis was closed'))
    client.disconnect()
    ears.disconnect()
  }
  client.on('error', (error: unknown) => {
    if (reasonOf(problem) !== reasonOf(error)) log(problemOf(error, address).message)
    problem = error
  })
  // It has the same troubles at the same time, and they are told already.
  ears.on('error', () => undefined)
  client.on('ready', () => { problem = undefined; readyAtMs = clock.nowMs(); if (!over.signal.aborted) onReady() })
  client.on('close', () => { readyAtMs = undefined })
  ears.on('message', onRing)
  // Whatever was rung in between was missed.
  ears.on('ready', onRing)
  try {
    await withDeadline(clock, connectLimitMs, `Redis at ${address.shown}`, over.signal, async () => {
      await client.connect()
      await ears.connect()
      await ears.subscribe(channel)
    })
  } catch (error) {
    close()
    throw problemOf(problem ?? error, address)
  }
  return {
    client, shown: address.shown, close,
    ask: async (work) => {
      try {
        return await withDeadline(clock, askLimitMs, `Redis at ${address.shown}`, over.signal, work)
      } catch (error) {
        throw problemOf(error, address)
      }
    },
    steadyMs: () => (readyAtMs === undefined ? 0 : clock.nowMs() - readyAtMs),
    ring: () => { client.publish(channel, '').catch(() => undefined) },
  }
}

function createClient({ host, port, database, hasTls, user, password }: RedisAddress): Redis {
  return new Redis({
    host, port, db: database, ...(user === undefined ? {} : { username: user }), ...(password === undefined ? {} : { password }), ...(hasTls ? { tls: {} } : {}),
    // BullMQ is written for answers of that form.
    protocol: 2,
    // Its timer runs also when there is nothing left to close.
    disconnectTimeout: 200,
    lazyConnect: true, connectTimeout: connectLimitMs, commandTimeout: askLimitMs,
    // A question that is kept for later would come when nobody waits for it any more: each fails when the connection does.
    enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false,
    retryStrategy: (times) => Math.min(100 * 2 ** Math.min(times, 10), longestWaitMs),
  })
}

function problemOf(error: unknown, { shown: where }: RedisAddress): Error {
  if (error instanceof WorkbenchError || error instanceof Cancelled) return error
  if (error instanceof Error && error.name === 'ReplyError') {
    const words = shown(error.message)
    return /^(NOAUTH|WRONGPASS|NOPERM)/.test(words)
      ? new WorkbenchError('host/no-permission', `Redis at ${where} refuses the login`, { hint: 'It stands in the address: redis://USER:PASSWORD@HOST' })
      : new WorkbenchError('host/io', `Redis at ${where} refused: ${words}`, { hint: 'Is its disk or its memory full?' })
  }
  return new WorkbenchError('link/unreachable', `Redis at ${where} does not answer: ${lost.test(reasonOf(error)) ? 'the connection was lost' : shown(reasonOf(error))}`, { hint: 'Does it run there, and does its "bind" let this computer in? A window and "serve" try it again by themselves' })
}
