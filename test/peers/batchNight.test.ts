import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { openBatchEngine } from '../../src/main/core/batch/batchEngine.ts'
import type { Batch } from '../../src/main/core/batch/batchState.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { openRedisBatches } from '../../src/main/drivers/redis/redisBatches.ts'
import { batchIdSchema } from '../../src/shared/batch/batchPlan.schema.ts'
import { type BenchProcess, startBenchProcess } from '../support/benchProcess.ts'
import { openRedis } from '../support/redisPeer.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'

const program = findProgram('redis-server')
const silentMs = 2_000
const benches = { a: ['a-1', 'a-2'], b: ['b-1', 'b-2'], c: ['c-1', 'c-2'] } as const
type Name = keyof typeof benches

interface Night { readonly benches: Record<Name, BenchProcess>; readonly batch: Promise<Batch>; start(name: Name): Promise<BenchProcess> }

/** Three benches as three processes, each with simulated cameras of its own and the real restore; a window that only looks. */
async function openNight(planned: readonly string[], images: readonly string[]): Promise<Night> {
  const redis = await openRedis(program ?? '')
  onTestFinished(async () => redis.close())
  const clock = createSystemClock()
  const log = (): void => undefined
  const queue = await openRedisBatches({ url: redis.url, clock, log, offer: () => [], silentMs })
  const window = await openBatchEngine({ queue, clock, log, cameras: () => new Set(), newBatchId: () => batchIdSchema.parse('nobody'), run: async () => ({}) })
  onTestFinished(async () => window.close())
  const start = async (name: Name, ...plan: readonly string[]): Promise<BenchProcess> => startBenchProcess('nightBenchProcess.ts', redis.url, [benches[name].join(','), String(silentMs), ...plan])
  const [b, c] = await Promise.all([start('b'), start('c')])
  const a = await start('a', planned.join(','), images.join(','))
  const end = async (): Promise<Batch> => {
    for (let turn = 0; turn < 1_000; turn += 1) {
      const [known] = window.list()
      if (known?.end) return known
      await wait(100)
    }
    throw new Error(`the batch does not end: ${JSON.stringify(window.list()[0]?.counts)}`)
  }
  return { benches: { a, b, c }, batch: end(), start }
}

/** In the middle of a restore: the flash is half of each. */
const isWriting = (lines: readonly string[]): boolean => lines.some((line) => line.startsWith('at write:'))

describeWithPeer('a night run of three benches on a real Redis, with real restores', program === undefined ? ['redis-server'] : [], () => {
  test('killed with kill -9 while it restores a camera of the canary: that ends as interrupted and is done again, and the bad image stops the night on all three benches', { timeout: 120_000 }, async () => {
    const { benches: all, batch, start } = await openNight(['b-1', 'c-1', 'a-1', 'a-2', 'b-2', 'c-2'], ['fw-2.5.1', 'fw-2.5.2', 'fw-2.6-rc1'])
    await all.b.until(isWriting)
    await all.b.kill()
    // Nobody meets the bad image before what was cut is done again: on a quick machine the canary would be over by then.
    const again = await start('b')
    await again.until((lines) => lines.includes('end b-1 0.2'))
    for (const bench of [again, all.c]) bench.tell('go on')
    const ended = await batch
    expect(ended).toMatchObject({ end: { state: 'stopped' }, stop: { reason: 'canary' } })
    expect(ended.end?.sentence).toMatch(/^Stopped at the canary: fw-2\.6-rc1 on [bc]-1 failed \(firmware: .*Kernel panic.*\); 4 cameras were not touched\.$/)
    expect(ended.counts).toMatchObject({ 'waiting': 0, 'running': 0, 'timed out': 0, 'not judged': 0 })
    expect(ended.items[0]).toMatchObject({ target: { camera: 'b-1' }, image: { name: 'fw-2.5.1' }, state: 'passed', attempts: [{ result: { outcome: 'interrupted' } }, { result: { outcome: 'passed' } }] })
    for (const { target, image, state, attempts } of ended.items) {
      if (!['b-1', 'c-1'].includes(target.camera)) expect([state, attempts.length]).toEqual(['left out', 0])
      else expect(state === 'left out' || state === (image?.name === 'fw-2.6-rc1' ? 'failed' : 'passed')).toBe(true)
    }
    const begun = [...Object.values(all), again].flatMap(({ lines }) => lines.filter((line) => line.startsWith('begin ')))
    expect(new Set(begun).size).toBe(begun.length)
    expect(begun.some((line) => /begin (a-|.-2)/.test(line))).toBe(false)
  })

  test('killed with kill -9 while it decides and restores: another decides, and every camera holds what the plan wanted', { timeout: 120_000 }, async () => {
    const planned = Object.values(benches).flat()
    const { benches: all, batch, start } = await openNight(planned, ['fw-2.5.1', 'fw-2.5.2'])
    // Past the canary, which is its own.
    await all.a.until((lines) => lines.filter((line) => line.startsWith('end ')).length >= 4 || all.b.lines.some((line) => line.startsWith('begin ')))
    await all.a.kill()
    const [, ended] = await Promise.all([start('a'), batch])
    expect(ended).toMatchObject({ end: { state: 'passed', sentence: 'All 12 passed.' } })
    for (const { attempts } of ended.items) {
      expect(attempts.at(-1)?.result).toMatchObject({ outcome: 'passed', job: expect.any(String) as string })
      expect(attempts.at(-1)?.result?.phases.map(({ name }) => name)).toContain('boot-seen')
      expect(attempts.slice(0, -1).every(({ result }) => result?.outcome === 'interrupted')).toBe(true)
    }
  })
})
