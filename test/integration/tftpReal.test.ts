import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import tftp from 'node-tftp'
import { afterEach, describe, expect, test } from 'vitest'
import { checkTftpReachable } from '../../src/main/drivers/tftp/selfCheck.ts'
import { openTftpServer } from '../../src/main/drivers/tftp/tftpServer.ts'
import type { TftpServer, TftpServerOptions } from '../../src/main/drivers/tftp/tftpTypes.ts'
import { createUdpNetwork } from '../../src/main/drivers/tftp/udpNetwork.ts'
import { Cancelled } from '../../src/shared/errors/workbenchError.ts'
import { createRealClock } from '../support/realClock.ts'

const clock = createRealClock()
const closers: (() => Promise<void>)[] = []
afterEach(async () => { for (const close of closers.splice(0).reverse()) await close() })

async function serve(options: Partial<TftpServerOptions> = {}): Promise<TftpServer> {
  const server = await openTftpServer({ network: createUdpNetwork(), address: '127.0.0.1', port: 0, clock, ...options })
  closers.push(async () => server.close())
  return server
}
/** Something else on a UDP port of loopback. */
async function answerWith(answer: (request: Buffer) => Uint8Array | undefined): Promise<number> {
  const socket = createSocket('udp4')
  socket.on('message', (request, from) => { const bytes = answer(request); if (bytes) socket.send(bytes, from.port, from.address) })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  closers.push(async () => { const closed = once(socket, 'close'); socket.close(); await closed })
  return socket.address().port
}
const image = (lengthBytes: number): Uint8Array => Uint8Array.from({ length: lengthBytes }, (_, at) => (at * 31 + (at >> 8) * 7) & 0xff)
const clientOf = (port: number, more = {}) => tftp.createClient({ host: '127.0.0.1', port, ...more })
async function get(port: number, name: string, more = {}): Promise<Buffer> {
  const parts: Buffer[] = []
  const stream = clientOf(port, more).createGetStream(name)
  // It says `close` before `end`, which pipelines and loops take for a failure.
  return new Promise((resolve, reject) => {
    stream.on('data', (part: Buffer) => { parts.push(part) }).on('end', () => { resolve(Buffer.concat(parts)) }).on('error', reject)
  })
}

describe.each(['listening-port', 'fresh-port'] as const)('node-tftp, answered from the %s', (answerFrom) => {
  test.each([1, 511, 512, 1_468, 1_468 * 4, 100_000])('fetches %i bytes', async (lengthBytes) => {
    const server = await serve({ answerFrom })
    server.offer('file', image(lengthBytes))
    expect(Buffer.compare(await get(server.port, 'file'), image(lengthBytes))).toBe(0)
    expect(Buffer.compare(await get(server.port, 'file', { blockSize: 512, windowSize: 1 }), image(lengthBytes))).toBe(0)
  })
  test.each([1, 512, 1_468 * 4, 50_000])('puts %i bytes into a slot', async (lengthBytes) => {
    const server = await serve({ answerFrom })
    const slot = server.openUpload('dump', 100_000)
    const stream = clientOf(server.port).createPutStream('dump', { size: lengthBytes })
    stream.on('error', () => undefined)
    stream.end(image(lengthBytes))
    expect(Buffer.compare(await slot.bytes, image(lengthBytes))).toBe(0)
    await once(stream, 'finish')
  })
  test('hears that there is no such file', async () => {
    const server = await serve({ answerFrom })
    await expect(get(server.port, 'nothing')).rejects.toThrow('File not found')
  })
})

describe('ports', () => {
  test('a port that is taken is host/port-in-use', async () => {
    const server = await serve()
    await expect(serve({ port: server.port })).rejects.toMatchObject({ code: 'host/port-in-use', context: { port: server.port } })
  })
  test('an address this computer does not have is said so', async () => {
    await expect(serve({ address: '192.0.2.77' })).rejects.toMatchObject({ code: 'input/not-found' })
  })
  test('a server that was closed gives its port back, and closing twice is fine', async () => {
    const first = await serve()
    await first.close()
    await first.close()
    expect((await serve({ port: first.port })).port).toBe(first.port)
  })
})

describe('the self-check', () => {
  const signal = new AbortController().signal
  test('finds our server and leaves no file behind', async () => {
    const server = await serve()
    expect(await checkTftpReachable({ server, address: '127.0.0.1', clock, signal })).toMatchObject({ ok: true })
    expect(server.activeTransfers()).toBe(0)
  })
  test('silence ends at the limit, with a hint', async () => {
    const server = await serve()
    const port = await answerWith(() => undefined)
    expect(await checkTftpReachable({ server, address: '127.0.0.1', port, clock, signal, limitMs: 300 })).toMatchObject({ ok: false, reason: expect.stringContaining('300 ms') as string, hint: expect.stringContaining('firewall') as string })
  })
  test.each([
    ['refuses', () => Buffer.from('\0\x05\0\x01File not found\0')],
    ['sends noise', () => Buffer.from('hello')],
    ['sends one byte', () => Buffer.from('x')],
    ['sends an OACK nobody asked for', () => Buffer.from('\0\x06multicast\x001\0')],
    ['serves another file', () => Buffer.from('\0\x03\0\x01something else')],
    ['sends without end', (request: Buffer) => (request[1] === 1 ? Buffer.concat([Buffer.from('\0\x03\0\x01'), Buffer.alloc(512)]) : Buffer.concat([Buffer.from([0, 3, request[2] ?? 0, (request[3] ?? 0) + 1]), Buffer.alloc(512)]))],
  ])('a server that %s is not ours', async (_what, answer) => {
    const server = await serve()
    const port = await answerWith(answer)
    expect(await checkTftpReachable({ server, address: '127.0.0.1', port, clock, signal, limitMs: 2_000 })).toMatchObject({ ok: false })
  })
  test('a name instead of an address is refused without a look-up', async () => {
    expect(await checkTftpReachable({ server: await serve(), address: 'rack.local', clock, signal })).toMatchObject({ ok: false, reason: 'rack.local is no IP address' })
  })
  test('a cancel ends it with the reason', async () => {
    const server = await serve()
    const port = await answerWith(() => undefined)
    const cancel = new AbortController()
    const checking = checkTftpReachable({ server, address: '127.0.0.1', port, clock, signal: cancel.signal })
    cancel.abort(new Cancelled('by the user'))
    await expect(checking).rejects.toBeInstanceOf(Cancelled)
  })
})
