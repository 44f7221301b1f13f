import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReplayTransport } from '../../../src/main/core/capture/replayCapture.ts'
import { type CaptureEvent, recordTransport } from '../../../src/main/core/capture/recordTransport.ts'
import type { Capture, CaptureRecord } from '../../../src/main/protocols/dcap/frame.ts'
import { parseCapture } from '../../../src/main/protocols/dcap/parser.ts'
import { encodeCapture } from '../../../src/main/protocols/dcap/writer.ts'
import type { Transport } from '../../../src/shared/devices/transport.ts'
import { joinBytes } from '../../../src/shared/lifecycle/byteQueue.ts'
import { createAgentBench, denseImage } from '../../support/agentBench.ts'
import { createMemoryCable } from '../../support/memoryCable.ts'
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts'

const { signal } = new AbortController()
const text = (words: string): Uint8Array => new TextEncoder().encode(words)
const got = (timeMs: number, words: string): CaptureRecord => ({ timeUs: timeMs * 1000, direction: 'from-device', bytes: text(words) })
const sent = (timeMs: number, words: string): CaptureRecord => ({ timeUs: timeMs * 1000, direction: 'to-device', bytes: text(words) })
const captureOf = (...records: readonly CaptureRecord[]): Capture => ({ baudRate: 115_200, chip: 'hi3516ev300', isTimed: true, records })

/** Everything up to the end, each piece with the time at which it came. */
async function readAll(transport: Transport, clock: VirtualClock): Promise<string[]> {
  const seen: string[] = []
  for (let chunk = await transport.read(signal); chunk; chunk = await transport.read(signal)) seen.push(`${Math.round(clock.nowMs())} ${new TextDecoder().decode(chunk)}`)
  return seen
}

describe('replaying a capture', () => {
  const capture = captureOf(got(100, 'System'), sent(150, '\x03'), got(200, ' startup'), got(1_200, 'prompt'))

  test.each([[1, ['100 System', '200  startup', '1200 prompt']], [10, ['10 System', '20  startup', '120 prompt']], [Infinity, ['0 System startupprompt']]])('at speed %d', async (speed, expected) => {
    const clock = createVirtualClock()
    const transport = createReplayTransport({ capture, clock, speed })
    expect(await clock.run(readAll(transport, clock))).toEqual(expected)
    expect(await transport.read(signal)).toBeUndefined()
    expect(clock.sleepers()).toBe(0)
  })
  test('without times it comes at once, and times that run backwards do not stop it', async () => {
    const clock = createVirtualClock()
    expect(await clock.run(readAll(createReplayTransport({ capture: { ...capture, isTimed: false }, clock }), clock))).toEqual(['0 System startupprompt'])
    const backwards = captureOf(got(500, 'a'), got(100, 'b'), got(600, 'c'))
    expect(await clock.run(readAll(createReplayTransport({ capture: backwards, clock }), clock))).toEqual(['500 ab', '600 c'])
  })
  test('a slow reader gets what is due together, and is not late for the rest', async () => {
    const clock = createVirtualClock()
    const transport = createReplayTransport({ capture, clock })
    await clock.run((async () => {
      await transport.read(signal)
      await clock.sleep(500, signal)
      expect(await readAll(transport, clock)).toEqual(['600  startup', '1200 prompt'])
    })())
  })
  test('no byte is lost by a read that was given up', async () => {
    const clock = createVirtualClock()
    const transport = createReplayTransport({ capture, clock })
    await clock.run((async () => {
      const stop = new AbortController()
      const reading = transport.read(stop.signal)
      await clock.sleep(50, signal)
      stop.abort(new Error('enough'))
      await expect(reading).rejects.toThrow('enough')
      expect(await readAll(transport, clock)).toEqual(['100 System', '200  startup', '1200 prompt'])
    })())
    expect(clock.sleepers()).toBe(0)
  })
  test('it can be watched, not written to', async () => {
    const transport = createReplayTransport({ capture, clock: createVirtualClock() })
    await expect(transport.write(text('x'), signal)).rejects.toMatchObject({ code: 'input/not-supported' })
    expect(() => createReplayTransport({ capture, clock: createVirtualClock(), speed: 0 })).toThrow('above zero')
  })
  test('closing ends a waiting read', async () => {
    const clock = createVirtualClock()
    const transport = createReplayTransport({ capture, clock })
    const reading = transport.read(signal)
    await transport.close()
    await transport.close()
    expect(await reading).toBeUndefined()
    await expect(transport.write(text('x'), signal)).rejects.toMatchObject({ code: 'link/closed' })
    expect(clock.sleepers()).toBe(0)
  })
  test('dropping input drops what comes without a pause', async () => {
    const clock = createVirtualClock()
    const transport = createReplayTransport({ capture: captureOf(got(0, 'ab'), got(10, 'cd'), got(25, 'ef'), got(100, 'g')), clock })
    await clock.run((async () => {
      expect(await transport.discardInput(signal)).toBe(6)
      expect(await readAll(transport, clock)).toEqual(['100 g'])
    })())
  })
  test('compared writes: answers come after their questions, and another byte is an error', async () => {
    const clock = createVirtualClock()
    const transport = createReplayTransport({ capture: captureOf(got(10, '=> '), sent(20, 'help\r'), got(30, 'commands')), clock, writes: 'compared' })
    await clock.run((async () => {
      expect(await transport.read(signal)).toEqual(text('=> '))
      const answer = transport.read(signal)
      await clock.sleep(1_000, signal)
      await transport.write(text('he'), signal)
      await transport.write(text('lp\r'), signal)
      expect(await answer).toEqual(text('commands'))
      expect(clock.nowMs()).toBe(1_020)
      await expect(transport.write(text('x'), signal)).rejects.toMatchObject({ code: 'device/wrong-content', context: { offsetBytes: 5 } })
    })())
  })
  test('any capture comes out whole and in order at any speed', async () => {
    const record = fc.record({ timeUs: fc.nat(5_000_000), direction: fc.constantFrom('to-device' as const, 'from-device' as const), bytes: fc.uint8Array({ maxLength: 20 }) })
    await fc.assert(fc.asyncProperty(fc.array(record, { maxLength: 12 }), fc.constantFrom(0.5, 1, 7, Infinity), async (records, speed) => {
      const clock = createVirtualClock()
      const transport = createReplayTransport({ capture: captureOf(...records), clock, speed })
      const all: Uint8Array[] = []
      await clock.run((async () => {
        for (let chunk = await transport.read(signal); chunk; chunk = await transport.read(signal)) all.push(chunk)
      })())
      expect(joinBytes(all)).toEqual(joinBytes(records.filter(({ direction }) => direction === 'from-device').map(({ bytes }) => bytes)))
      expect(clock.sleepers()).toBe(0)
    }))
  })
})

describe('recording a line', () => {
  const recordsOf = (events: readonly CaptureEvent[]): CaptureRecord[] => events.flatMap((event) => (event.kind === 'bytes' ? [event.record] : []))

  test('both directions with their times; the recording is a copy', async () => {
    const clock = createVirtualClock()
    const { near, far } = createMemoryCable()
    const events: CaptureEvent[] = []
    const line = recordTransport(near, clock, (event) => { events.push(event) })
    await clock.run((async () => {
      const question = text('help')
      await line.write(question, signal)
      question.fill(0)
      await clock.sleep(12.5, signal)
      await far.write(text('commands'), signal)
      expect(await line.read(signal)).toEqual(text('commands'))
      await far.write(text('more'), signal)
      expect(await line.discardInput(signal)).toBe(4)
      await line.close()
      expect(await line.read(signal)).toBeUndefined()
    })())
    expect(events).toEqual([
      { kind: 'bytes', record: sent(0, 'help') }, { kind: 'bytes', record: got(12.5, 'commands') }, { kind: 'discarded', timeUs: 12_500, lengthBytes: 4 },
    ])
    expect(line.setBaudRate).toBeUndefined()
  })
  test('baud rate, modem lines and break are passed on where the line has them', async () => {
    const seen: string[] = []
    const { near } = createMemoryCable()
    const events: CaptureEvent[] = []
    const line = recordTransport({
      ...near,
      setBaudRate: async (baudRate) => { seen.push(`baud ${baudRate}`) },
      setLines: async (lines) => { seen.push(`lines ${JSON.stringify(lines)}`) },
      sendBreak: async (durationMs) => { seen.push(`break ${durationMs}`) },
    }, createVirtualClock(), (event) => { events.push(event) })
    await line.setBaudRate?.(921_600, signal)
    await line.setLines?.({ dtr: false }, signal)
    await line.sendBreak?.(250, signal)
    expect(seen).toEqual(['baud 921600', 'lines {"dtr":false}', 'break 250'])
    expect(events).toEqual([{ kind: 'baud-rate', timeUs: 0, baudRate: 921_600 }])
  })
  test('a session with a flash agent, saved, opened and played again, gives the same bytes to the same questions', async () => {
    const events: CaptureEvent[] = []
    const bench = createAgentBench({ wrap: (host, clock) => recordTransport(host, clock, (event) => { events.push(event) }) })
    bench.flash.cells.set(denseImage(bench.flash.cells.length))
    const first = await bench.run(async () => bench.client.readFlash(1_000, 5_000, signal))
    const file = encodeCapture({ ...captureOf(...recordsOf(events)), chip: 'agent' })
    const again = createAgentBench({ wrap: (_, clock) => createReplayTransport({ capture: parseCapture(file), clock, speed: Infinity, writes: 'compared' }) })
    expect((await again.run(async () => again.client.readFlash(1_000, 5_000, signal))).bytes).toEqual(first.bytes)
  })
})
