import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HttpPod {
  readonly baseUrl: string
  readonly requests: { method: string; path: string; headers: Readonly<Record<string, string | string[] | undefined>>; bodyBytes: number; body: Buffer }[]
  /** Answers instead of the pod when it gives true. */
  override: (request: IncomingMessage, response: ServerResponse, body: () => Promise<Buffer>) => boolean
  readonly openSockets: () => number
  readonly close: () => Promise<void>
}

/** A pod as its wire facts say, and nothing behind it. */
export async function serveHttpPod(): Promise<HttpPod> {
  const files = new Map<string, number>()
  const totalBytes = 8160 * 1024
  const used = (but?: string): number => [...files].reduce((sum, [name, size]) => sum + (name === but ? 0 : size), 0)
  const bodyOf = async (request: IncomingMessage): Promise<Buffer> => Buffer.concat(await request.toArray() as Buffer[])
  const server = createServer((request, response) => {
    const once = lazily(async () => bodyOf(request))
    if (pod.override(request, response, once)) return
    void once().then((body) => {
      pod.requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, bodyBytes: body.length, body })
      const [status, answer] = reply(request.method ?? '', decodeURIComponent(request.url ?? ''), body)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    }, () => undefined)
  })
  const reply = (method: string, path: string, body: Buffer): [number, unknown] => {
    const name = path.slice('/tftp/'.length)
    if (method === 'POST' && /^\/power\/(on|off|cycle)$/.test(path)) return [200, {}]
    if (method === 'POST' && path === '/uart/baud') return [200, {}]
    if (method === 'POST' && path === '/fastboot') {
      return body.length < 26
        ? [500, { success: false, last_phase: 'prestep0', failed_phase: 'prestep0', error: 'PRESTEP0 HEAD', elapsed_ms: 214, handshake_markers: 5 }]
        : [200, { success: true, last_phase: 'done', elapsed_ms: 4521, handshake_markers: 7 }]
    }
    if (method === 'GET' && path === '/tftp') {
      const free = totalBytes - used()
      return [200, { files: [...files].map(([file, size]) => ({ name: file, size, reads: 0 })), max_size_bytes: 8388608, max_slots: 4, psram_free_bytes: free, psram_largest_free_block: free }]
    }
    if (method === 'DELETE' && path === '/tftp') { files.clear(); return [200, { ok: true }] }
    if (method === 'DELETE' && path.startsWith('/tftp/')) return files.delete(name) ? [200, { ok: true }] : [404, { error: 'no such file' }]
    if (method === 'POST' && path.startsWith('/tftp/')) {
      if (!files.has(name) && files.size === 4) return [507, { error: 'no slot' }]
      const free = totalBytes - used(name)
      if (body.length > free) return [503, { error: 'oom', requested: body.length, psram_largest_free: free }]
      files.set(name, body.length)
      return [200, { name, size: body.length }]
    }
    return [404, { error: 'unknown' }]
  }
  const sockets = new Set<unknown>()
  server.on('connection', (socket) => { sockets.add(socket); socket.on('close', () => sockets.delete(socket)).on('error', () => undefined) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const pod: HttpPod = {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    override: () => false,
    openSockets: () => sockets.size,
    close: async () => { server.closeAllConnections(); await new Promise<void>((resolve) => { server.close(() => { resolve() }) }) },
  }
  return pod
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return async () => (made ??= make())
}
