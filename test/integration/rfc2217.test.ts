import { afterEach, describe, expect, test } from 'vitest'
import { openTransport } from '../../src/main/drivers/transports/openTransport.ts'
import { commandPort } from '../../src/main/drivers/transports/rfc2217Transport.ts'
import { parseTransportUrl } from '../../src/main/drivers/transports/transportUrl.ts'
import type { Transport } from '../../src/shared/devices/transport.ts'
import { createMemoryCable } from '../support/memoryCable.ts'
import { createRealClock } from '../support/realClock.ts'
import { openRfc2217StandIn, type Rfc2217StandIn, type Rfc2217StandInOptions } from '../support/rfc2217StandIn.ts'
import { createVirtualClock } from '../support/virtualClock.ts'

const realClock = createRealClock()
const limit = (): AbortSignal => AbortSignal.timeout(10_000)
const never = new AbortController().signal
const undo: (() => Promise<unknown>)[] = []
afterEach(async () => { for (let next = undo.pop(); next; next = undo.pop()) await next() })

async function serve(options: Rfc2217StandInOptions = {}): Promise<Rfc2217StandIn> {
  const server = await openRfc2217StandIn(options)
  undo.push(server.close)
  return server
}
const dial = async (server: Rfc2217StandIn): Promise<Transport> => {
  const transport = await openTransport(parseTransportUrl(`rfc2217://127.0.0.1:${server.port}`), { clock: realClock, signal: limit() })
  undo.push(transport.close)
  return transport
}
const connect = async (options: Rfc2217StandInOptions = {}): Promise<{ server: Rfc2217StandIn; transport: Transport }> => {
  const server = await serve(options)
  return { server, transport: await dial(server) }
}

/** The opening with a far end that is silent, on virtual time and without a socket. */
async function openOnCable(farBytes: Uint8Array) {
  const { near, far } = createMemoryCable()
  const clock = createVirtualClock()
  const opening = commandPort(near, clock, never).then((transport) => transport, (error: unknown) => error)
  if (farBytes.length > 0) await far.write(farBytes, never)
  return { outcome: await clock.run(opening, 60_000), clock, far }
}

/** An open port with a far end that says only what the test writes. */
async function openedCable() {
  const { near, far } = createMemoryCable()
  const clock = createVirtualClock()
  const opening = commandPort(near, clock, never)
  await far.write(Uint8Array.of(255, 253, 44, 255, 253, 0, 255, 251, 0), never)
  await clock.advance(10)
  const settings = [[102, 8], [103, 1], [104, 1]].flatMap(([command = 0, value = 0]) => [255, 250, 44, command, value, 255, 240])
  await far.write(Uint8Array.of(255, 250, 44, 101, 0, 1, 194, 0, 255, 240, ...settings), never)
  return { transport: await clock.run(opening), clock, near, far }
}

describe('opening an RFC 2217 port', () => {
  test('sets 115200 8N1 without flow control, and leaves the modem lines alone', async () => {
    const { server } = await connect()
    expect(server.state).toEqual({ baudRate: 115_200, dataSize: 8, parity: 1, stopSize: 1, flowControl: 1, isBreak: false, isDtrOn: false, isRtsOn: false })
    expect([...server.commands].sort()).toEqual(['1:115200', '2:8', '3:1', '4:1', '5:1'])
  })

  test('what the camera says meanwhile is there to be read', async () => {
    const server = await serve()
    const opening = dial(server)
    const farEnd = await server.farEnd()
    await farEnd.send(Uint8Array.of(0x55, 0xff, 0x0a))
    const transport = await opening
    expect(await transport.read(limit())).toEqual(Uint8Array.of(0x55, 0xff, 0x0a))
  })

  test('reading changes nothing at the port', async () => {
    const { server, transport } = await connect()
    const before = server.commands.length
    const farEnd = await server.farEnd()
    for (let round = 0; round < 20; round += 1) { await farEnd.send(Uint8Array.of(round)); await transport.read(limit()) }
    expect(server.commands.length).toBe(before)
  })

  test.each<[string, Rfc2217StandInOptions, string]>([
    ['refuses port commands', { refusesOption: (option) => option === 44 }, 'the far end refuses commands for its port'],
    ['refuses eight bits', { refusesOption: (option) => option === 0 }, 'the far end refuses 8-bit data from us'],
    ['keeps to another rate', { rateFor: () => 9_600 }, 'the far end keeps to 9600'],
    ['insists on flow control', { flowControlFor: () => 2 }, 'the far end insists on flow control'],
  ])('a server that %s is not used, and is let go', async (_, options, why) => {
    const server = await serve(options)
    await expect(dial(server)).rejects.toMatchObject({ code: 'link/unreachable', message: expect.stringContaining(why) as string })
    await expect.poll(() => server.clients).toBe(0)
  })

  test('a server without "go ahead" to suppress will do', async () => {
    const { transport, server } = await connect({ refusesOption: (option) => option === 3 })
    await transport.write(Uint8Array.of(255, 1), limit())
    expect(await (await server.farEnd()).take(2)).toEqual(Uint8Array.of(255, 1))
  })

  test('a port that another program holds is not used', async () => {
    const { server } = await connect()
    await expect(dial(server)).rejects.toMatchObject({ code: 'link/unreachable' })
    expect(server.refusedClients).toBe(1)
  })

  test('a raw bridge never agrees: the opening ends after 5 s and says what to do', async () => {
    const { outcome, clock, far } = await openOnCable(new TextEncoder().encode('U-Boot 2016.11\r\n'))
    expect(outcome).toMatchObject({
      code: 'link/unreachable', message: expect.stringContaining('no agreement on eight bits and port commands within 5 s') as string,
      hint: expect.stringContaining('tcp://host:port') as string,
    })
    expect(clock.nowMs()).toBe(5_000)
    // Let go: what waits in the cable is our question, and then it ends.
    await far.read(limit())
    expect(await far.read(limit())).toBeUndefined()
  })

  test('a server that agrees but confirms no rate is not used', async () => {
    const agreed = Uint8Array.of(255, 253, 44, 255, 253, 0, 255, 251, 0, 255, 250, 44, 102, 8, 255, 240)
    const { outcome } = await openOnCable(agreed)
    expect(outcome).toMatchObject({ code: 'link/unreachable', message: expect.stringContaining('no answer about the rate') as string })
  })

  test('a far end that is no telnet is told as such', async () => {
    const { outcome } = await openOnCable(Uint8Array.of(1, 255, 3))
    expect(outcome).toMatchObject({ code: 'link/unreachable', message: expect.stringContaining('255 before 3 is no telnet command') as string })
  })

  test('a cancelled opening lets the port go', async () => {
    const server = await serve({ isSilent: true })
    const cancel = new AbortController()
    const reason = new Error('changed my mind')
    const opening = openTransport(parseTransportUrl(`rfc2217://127.0.0.1:${server.port}`), { clock: realClock, signal: cancel.signal }).catch((error: unknown) => error)
    await server.farEnd()
    cancel.abort(reason)
    expect(await opening).toBe(reason)
    await expect.poll(() => server.clients).toBe(0)
  })
})

describe('an open RFC 2217 port', () => {
  test('a rate counts when the server has confirmed it', async () => {
    const { server, transport } = await connect({ splitsPackets: true })
    await transport.setBaudRate?.(921_600, limit())
    expect(server.state.baudRate).toBe(921_600)
    // 0x00ff01ff: two bytes of it are doubled on the wire, there and back.
    await transport.setBaudRate?.(10_682_879, limit())
    expect(server.state.baudRate).toBe(10_682_879)
  })

  test('a rate that the server does not take is an error, and the line goes on', async () => {
    const { server, transport } = await connect({ rateFor: (wanted, present) => (wanted > 115_200 ? present : wanted) })
    await expect(transport.setBaudRate?.(921_600, limit())).rejects.toMatchObject({ code: 'input/not-supported', context: { wanted: 921_600, kept: 115_200 } })
    await transport.write(Uint8Array.of(7), limit())
    expect(await (await server.farEnd()).take(1)).toEqual(Uint8Array.of(7))
    await transport.setBaudRate?.(57_600, limit())
  })

  test('a rate without an answer is an error after 5 s', async () => {
    const { transport, clock } = await openedCable()
    const from = clock.nowMs()
    await expect(clock.run(transport.setBaudRate?.(9_600, never) ?? Promise.resolve())).rejects.toMatchObject({ code: 'link/timeout' })
    expect(clock.nowMs() - from).toBe(5_000)
    await transport.close()
  })

  test('a far end that takes nothing: the write ends at its limit as link/timeout', async () => {
    const server = await serve()
    const clock = createVirtualClock()
    // Opened on real time, written to on virtual time: nobody moves the clock until then.
    const transport = await openTransport(parseTransportUrl(`rfc2217://127.0.0.1:${server.port}`), { clock, signal: limit() })
    undo.push(transport.close)
    server.stopReading()
    await expect(clock.run(transport.write(new Uint8Array(32 * 1024 * 1024), never), 86_400_000)).rejects.toMatchObject({ code: 'link/timeout' })
  })

  test.each([0, -1, 1.5, Number.NaN, 2 ** 32])('%d baud is refused before anything is sent', async (baudRate) => {
    const { server, transport } = await connect()
    const before = server.commands.length
    await expect(transport.setBaudRate?.(baudRate, limit())).rejects.toMatchObject({ code: 'input/malformed' })
    expect(server.commands.length).toBe(before)
  })

  test('lines fall DTR first and rise DTR last; one that is left out stays', async () => {
    const { server, transport } = await connect({ confirmsControl: false })
    await transport.setLines?.({ dtr: false, rts: false }, limit())
    await transport.setLines?.({ dtr: true, rts: true }, limit())
    await transport.setLines?.({ rts: false }, limit())
    await server.took('5:8')
    await transport.setBaudRate?.(115_200, limit())
    expect(server.commands.slice(5)).toEqual(['5:9', '5:12', '5:11', '5:8', '5:12', '1:115200'])
    expect(server.state).toMatchObject({ isDtrOn: true, isRtsOn: false })
  })

  test('a break ends, also when it is cancelled', async () => {
    const { server, transport } = await connect()
    await transport.sendBreak?.(5, limit())
    await server.took('5:6')
    const cancel = new AbortController()
    const breaking = transport.sendBreak?.(9_000, cancel.signal).catch((error: unknown) => error)
    await expect.poll(() => server.state.isBreak).toBe(true)
    const reason = new Error('changed my mind')
    cancel.abort(reason)
    expect(await breaking).toBe(reason)
    await expect.poll(() => server.state.isBreak).toBe(false)
  })

  test('a connection that breaks is link/closed for whoever waits', async () => {
    const { server, transport } = await connect({ rateFor: (wanted) => (wanted === 9_600 ? undefined : wanted) })
    const reading = transport.read(limit()).catch((error: unknown) => error)
    const setting = transport.setBaudRate?.(9_600, limit()).catch((error: unknown) => error)
    await server.farEnd()
    server.dropConnection()
    expect(await reading).toMatchObject({ code: 'link/closed' })
    expect(await setting).toMatchObject({ code: 'link/closed' })
    await expect(transport.setLines?.({ dtr: true }, limit())).rejects.toMatchObject({ code: 'link/closed' })
    await expect(transport.write(Uint8Array.of(1), limit())).rejects.toMatchObject({ code: 'link/closed' })
  })

  test.each([
    ['takes back eight bits', Uint8Array.of(255, 252, 0), 'took back 8-bit data to us'],
    ['does not double its 255s', Uint8Array.of(65, 255, 65), 'does not keep to telnet'],
    ['never ends a subnegotiation', Uint8Array.from([255, 250, ...new Uint8Array(1_100)]), 'longer than 1024 bytes'],
  ])('a server that %s is left at once: nobody knows what is data any more', async (_, bytes, why) => {
    const { server, transport } = await connect()
    const reading = (async () => { for (;;) if (!await transport.read(limit())) return 'end' })().catch((error: unknown) => error)
    await server.farEnd()
    server.sendRaw(bytes)
    expect(await reading).toMatchObject({ code: 'link/closed', message: expect.stringContaining(why) as string })
    await expect.poll(() => server.clients).toBe(0)
  })

  test('an offer that nobody wished for is declined, once', async () => {
    const { transport, clock, far } = await openedCable()
    await far.discardInput(never)
    for (let round = 0; round < 5; round += 1) { await far.write(Uint8Array.of(255, 251, 1), never); await clock.advance(1) }
    expect(await far.read(limit())).toEqual(Uint8Array.of(255, 254, 1))
    await transport.close()
  })

  test('offers and questions of other options do not get between the data', async () => {
    const { server, transport } = await connect()
    for (let round = 0; round < 50; round += 1) server.sendRaw(Uint8Array.of(255, 251, 1, 255, 253, 24, 255, 250, 24, 1, 255, 240, 255, 246))
    const farEnd = await server.farEnd()
    await farEnd.send(Uint8Array.of(1, 255, 2))
    expect(await transport.read(limit())).toEqual(Uint8Array.of(1, 255, 2))
  })

  test('a reader who went away costs a bounded amount: the line is read no further', async () => {
    const { transport, clock, near, far } = await openedCable()
    for (let count = 0; count < 64; count += 1) { await far.write(new Uint8Array(65_536), never); await clock.advance(1) }
    const left = await near.discardInput(never)
    expect(left).toBeGreaterThan(2 * 1024 * 1024)
    let got = 0
    while (got < 64 * 65_536 - left) got += (await transport.read(limit()))?.length ?? Infinity
    await far.write(Uint8Array.of(7), never)
    expect(await transport.read(limit())).toEqual(Uint8Array.of(7))
    await transport.close()
  })

  test('a reader who went away stops the far end, and everything is there when he is back', async () => {
    const { server, transport } = await connect()
    const farEnd = await server.farEnd()
    const sent = Uint8Array.from({ length: 2 * 1024 * 1024 }, (_, index) => (index * 7 + (index >> 9)) & 0xff)
    await farEnd.send(sent)
    await realClock.sleep(50, limit())
    let got = 0
    while (got < sent.length) {
      const chunk = await transport.read(limit())
      if (!chunk) throw new Error('ended')
      if (Buffer.compare(chunk, sent.subarray(got, got + chunk.length)) !== 0) throw new Error(`differs after ${got} bytes`)
      got += chunk.length
    }
    expect(got).toBe(sent.length)
  })
})

describe('a bridge that has the camera\'s power', () => {
  test('powers it while a client is connected, and pulses it when both lines fall and rise', async () => {
    const clock = createVirtualClock()
    const power: string[] = []
    const server = await serve({ vectis: { clock, onPower: (isOn) => power.push(isOn ? 'on' : 'off'), onPulse: (offMs) => power.push(`pulse of ${offMs} ms`) } })
    expect(server.isPowered).toBe(false)
    const transport = await dial(server)
    expect(server.isPowered).toBe(true)
    await transport.setLines?.({ dtr: false, rts: false }, limit())
    await server.took('5:12')
    await clock.advance(250)
    await transport.setLines?.({ rts: true, dtr: true }, limit())
    await server.took('5:8')
    await transport.close()
    await expect.poll(() => server.isPowered).toBe(false)
    expect(power).toEqual(['on', 'pulse of 250 ms', 'off'])
    expect(server.pulsesMs).toEqual([250])
  })
})
