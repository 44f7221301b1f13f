import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type BatchEngine, openBatchEngine } from '../../src/main/core/batch/batchEngine.ts'
import type { Batch } from '../../src/main/core/batch/batchState.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { openRedisBatches } from '../../src/main/drivers/redis/redisBatches.ts'
import type { BatchQueue, BatchWork } from '../../src/shared/batch/batchQueue.ts'
import { batchIdSchema } from '../../src/shared/batch/batchPlan.schema.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'
import { describeBatchQueue } from '../contract/batchQueue.contract.ts'
import { type BenchProcess, startBenchProcess } from '../support/benchProcess.ts'
import { openRedis, redisPassword, type RedisPeer } from '../support/redisPeer.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'

const program = findProgram('redis-server')
const silentMs = 1_500
const batch = batchIdSchema.parse('lab')
const benches = [['a-1', 'a-2', 'a-3', 'a-4'], ['b-1', 'b-2', 'b-3', 'b-4'], ['c-1', 'c-2', 'c-3', 'c-4']] as const
const everyCamera = benches.flat()

const startBench = async (url: string, cameras: readonly string[], planned: readonly string[] = []): Promise<BenchProcess> => startBenchProcess('batchBench.ts', url, [cameras.join(','), String(silentMs), '150', planned.join(',')])

/** A window that has no camera and decides for nothing. */
async function watchFrom(url: string, logged: string[]): Promise<BatchEngine> {
  const clock = createSystemClock()
  const log = (line: string): void => { logged.push(line) }
  const queue = await openRedisBatches({ url, clock, log, offer: () => [], silentMs })
  const engine = await openBatchEngine({ queue, clock, log, cameras: () => new Set(), newBatchId: () => batchIdSchema.parse('nobody'), run: async () => ({}) })
  onTestFinished(async () => engine.close())
  return engine
}

async function endOf(engine: BatchEngine): Promise<Batch> {
  for (let turn = 0; turn < 600; turn += 1) {
    const known = engine.list().find(({ id }) => id === batch)
    if (known?.end) return known
    await wait(200)
  }
  throw new Error(`the batch does not end: ${JSON.stringify(engine.list()[0]?.counts)}`)
}

async function openLab(): Promise<RedisPeer> {
  const redis = await openRedis(program ?? '')
  onTestFinished(async () => redis.close())
  return redis
}

/** Every item passed once, and what did not pass was interrupted and done again. */
function expectNothingLost({ end, counts, items }: Batch): void {
  expect(end).toMatchObject({ state: 'passed' })
  expect(counts).toMatchObject({ passed: everyCamera.length * 6, waiting: 0, running: 0 })
  for (const { attempts } of items) {
    expect(attempts.at(-1)?.result?.outcome).toBe('passed')
    expect(attempts.slice(0, -1).every(({ result }) => result?.outcome === 'interrupted')).toBe(true)
  }
}

/** No attempt was begun by two, and no camera had two at a time on one bench. */
function expectOneAtATime(all: readonly BenchProcess[]): void {
  const begun = all.flatMap(({ lines }) => lines.filter((line) => line.startsWith('begin ')))
  expect(new Set(begun).size).toBe(begun.length)
  for (const { lines } of all) {
    const busy = new Set<string>()
    for (const [word, camera = ''] of lines.map((line) => line.split(' '))) {
      if (word === 'begin') { expect(busy.has(camera)).toBe(false); busy.add(camera) }
      if (word === 'end') busy.delete(camera)
    }
  }
}

describeWithPeer('batches of several benches on a real Redis', program === undefined ? ['redis-server'] : [], () => {
  describeBatchQueue('BullMQ on Redis', async () => {
    const redis = await openRedis(program ?? '')
    const opened = new Map<string, { readonly queue: BatchQueue; isDead: boolean }>()
    const real = createSystemClock()
    return {
      open: async (worker) => {
        // A bench whose clock no longer wakes it says nothing any more, and its locks run out.
        const clock: Clock = { ...real, sleep: async (ms, signal) => (opened.get(worker)?.isDead ? real.sleep(3_600_000, signal) : real.sleep(ms, signal)) }
        const queue = await openRedisBatches({ url: redis.url, clock, log: () => undefined, offer: () => [], silentMs: 500 })
        opened.set(worker, { queue, isDead: false })
        return queue
      },
      die: async (worker) => { opened.get(worker)!.isDead = true },
      until: async (isSo) => {
        for (let turn = 0; turn < 400; turn += 1) {
          if (await isSo()) return
          await wait(25)
        }
        throw new Error('it is not so')
      },
      dispose: async () => {
        for (const { queue } of opened.values()) await queue.close()
        await redis.close()
      },
    }
  })

  test('a bench that was silent for too long: its attempt is lost, its result is refused, and until then it takes nothing more for that camera', async () => {
    const redis = await openLab()
    const real = createSystemClock()
    let isSilent = false
    const frozen: Clock = { ...real, sleep: async (ms, signal) => real.sleep(isSilent ? 3_600_000 : ms, signal) }
    const open = async (clock: Clock): Promise<BatchQueue> => {
      const queue = await openRedisBatches({ url: redis.url, clock, log: () => undefined, offer: () => [], silentMs: 500 })
      onTestFinished(async () => queue.close())
      return queue
    }
    const [one, two] = [await open(real), await open(frozen)]
    const work = (attempt: number): BatchWork => ({ batch, item: 0, attempt, camera: cameraIdSchema.parse('cam-1') })
    await one.add([work(1)])
    expect(await two.take(undefined, 1)).toEqual([work(1)])
    isSilent = true
    for (let turn = 0; turn < 400 && (await one.collect(batch)).length === 0; turn += 1) await wait(25)
    expect(await one.collect(batch)).toEqual([{ work: work(1), lost: true }])
    expect(await one.drop([work(1)])).toEqual([work(1)])
    await one.add([work(2)])
    expect(await two.take(undefined, 1)).toEqual([])
    await expect(two.finish(work(1), { outcome: 'passed', phases: [], elapsedMs: 1 })).rejects.toMatchObject({ code: 'input/conflict' })
    expect(await two.take(undefined, 1)).toEqual([work(2)])
  })

  test.each([['one that only works', 2], ['the one that decides', 0]] as const)('three benches as three processes, one killed with kill -9 (%s): the plan goes on and loses nothing', async (_, victim) => {
    const redis = await openLab()
    const logged: string[] = []
    const window = await watchFrom(redis.url, logged)
    const second = await startBench(redis.url, benches[1])
    const third = await startBench(redis.url, benches[2])
    const first = await startBench(redis.url, benches[0], everyCamera)
    const all = [first, second, third]
    const killed = all[victim]!
    await killed.until((lines) => lines.filter((line) => line.startsWith('begin ')).length >= 6 && lines.at(-1)?.startsWith('begin ') === true)
    await killed.kill()
    // Somebody starts that bench again; what waited for its cameras waited there.
    all.push(await startBench(redis.url, benches[victim]!))
    const ended = await endOf(window)
    expectNothingLost(ended)
    expectOneAtATime(all)
    const again = ended.items.filter(({ attempts }) => attempts.length > 1)
    expect(again.length).toBeGreaterThan(0)
    expect(again.every(({ target }) => (benches[victim] as readonly string[]).includes(target.camera))).toBe(true)
    expect([...logged, ...all.flatMap(({ lines }) => lines)].join('\n')).not.toContain(redisPassword)
  })

  test('Redis is killed and comes back: nothing is lost, and nothing is begun twice', async () => {
    const redis = await openLab()
    const logged: string[] = []
    const window = await watchFrom(redis.url, logged)
    const all = [await startBench(redis.url, benches[1]), await startBench(redis.url, benches[2]), await startBench(redis.url, benches[0], everyCamera)]
    await all[0]!.until((lines) => lines.filter((line) => line.startsWith('end ')).length >= 4)
    await redis.down()
    // Longer than any lock lives, so every one has run out when it comes back.
    await wait(2 * silentMs)
    await redis.up()
    expectNothingLost(await endOf(window))
    expectOneAtATime(all)
    const words = [...logged, ...all.flatMap(({ lines }) => lines)].join('\n')
    expect(words).toContain('does not answer')
    expect(words).not.toContain(redisPassword)
  })

  test('a Redis that is not there, and one that refuses the login, are told without the login', async () => {
    const redis = await openLab()
    const logged: string[] = []
    const open = async (url: string): Promise<unknown> => openRedisBatches({ url, clock: createSystemClock(), log: (line) => { logged.push(line) }, offer: () => [] })
    const wrong = await open(redis.url.replace(redisPassword, 'An0ther-Secret')).catch((error: unknown) => error)
    expect(wrong).toMatchObject({ code: 'host/no-permission' })
    await redis.down()
    const gone = await open(redis.url).catch((error: unknown) => error)
    expect(gone).toMatchObject({ code: 'link/unreachable' })
    expect(`${String(wrong)} ${String(gone)} ${logged.join('\n')}`).not.toMatch(new RegExp(`${redisPassword}|An0ther-Secret`))
  })
})
