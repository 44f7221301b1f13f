import { describe, expect, test } from 'vitest'
import { createVirtualClock } from '../../../../test/support/virtualClock.ts'
import { createLineEnd } from './lineTransport.ts'

const never = new AbortController().signal

function bench() {
  const clock = createVirtualClock()
  const calls: string[] = []
  const line = createLineEnd({
    write: () => undefined,
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
    close: async () => { calls.push('close') },
  }, 'test line', clock)
  return { clock, calls, line }
}

describe('one end of a line', () => {
  test('discarding waits for 20 ms of silence, so that what is still on its way goes too', async () => {
    const { clock, line } = bench()
    line.onBytes(new Uint8Array(7))
    const discarding = line.discardInput(never)
    await clock.advance(15)
    line.onBytes(new Uint8Array(5))
    await clock.advance(15)
    line.onBytes(new Uint8Array(3))
    expect(await clock.run(discarding)).toBe(15)
    line.onBytes(Uint8Array.of(1))
    expect(await line.read(never)).toEqual(Uint8Array.of(1))
    expect(clock.sleepers()).toBe(0)
  })

  test('a line that is never silent does not hold the caller for ever', async () => {
    const { clock, line } = bench()
    let over = false
    const discarding = line.discardInput(never).finally(() => { over = true })
    for (let tick = 0; tick < 1000 && !over; tick += 1) { line.onBytes(new Uint8Array(4)); await clock.advance(10) }
    expect(over).toBe(true)
    expect(clock.nowMs()).toBeLessThan(2_100)
    expect(await discarding).toBeGreaterThan(0)
  })

  test('a write that the line does not take ends at a limit that grows with it', async () => {
    const { clock, line } = bench()
    await expect(clock.run(line.write(new Uint8Array(8000), never))).rejects.toMatchObject({ code: 'link/timeout' })
    expect(clock.nowMs()).toBe(6_000)
  })

  test('a reader who went away costs a bounded amount: the line is paused, and goes on when he is back', async () => {
    const { calls, line } = bench()
    for (let index = 0; index < 17; index += 1) line.onBytes(new Uint8Array(65_536))
    expect(calls).toEqual(['pause'])
    expect((await line.read(never))?.length).toBe(17 * 65_536)
    expect(calls).toEqual(['pause', 'resume'])
  })

  test('what is taken says when each of it came; what was read, or dropped, is not told of again', async () => {
    const { clock, calls, line } = bench()
    expect(line.take()).toBeUndefined()
    line.onBytes(Uint8Array.of(0))
    expect(await line.read(never)).toEqual(Uint8Array.of(0))
    line.onBytes(Uint8Array.of(1, 2))
    line.onBytes(Uint8Array.of(3))
    await clock.advance(7)
    line.onBytes(Uint8Array.of(4))
    const start = clock.wallMs() - 7
    expect(line.take()).toEqual({ bytes: Uint8Array.of(1, 2, 3, 4), arrivals: [{ lengthBytes: 3, atMs: start }, { lengthBytes: 1, atMs: start + 7 }] })
    expect(line.take()).toBeUndefined()
    line.onBytes(Uint8Array.of(5))
    expect(await clock.run(line.discardInput(never))).toBe(1)
    line.onBytes(Uint8Array.of(6))
    expect(line.take()?.arrivals).toHaveLength(1)
    for (let index = 0; index < 17; index += 1) line.onBytes(new Uint8Array(65_536))
    expect(line.take()?.bytes.length).toBe(17 * 65_536)
    expect(calls).toEqual(['pause', 'resume'])
    line.onBytes(Uint8Array.of(7))
    line.onLost('it broke')
    expect(line.take()?.bytes).toEqual(Uint8Array.of(7))
    await expect(line.read(never)).rejects.toMatchObject({ code: 'link/closed' })
  })

  test('what came before the loss is read first; then the loss has its reason', async () => {
    const { line } = bench()
    line.onBytes(Uint8Array.of(1, 2))
    line.onLost('the far end reset the connection')
    expect(await line.read(never)).toEqual(Uint8Array.of(1, 2))
    await expect(line.read(never)).rejects.toMatchObject({ code: 'link/closed', message: 'The line to test line is lost: the far end reset the connection', context: { why: 'the far end reset the connection' } })
  })

  test('closing twice closes once', async () => {
    const { calls, line } = bench()
    await line.close()
    await line.close()
    expect(calls).toEqual(['close'])
  })
})
