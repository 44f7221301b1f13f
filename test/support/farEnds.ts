import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Transport } from '../../src/shared/devices/transport.ts'
import { createByteQueue, joinBytes } from '../../src/shared/lifecycle/byteQueue.ts'
import type { FarEnd } from '../contract/transport.contract.ts'

const limit = (): AbortSignal => AbortSignal.timeout(10_000)

export interface SocketServer {
  readonly port: number
  readonly accepted: () => Promise<FarEnd>
  readonly close: () => Promise<void>
}

/** One that accepts a single client, like a pod's bridge. Port 0, or a path. */
export async function serveSocket(path?: string, host = '127.0.0.1'): Promise<SocketServer> {
  const sockets: Socket[] = []
  const server = createServer((socket) => { sockets.push(socket); socket.on('error', () => undefined) })
  if (path === undefined) server.listen(0, host)
  else server.listen(path)
  await once(server, 'listening')
  return {
    port: path === undefined ? (server.address() as AddressInfo).port : 0,
    accepted: async () => {
      if (sockets.length === 0) await once(server, 'connection', { signal: limit() })
      const [socket] = sockets
      if (!socket) throw new Error('nobody connected')
      return farEndOfSocket(socket)
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => { server.close(() => { resolve() }) })
    },
  }
}

function farEndOfSocket(socket: Socket): FarEnd {
  const queue = createByteQueue()
  socket.on('data', queue.push)
  return {
    send: async (bytes) => new Promise<void>((resolve, reject) => { socket.write(bytes, (error) => { if (error) reject(error); else resolve() }) }),
    take: async (lengthBytes) => takeFrom(async () => queue.read(limit()), lengthBytes),
    close: async () => { socket.end() },
  }
}

export function farEndOfTransport(transport: Transport, pullPlug?: () => Promise<void>): FarEnd {
  return {
    send: async (bytes) => transport.write(bytes, limit()),
    take: async (lengthBytes) => takeFrom(async () => transport.read(limit()), lengthBytes),
    close: pullPlug ?? (async () => transport.close()),
  }
}

async function takeFrom(read: () => Promise<Uint8Array | undefined>, lengthBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (let got = 0; got < lengthBytes;) {
    const chunk = await read()
    if (!chunk) throw new Error(`the far end got ${got} of ${lengthBytes} bytes`)
    parts.push(chunk)
    got += chunk.length
  }
  return joinBytes(parts)
}

export interface PtyPair {
  readonly near: string
  readonly far: string
  /** Both ends hang up. */
  readonly kill: () => Promise<void>
  readonly dispose: () => Promise<void>
}

export async function openPtyPair(): Promise<PtyPair> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-pty-'))
  const [near, far] = [join(folder, 'near'), join(folder, 'far')]
  const socat = spawn('socat', ['-b65536', `pty,raw,echo=0,link=${near}`, `pty,raw,echo=0,link=${far}`], { stdio: 'ignore' })
  const ended = once(socat, 'exit')
  const kill = async (): Promise<void> => { socat.kill('SIGKILL'); await ended }
  // The links appear when socat is ready; nothing announces them.
  for (let attempt = 0; ; attempt += 1) {
    if (await Promise.all([stat(near), stat(far)]).then(() => true, () => false)) break
    if (attempt === 200) { await kill(); throw new Error('socat made no pty pair') }
    await wait(25)
  }
  return { near, far, kill, dispose: async () => { await kill(); await rm(folder, { recursive: true, force: true }) } }
}
