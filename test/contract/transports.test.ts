import { spawn, spawnSync } from 'node:child_process'
import { createServer as createHttpServer } from 'node:http'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSocketTransport } from '../../src/main/drivers/transports/socketTransport.ts'
import { openTransport } from '../../src/main/drivers/transports/openTransport.ts'
import { parseTransportUrl } from '../../src/main/drivers/transports/transportUrl.ts'
import { createBehaviours } from '../../src/main/sim/behaviours.ts'
import { type BridgeTcp, createBridgeTcp } from '../../src/main/sim/bridgeTcp.ts'
import { createMemoryConsole } from '../../src/main/sim/memoryFace.ts'
import { createPodBridge, type PodBridge } from '../../src/main/sim/podBridge.ts'
import { createRfc2217Door } from '../../src/main/sim/rfc2217Door.ts'
import { timingOf } from '../../src/main/sim/timing.ts'
import type { Transport } from '../../src/shared/devices/transport.ts'
import { createByteQueue, joinBytes } from '../../src/shared/lifecycle/byteQueue.ts'
import { farEndOfTransport, openPtyPair, serveSocket } from '../support/farEnds.ts'
import { createMemoryCable } from '../support/memoryCable.ts'
import { createRealClock } from '../support/realClock.ts'
import { openRfc2217StandIn, type Rfc2217StandInOptions } from '../support/rfc2217StandIn.ts'
import { createVirtualClock } from '../support/virtualClock.ts'
import { describeTransport, type OpenedLine } from './transport.contract.ts'

const realClock = createRealClock()
const openUrl = async (url: string): Promise<Transport> =>
  openTransport(parseTransportUrl(url), { clock: realClock, signal: AbortSignal.timeout(10_000) })

const overSocket = async (path: string | undefined, urlOf: (port: number) => string): Promise<OpenedLine> => {
  const server = await serveSocket(path)
  const transport = await openUrl(urlOf(server.port))
  return { transport, farEnd: await server.accepted(), dispose: server.close }
}

describeTransport('memory cable', async () => {
  const { near, far } = createMemoryCable()
  return { transport: near, farEnd: farEndOfTransport(far), dispose: async () => far.close() }
}, { closesInOrder: true, setsBaudRate: false })

describeTransport('tcp://', async () => overSocket(undefined, (port) => `tcp://127.0.0.1:${port}`), { closesInOrder: true, setsBaudRate: false })

describeTransport('socket:///', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-line-'))
  const path = join(folder, 'console')
  const line = await overSocket(path, () => `socket://${path}`)
  return { ...line, dispose: async () => { await line.dispose(); await rm(folder, { recursive: true }) } }
}, { closesInOrder: true, setsBaudRate: false })

/** Port 0 of the IPv6 loopback; machines without IPv6 are few, and say so. */
const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1') === true)
if (!hasIpv6) process.stderr.write('SKIPPED: tcp://[::1], because this machine has no IPv6\n')
if (hasIpv6) {
  describeTransport('tcp://[::1]', async () => {
    const server = await serveSocket(undefined, '::1')
    return { transport: await openUrl(`tcp://[::1]:${server.port}`), farEnd: await server.accepted(), dispose: server.close }
  }, { closesInOrder: true, setsBaudRate: false })
}

const openRfc2217 = async (options: Rfc2217StandInOptions): Promise<OpenedLine> => {
  const server = await openRfc2217StandIn(options)
  const transport = await openUrl(`rfc2217://127.0.0.1:${server.port}`)
  return { transport, farEnd: await server.farEnd(), dispose: server.close }
}
const rfc2217Traits = { closesInOrder: true, setsBaudRate: true, carriesLines: true }
describeTransport('rfc2217://', async () => openRfc2217({}), rfc2217Traits)
describeTransport('rfc2217:// with one byte in a packet, and no answer about the modem lines', async () => openRfc2217({ splitsPackets: true, confirmsControl: false }), rfc2217Traits)

const rates: string[] = []
const openRack = async (): Promise<OpenedLine> => {
  const bridge = await serveSocket()
  const api = createHttpServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => { rates.push(`${request.method ?? ''} ${request.url ?? ''} ${text}`) })
    request.on('end', () => { response.end('{}') })
  }).listen(0, '127.0.0.1')
  await once(api, 'listening')
  const transport = await openUrl(`rack://127.0.0.1:${bridge.port}?api=${(api.address() as AddressInfo).port}`)
  return { transport, farEnd: await bridge.accepted(), dispose: async () => { await bridge.close(); api.close() } }
}
describeTransport('rack://', openRack, { closesInOrder: true, setsBaudRate: true })

const hasSocat = spawnSync('socat', ['-V']).status === 0
if (!hasSocat && process.env['CI'] === 'true') throw new Error('socat is missing, and in CI no test is skipped: install socat')
if (!hasSocat) process.stderr.write('SKIPPED: serial ports on a pty pair, because socat is not installed (apt-get install socat)\n')

const openSerial = async (): Promise<OpenedLine> => {
  const pair = await openPtyPair()
  const transport = await openUrl(pair.near)
  const far = await openUrl(pair.far)
  return { transport, farEnd: farEndOfTransport(far, pair.kill), dispose: async () => { await far.close(); await pair.dispose() } }
}
if (hasSocat) describeTransport('serial port', openSerial, { closesInOrder: false, setsBaudRate: true, carriesLines: true })

describe('opening', () => {
  test('the rate of a rack line goes to its pod, as the pod wants it', async () => {
    const line = await openRack()
    rates.length = 0
    await line.transport.setBaudRate?.(921_600, AbortSignal.timeout(5000))
    expect(rates).toEqual(['POST /uart/baud {"rate":921600}'])
    await line.transport.close()
    await line.dispose()
  })

  test('nobody listens: link/unreachable with the address', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => { server.close(resolve) })
    await expect(openUrl(`tcp://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'link/unreachable', message: `tcp://127.0.0.1:${port} cannot be reached: nobody listens there (connection refused)`,
    })
    await expect(openUrl('socket:///nowhere/console')).rejects.toMatchObject({ code: 'link/unreachable' })
    await expect(openUrl('/dev/nowhere0')).rejects.toMatchObject({ code: 'link/unreachable', message: 'There is no port /dev/nowhere0' })
  })

  test('silence instead of a connection ends after 10 s', async () => {
    const clock = createVirtualClock()
    // A name server that never answers is a silence that can be had without a network.
    const place = { label: 'tcp://silent:9000', hint: '', connectedAt: 'connect' as const, connect: () => connect({ host: 'silent', port: 9000, lookup: () => undefined }) }
    const opening = openSocketTransport(place, clock, new AbortController().signal)
    const outcome = await clock.run(opening.then(() => 'opened', (error: unknown) => error), 20_000)
    expect(outcome).toMatchObject({ code: 'link/unreachable', message: 'tcp://silent:9000 cannot be reached: no answer within 10 s' })
    expect(clock.nowMs()).toBe(10_000)
  })

  test('a cancelled opening rejects with the reason', async () => {
    const reason = new Error('closed the window')
    await expect(openTransport(parseTransportUrl('tcp://127.0.0.1:9'), { clock: realClock, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('a far end that takes nothing: the write is not over before the bytes are handed over, and ends at its limit', async () => {
    const sockets: Socket[] = []
    const server = createServer((socket) => { sockets.push(socket.pause()); socket.on('error', () => undefined) }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const clock = createVirtualClock()
    const transport = await openTransport(parseTransportUrl(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`), { clock, signal: new AbortController().signal })
    const stuck = clock.run(transport.write(new Uint8Array(64 * 1024 * 1024), new AbortController().signal).then(() => 'written', (error: unknown) => error), 86_400_000)
    expect(await stuck).toMatchObject({ code: 'link/timeout' })
    await transport.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  test('a far end that resets is link/closed, never an orderly end', async () => {
    const server = createServer((socket) => { socket.on('data', () => { socket.resetAndDestroy() }) }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const transport = await openUrl(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)
    await transport.write(Uint8Array.of(1), AbortSignal.timeout(5000))
    await expect(transport.read(AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'link/closed' })
    await transport.close()
    server.close()
  })
})

describe.runIf(hasSocat)('a serial port', () => {
  test('that hangs up ends at once and burns no processor', async () => {
    const line = await openSerial()
    const waiting = line.transport.read(AbortSignal.timeout(5000)).then(() => 'end', (error: unknown) => error)
    await line.farEnd.close()
    const outcome = await waiting
    if (outcome !== 'end') expect(outcome).toMatchObject({ code: 'link/closed' })
    await line.transport.close()
    await line.dispose()
  })

  test('that this program holds already is named as such', async () => {
    const pair = await openPtyPair()
    const first = await openUrl(pair.near)
    // socat made the pair and has both ends open too.
    await expect(openUrl(pair.near)).rejects.toMatchObject({
      code: 'link/unreachable', message: expect.stringMatching(new RegExp(`^${pair.near} is in use by .*Rackbench itself \\(pid ${process.pid}\\)`)) as string,
    })
    await first.close()
    const again = await openUrl(pair.near)
    await again.close()
    await pair.dispose()
  })

  test('that another program holds is named with that program', async () => {
    const pair = await openPtyPair()
    const holder = spawn('flock', ['-o', pair.near, 'sh', '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'ignore'] })
    await once(holder.stdout, 'data')
    const refused = await openUrl(pair.near).catch((error: unknown) => error)
    holder.stdin.end()
    await once(holder, 'close')
    expect(refused).toMatchObject({
      code: 'link/unreachable', message: expect.stringContaining(`flock (pid ${holder.pid})`) as string, hint: 'Close the program that has this port open',
    })
    await (await openUrl(pair.near)).close()
    await pair.dispose()
  })

  test('takes odd rates, and refuses what is none', async () => {
    const line = await openSerial()
    for (const baudRate of [9_600, 250_000, 123_456, 3_000_000]) await line.transport.setBaudRate?.(baudRate, AbortSignal.timeout(5000))
    for (const baudRate of [0, -1, 115_200.5, Number.NaN, 2 ** 32]) {
      await expect(line.transport.setBaudRate?.(baudRate, AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'input/malformed' })
    }
    await line.transport.close()
    await line.dispose()
  })

  test('without modem lines says so', async () => {
    const line = await openSerial()
    await expect(line.transport.setLines?.({ dtr: true }, AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'input/not-supported' })
    await line.transport.close()
    await expect(line.transport.setLines?.({ dtr: true }, AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'link/closed' })
    await line.dispose()
  })

  test('that vanishes in the middle of a transfer is link/closed for the writer and the reader', async () => {
    const pair = await openPtyPair()
    const transport = await openUrl(pair.near)
    const reading = transport.read(AbortSignal.timeout(10_000)).catch((error: unknown) => error)
    // Nobody reads the far side, so the pair is full and the write is under way when the plug is pulled.
    const writing = transport.write(new Uint8Array(4 * 1024 * 1024), AbortSignal.timeout(10_000)).then(() => 'written', (error: unknown) => error)
    await realClock.sleep(50, AbortSignal.timeout(5000))
    await pair.kill()
    expect(await writing).toMatchObject({ code: 'link/closed' })
    expect(await reading).toMatchObject({ code: 'link/closed' })
    await expect(transport.write(Uint8Array.of(1), AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'link/closed' })
    await transport.close()
    await pair.dispose()
  })

  test('with a writer stuck in the kernel: the write ends at its limit, closing still works', async () => {
    const pair = await openPtyPair()
    const clock = createVirtualClock()
    // Opened on real time, written to on virtual time: the pair is full after some 100 KiB, and nobody reads the far side.
    const transport = await openTransport(parseTransportUrl(pair.near), { clock, signal: new AbortController().signal })
    const stuck = clock.run(transport.write(new Uint8Array(4 * 1024 * 1024), new AbortController().signal).then(() => 'written', (error: unknown) => error), 3_600_000)
    expect(await stuck).toMatchObject({ code: 'link/timeout' })
    await transport.close()
    await pair.dispose()
  })
})

/** A pod's bridge with a far end of our own instead of a camera. */
function simBridge() {
  const over = new AbortController()
  const fromHost = createByteQueue()
  const bridge = createPodBridge({
    clock: realClock, timing: timingOf('fast'), behaviours: createBehaviours(), random: () => 0.5, signal: over.signal, cameraBaudRate: () => 115_200, toCamera: (bytes) => { fromHost.push(bytes.slice()) },
  })
  const parts: Uint8Array[] = []
  const farEnd = {
    send: async (bytes: Uint8Array) => { bridge.fromCamera(bytes) },
    take: async (lengthBytes: number) => {
      while (parts.reduce((sum, part) => sum + part.length, 0) < lengthBytes) {
        const chunk = await fromHost.read(AbortSignal.timeout(10_000))
        if (!chunk) throw new Error('the bridge ended')
        parts.push(chunk)
      }
      return joinBytes(parts.splice(0))
    },
    // What is on its way is carried over first, as a pod does that stops in order.
    close: async () => { await realClock.sleep(20, AbortSignal.timeout(1000)); bridge.closeClient() },
  }
  return { bridge, farEnd, end: () => { over.abort(new Error('over')) } }
}

describeTransport('simulated bridge in memory', async () => {
  const { bridge, farEnd, end } = simBridge()
  const open = createMemoryConsole({ bridge, clock: realClock, timing: timingOf('fast'), label: 'memory://pod-1/uart' })
  return { transport: await open(AbortSignal.timeout(5000)), farEnd, dispose: async () => { end() } }
}, { closesInOrder: true, setsBaudRate: false })

const overDoor = async (createDoor: (bridge: PodBridge) => BridgeTcp, scheme: string): Promise<OpenedLine> => {
  const { bridge, farEnd, end } = simBridge()
  const { server, closeSockets } = createDoor(bridge)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const transport = await openUrl(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`)
  for (let turn = 0; turn < 1000 && !bridge.connected(); turn += 1) await new Promise((resolve) => { setImmediate(resolve) })
  return { transport, farEnd, dispose: async () => { end(); closeSockets(); server.close() } }
}
describeTransport('simulated bridge on loopback', async () => overDoor(createBridgeTcp, 'tcp'), { closesInOrder: true, setsBaudRate: false })
// The simulated camera stays at its rate, as a camera in Linux does: at another one its bytes are noise.
describeTransport('RFC 2217 port of a simulated pod', async () => overDoor(createRfc2217Door, 'rfc2217'), { ...rfc2217Traits, newBaudRate: 115_200 })
