import { describe, expect, test } from 'vitest'
import { drainUntilSilent, withBootLine } from '../../src/main/core/bootrom/bootLine.ts'
import { type HandshakeOptions, shakeHands, shakeHandsAgain } from '../../src/main/core/bootrom/handshake.ts'
import { sendUntilAcked, type StandardSendOptions } from '../../src/main/core/bootrom/sendFrame.ts'
import { createMemoryCable } from '../support/memoryCable.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts'

const never = new AbortController().signal
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const text = (words: string): Uint8Array => new TextEncoder().encode(words)

interface Script {
  readonly clock: VirtualClock
  /** What the host wrote, with its time. */
  readonly writes: { readonly atMs: number; readonly bytes: Uint8Array }[]
  say(atMs: number, words: Uint8Array): void
}

/** A far end that says what it is told to say, when it is told to. */
async function playing<T>(work: (script: Script, line: Parameters<Parameters<typeof withBootLine<T>>[3]>[0]) => Promise<T>): Promise<T> {
  const clock = createVirtualClock()
  const cable = createMemoryCable()
  const over = new AbortController()
  const writes: Script['writes'] = []
  const listening = (async () => {
    for (let chunk = await cable.far.read(over.signal); chunk; chunk = await cable.far.read(over.signal)) writes.push({ atMs: clock.nowMs(), bytes: chunk })
  })().catch(() => undefined)
  const script: Script = { clock, writes, say: (atMs, words) => {
    void clock.sleep(atMs - clock.nowMs(), over.signal).then(async () => cable.far.write(words, never), () => undefined)
  } }
  try {
    return await clock.run(withBootLine(cable.near, clock, never, async (line) => work(script, line)))
  } finally {
    over.abort(new Error('the test is over'))
    await listening
  }
}
const shake = async (mode: HandshakeOptions['mode'], prepare: (script: Script) => void, powered = true): Promise<{ markers: number; atMs: number; writes: Script['writes'] }> =>
  playing(async (script, line) => {
    prepare(script)
    const { markers } = await shakeHands({ line, mode, limitMs: 30_000, darkAfterMs: powered ? undefined : 1000, poweredSinceMs: () => (powered ? 0 : undefined) }, never)
    return { markers, atMs: script.clock.nowMs(), writes: [...script.writes] }
  })

describe('the handshake', () => {
  test.each([
    ['five markers', '20 20 20 20 20'],
    ['five markers after a wrong byte', '20 20 41 20 20 20 20 20'],
    ['zeros between the markers', '20 00 20 20 00 00 20 20'],
  ])('is made by %s', async (_, hex) => {
    expect(await shake('quiet', (script) => { script.say(5000, bytes(hex)) })).toMatchObject({ markers: 5, atMs: 5020 })
  })
  test.each([['four markers', '20 20 20 20'], ['interrupted ones', '20 20 20 20 41 20 20 20 20'], ['acknowledgements', 'aa aa aa aa aa aa']])('is not made by %s', async (_, hex) => {
    await expect(shake('quiet', (script) => { script.say(5000, bytes(hex)) })).rejects.toMatchObject({ code: 'device/no-answer' })
  })
  test('is not made by the blanks of a banner, and still by markers after it', async () => {
    await expect(shake('quiet', (script) => { script.say(5000, text('DRAM:      64 MiB\r\n')) })).rejects.toMatchObject({ code: 'device/no-answer' })
    expect(await shake('quiet', (script) => { script.say(5000, text('DRAM:      64 MiB\r\n')); script.say(9000, bytes('20 20 20 20 20')) })).toMatchObject({ atMs: 9020 })
  })
  test('quiet: writes one acknowledgement, after the markers and not before', async () => {
    const { writes } = await shake('quiet', (script) => { script.say(5000, bytes('20 20 20 20 20')) })
    expect(writes.map(({ atMs, bytes: written }) => [atMs, Buffer.from(written).toString('hex')])).toEqual([[5000, 'aa']])
  })
  test('quiet: floods after data and then a second of silence, stops at an echo, and writes no single acknowledgement then', async () => {
    const { writes } = await shake('quiet', (script) => {
      script.say(2000, text('camera: bye\r\n'))
      script.say(3500, bytes('aa'))
      script.say(6000, bytes('20 20 20 20 20'))
    })
    expect(writes.every(({ bytes: written }) => written.length === 64)).toBe(true)
    const times = writes.map(({ atMs }) => atMs)
    expect(times[0]).toBeGreaterThanOrEqual(3000)
    expect(times.filter((atMs) => atMs > 3501 && atMs < 4500)).toEqual([])
    expect(times.some((atMs) => atMs > 4500)).toBe(true)
  })
  test('flooding: bytes are on the line before the first marker comes', async () => {
    const { writes } = await shake('flooding', (script) => { script.say(400, bytes('20 20 20 20 20')) })
    expect(writes[0]?.atMs).toBe(0)
    expect(writes.every(({ bytes: written }) => written.length === 64)).toBe(true)
  })
  test('flooding: markers of the life that the switch is about to end do not count', async () => {
    const { atMs } = await shake('flooding', (script) => {
      for (let atMs = 0; atMs < 1000; atMs += 100) script.say(atMs, bytes('20 20 20 20 20'))
      script.say(4000, bytes('20 20 20 20 20'))
    }, false)
    expect(atMs).toBe(4020)
  })
  test('flooding: not into a system that still runs, but as soon as the line is silent, before power is known to be back', async () => {
    const { writes } = await shake('flooding', (script) => {
      for (let atMs = 0; atMs < 2000; atMs += 100) script.say(atMs, text('log line\r\n'))
      script.say(4000, bytes('20 20 20 20 20'))
    }, false)
    expect(writes[0]?.atMs).toBeGreaterThanOrEqual(2900)
    expect(writes[0]?.atMs).toBeLessThan(3200)
  })
})

describe('asked again after a step', () => {
  const again = async (...said: readonly (readonly [number, string])[]): Promise<readonly [number, number]> => playing(async (script, line) => {
    for (const [atMs, hex] of said) script.say(atMs, bytes(hex))
    await shakeHandsAgain(line, never)
    await script.clock.sleep(0, never)
    return [script.clock.nowMs(), script.writes.length]
  })
  test.each<readonly [string, readonly (readonly [number, string])[], readonly [number, number]]>([
    ['five markers are answered', [[50, '20 20 20 20 20']], [50, 1]],
    ['markers and then silence are answered', [[50, '20 20']], [250, 1]],
    ['silence is not', [], [200, 0]],
    ['line ends are passed over', [[50, '0d 0a 20 20 20 20 20']], [50, 1]],
    ['anything else ends it', [[50, '20 20 41']], [50, 0]],
  ])('%s', async (_, said, end) => { expect(await again(...said)).toEqual(end) })
  test('line ends without end do not hold it up for ever', async () => {
    const [ms, writes] = await again(...Array.from({ length: 100 }, (_, index) => [index * 100, '0a'] as const))
    expect(ms).toBe(5000)
    expect(writes).toBe(0)
  })
})

describe('sending a frame', () => {
  const send = async (options: StandardSendOptions, prepare: (script: Script) => void): Promise<{ outcome: string; attempts: number; noiseBytes: number; atMs: number }> =>
    playing(async (script, line) => {
      prepare(script)
      const result = await sendUntilAcked(line, bytes('ed 02 fd ba b0'), options, never)
      return { ...result, atMs: Math.round(script.clock.nowMs()) }
    })
  test('an acknowledgement behind sixteen wrong bytes counts, in the first attempt', async () => {
    expect(await send({ attempts: 16 }, (script) => { script.say(30, Uint8Array.of(...new Uint8Array(16).fill(0x33), 0xaa)) })).toEqual({ outcome: 'accepted', attempts: 1, noiseBytes: 16, atMs: 30 })
  })
  test('silence uses all attempts', async () => {
    expect(await send({ attempts: 16 }, () => undefined)).toMatchObject({ outcome: 'silent', attempts: 16, atMs: 2407 })
  })
  test('an acknowledgement at once counts at once', async () => {
    expect(await send({ attempts: 16 }, (script) => { script.say(1, bytes('aa')) })).toMatchObject({ outcome: 'accepted', attempts: 1, atMs: 1 })
  })
  test('what waited from before the write does not', async () => {
    const result = await playing(async (script, line) => {
      script.say(0, bytes('aa aa aa'))
      await script.clock.sleep(10, never)
      return sendUntilAcked(line, bytes('ed 02 fd ba b0'), { attempts: 2 }, never)
    })
    expect(result.outcome).toBe('silent')
  })
  test('five markers are a restart, where one is possible', async () => {
    expect(await send({ attempts: 16, watchRestart: true }, (script) => { script.say(30, bytes('20 20 20 20 20 aa')) })).toMatchObject({ outcome: 'restarted' })
    expect(await send({ attempts: 16 }, (script) => { script.say(30, bytes('20 20 20 20 20 aa')) })).toMatchObject({ outcome: 'accepted' })
  })
  test('text ends the attempts, where code takes over', async () => {
    expect(await send({ attempts: 16, watchText: true }, (script) => { script.say(30, text('U-Boot 2016.11 starts')) })).toMatchObject({ outcome: 'taken-over', attempts: 1 })
  })
})

describe('draining until silent', () => {
  const drain = async (said: readonly number[]): Promise<readonly [number, number]> => playing(async (script, line) => {
    for (const atMs of said) script.say(atMs, bytes('41'))
    const dropped = await drainUntilSilent(line, 500, 5000, never)
    return [dropped, script.clock.nowMs()]
  })
  test('an idle line takes the quiet time', async () => { expect(await drain([])).toEqual([0, 500]) })
  test('each byte starts it anew', async () => { expect(await drain([100, 400, 700])).toEqual([3, 1200]) })
  test('a line that never is silent takes the longest time', async () => { expect((await drain(Array.from({ length: 100 }, (_, index) => index * 100)))[1]).toBe(5000) })
})
